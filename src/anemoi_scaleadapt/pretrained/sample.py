"""The sample of real rain that ships: the wettest twelve hours of 19 and 20 May 2018 in RADKLIM, and those round them.

``sample.nc`` is made by :func:`make` from what ``anemoi-scaleadapt rain radklim --to rain`` writes::

    python -m anemoi_scaleadapt.pretrained.sample rain/radklim-2018-05-1h.nc sample.nc

It holds ``rain`` (1 km, hourly), packed as whole numbers: RADKLIM's rain is in hundredths of a millimetre, so nothing
is lost. Coarse rain of any pair is made from it.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.files import whole
from anemoi_scaleadapt.hours import HOUR

PATH = Path(__file__).with_name("sample.nc")
EPOCH = np.datetime64("2018-05-01")
#: first and last hour (ends) of the two days
PERIOD = ("2018-05-19T01:00", "2018-05-21T00:00")
#: hours that are drawn, and hours before and after them
HOURS, ROUND = 12, 12
#: step of the packed rain, mm h-1, and of the packed coordinates, degrees
RAIN_STEP, DEGREE_STEP = 0.01, 1e-4


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


def _packed(dims: tuple[str, ...], values: np.ndarray, step: float, attributes: dict) -> tuple:
    """A packed variable of xarray: whole numbers of `step`."""
    return dims, values.astype("int32"), {**attributes, "scale_factor": step}


def wettest(mean: np.ndarray) -> int:
    """Number of the first of the HOURS wettest hours in a row, among those with ROUND hours on both sides."""
    totals = np.convolve(mean, np.ones(HOURS), "valid")
    return ROUND + int(np.argmax(totals[ROUND : len(mean) - ROUND - HOURS + 1]))


def make(source: Path, target: Path) -> None:
    """Write the sample.

    Parameters
    ----------
    source : Path
        ``radklim-2018-05-1h.nc``.
    target : Path
        NetCDF file to write.

    Raises
    ------
    ScaleAdaptError
        If the source is another file, or lacks hours of the two days.
    """
    import xarray as xr

    from anemoi_scaleadapt.datasets import radklim

    try:
        with xr.open_dataset(source, engine="netcdf4") as data:
            data = data.sel(time=slice(*PERIOD)).load()
    except (OSError, KeyError, ValueError) as error:
        raise ScaleAdaptError(f"{source} cannot be read ({error}); make it with `rain radklim`.") from error
    hours = data["rain"].shape[0] if "rain" in data else 0
    if hours != 48:
        raise ScaleAdaptError(
            f"{source} has {hours} hours of {PERIOD[0]} to {PERIOD[1]}; 48 are needed: make it with `rain radklim`."
        )
    fine = np.rint(data["rain"].values.astype("float64") / RAIN_STEP).astype("int64")
    first = wettest(fine.mean(axis=(1, 2)))
    chosen = slice(first - ROUND, first + HOURS + ROUND)
    hourly = (data["time"].values[chosen] - EPOCH) // np.timedelta64(1, "h")
    dates = {**data["time"].attrs, "units": "hours since 2018-05-01", "calendar": "standard"}
    places = {}
    for name in ("latitude", "longitude"):
        steps = np.rint(data[name].values / DEGREE_STEP)
        places[name] = _packed(("y", "x"), steps, DEGREE_STEP, data[name].attrs)
    out = xr.Dataset(
        {
            "rain": _packed(("time", "y", "x"), fine[chosen], RAIN_STEP, dict(data["rain"].attrs)),
            **places,
            "time": ("time", hourly.astype("int32"), dates),
        },
        attrs={
            "Conventions": "CF-1.8",
            "title": "Wettest twelve hours of 19 and 20 May 2018 in RADKLIM-YW, and twelve before and after them",
            "institution": "Deutscher Wetterdienst (DWD)",
            "licence": radklim.LICENCE,
            "attribution": radklim.ATTRIBUTION,
            "comment": data.attrs.get("comment", ""),
        },
    )
    squeeze = {"zlib": True, "complevel": 9, "shuffle": True}
    encoding = {name: squeeze for name in ("rain", "latitude", "longitude")}
    with whole(target) as part:
        out.to_netcdf(part, engine="netcdf4", encoding=encoding)


def load_sample(path: Path = PATH) -> Sample:
    """Read the sample that ships, or another that :func:`make` wrote."""
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


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
