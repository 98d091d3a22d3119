"""The sample of real rain that ships: the wettest twelve hours of 19 and 20 May 2018 in RADKLIM, and those round them.

``sample.nc`` is made by ``benchmarks/sample.py`` from what ``anemoi-scaleadapt rain radklim`` writes. Coarse rain of
any pair is made from it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR

PATH = Path(__file__).with_name("sample.nc")
#: hours that are drawn, and hours before and after them
HOURS, ROUND = 12, 12


@dataclass(frozen=True)
class Sample:
    """Real rain, hour by hour.

    Attributes
    ----------
    times, rain : ndarray
        Ends of the hours, datetime64[s], and their rain (hours, y, x), mm h-1.
    latitude, longitude : ndarray
        Degrees, (y, x).
    attributes : dict
        Of the file: ``licence``, ``attribution`` ...
    """

    times: np.ndarray
    rain: np.ndarray
    latitude: np.ndarray
    longitude: np.ndarray
    attributes: dict[str, Any]

    def cut(self, space: int) -> "Sample":
        """The sample without the rows and columns at its end that are no whole coarse cell of s pixels."""
        height, width = (n // space * space for n in self.rain.shape[1:])
        latitude, longitude = (a[:height, :width] for a in (self.latitude, self.longitude))
        return Sample(self.times, self.rain[:, :height, :width], latitude, longitude, self.attributes)

    def frames(self, space: int, time: int) -> tuple[np.ndarray, int, int]:
        """Coarse frames, (before + k + after, y / s, x / s), and how many before and after are context only.

        The drawn hours begin ROUND hours after the first one; there are HOURS of them, less where t does not divide
        that.
        """
        before, drawn = ROUND // time, HOURS // time
        after = (len(self.rain) - ROUND - drawn * time) // time
        first = ROUND - before * time
        hours = self.rain[first : first + (before + drawn + after) * time]
        blocks = hours.reshape(-1, time, hours.shape[1] // space, space, hours.shape[2] // space, space)
        return blocks.mean(axis=(1, 3, 5), dtype="float64"), before, after


def load_sample(path: Path = PATH) -> Sample:
    """Read the sample that ships, or another like it."""
    import xarray as xr

    try:
        with xr.open_dataset(path, engine="netcdf4") as data:
            data.load()
    except OSError as error:
        raise ScaleAdaptError(f"{path} cannot be read ({error}): install the package again.") from error
    return Sample(
        times=data["time"].values.astype("datetime64[s]"),
        rain=data["rain"].values.astype("float32"),
        latitude=data["latitude"].values.astype("float64"),
        longitude=data["longitude"].values.astype("float64"),
        attributes=dict(data.attrs),
    )


def start_of(sample: Sample) -> np.datetime64:
    """Start of the first hour that is drawn, UTC."""
    return sample.times[ROUND] - HOUR
