"""The sample of real rain that ships: the wettest three hours of 19 and 20 May 2018 in RADKLIM.

``sample.nc`` is made by :func:`make` from what ``anemoi-scaleadapt rain radklim --to rain`` writes::

    python -m anemoi_scaleadapt.pretrained.sample rain/radklim-2018-05-1h.nc sample.nc

It holds ``rain_coarse`` (hourly, 10 km, the whole of both days) and ``rain`` (1 km, three hours), both packed as whole
numbers: RADKLIM's rain is in hundredths of a millimetre, so nothing is lost.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.files import whole
from anemoi_scaleadapt.rain.windows import HOUR
from anemoi_scaleadapt.scale import Scale

PATH = Path(__file__).with_name("sample.nc")
EPOCH = np.datetime64("2018-05-01")
#: First and last hour (ends) of the two days.
PERIOD = ("2018-05-19T01:00", "2018-05-21T00:00")
SPACE, TIME = 10, 3
#: Coarse hours that must be there before and after the window.
BEFORE, AFTER = 12, 6
#: Step of the packed rain, mm h-1, and of the packed coordinates, degrees.
RAIN_STEP, DEGREE_STEP = 0.01, 1e-4


@dataclass(frozen=True)
class Sample:
    """Real rain for one window.

    Parameters
    ----------
    times, coarse : ndarray
        Ends of the coarse hours, datetime64[s], and their rain (hours, y / 10, x / 10), mm h-1.
    window, truth : ndarray
        Ends of the fine hours, and their rain (3, y, x), mm h-1.
    latitude, longitude : ndarray, shape (y, x)
        Degrees.
    attributes : dict
        Of the file: ``licence``, ``attribution`` ...
    """

    times: np.ndarray
    coarse: np.ndarray
    window: np.ndarray
    truth: np.ndarray
    latitude: np.ndarray
    longitude: np.ndarray
    attributes: dict[str, Any]

    def frames(self, scale: Scale) -> np.ndarray:
        """The L coarse frames round the window that a model of `scale` sees, (L, y, x); NaN where there are none."""
        if (scale.space, scale.time) != (SPACE, TIME):
            raise ScaleAdaptError(f"the sample is for ({SPACE}, {TIME}), the model for ({scale.space}, {scale.time}).")
        out = np.full((scale.context_length, *self.coarse.shape[1:]), np.nan, "float32")
        for frame, place in zip(out, scale.frame_ends, strict=True):
            there = np.isin(self.times, self.window + place * TIME * HOUR)
            if there.sum() == TIME:
                frame[:] = self.coarse[there].mean(axis=0)
        return out


def _packed(dims: tuple[str, ...], values: np.ndarray, step: float, attributes: dict) -> tuple:
    """A packed variable of xarray: whole numbers of `step`."""
    return dims, values.astype("int32"), {**attributes, "scale_factor": step}


def wettest(mean: np.ndarray) -> int:
    """Number of the first of the TIME wettest hours in a row, among those with enough hours round them."""
    totals = np.convolve(mean, np.ones(TIME), "valid")
    return BEFORE + int(np.argmax(totals[BEFORE : len(mean) - AFTER - TIME + 1]))


def make(source: Path, target: Path) -> None:
    """Write the sample.

    Parameters
    ----------
    source : Path
        ``radklim-2018-05-1h.nc``; 10 must divide its rows and columns.
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
    hours, *shape = data["rain"].shape if "rain" in data else (0, 0, 0)
    if hours != 48 or any(n % SPACE for n in shape):
        raise ScaleAdaptError(
            f"{source} has {hours} hours of {PERIOD[0]} to {PERIOD[1]} with {shape} pixels; 48 are needed, and rows "
            f"and columns that {SPACE} divides: make it with `rain radklim`."
        )
    fine = np.rint(data["rain"].values.astype("float64") / RAIN_STEP).astype("int64")
    first = wettest(fine.mean(axis=(1, 2)))
    chosen = slice(first, first + TIME)
    units, times = dict(data["rain"].attrs), data["time"].values
    coarse = fine.reshape(hours, shape[0] // SPACE, SPACE, shape[1] // SPACE, SPACE).sum(axis=(2, 4))
    hourly = (times - EPOCH) // np.timedelta64(1, "h")
    dates = {**data["time"].attrs, "units": "hours since 2018-05-01", "calendar": "standard"}
    places = {}
    for name in ("latitude", "longitude"):
        steps = np.rint(data[name].values / DEGREE_STEP)
        places[name] = _packed(("y", "x"), steps, DEGREE_STEP, data[name].attrs)
    out = xr.Dataset(
        {
            "rain": _packed(("time", "y", "x"), fine[chosen], RAIN_STEP, units),
            "rain_coarse": _packed(
                ("time_coarse", "y_coarse", "x_coarse"), coarse, RAIN_STEP / SPACE**2,
                {**units, "comment": f"mean of {SPACE} x {SPACE} pixels"},
            ),
            **places,
            "time": ("time", hourly[chosen].astype("int32"), dates),
            "time_coarse": ("time_coarse", hourly.astype("int32"), dates),
        },
        attrs={
            "Conventions": "CF-1.8",
            "title": "Wettest three hours of 19 and 20 May 2018 in RADKLIM-YW: 1 km, and 10 km of both days",
            "institution": "Deutscher Wetterdienst (DWD)",
            "licence": radklim.LICENCE,
            "attribution": radklim.ATTRIBUTION,
            "comment": data.attrs.get("comment", ""),
        },
    )  # fmt: skip
    squeeze = {"zlib": True, "complevel": 9, "shuffle": True}
    encoding = {name: squeeze for name in ("rain", "rain_coarse", "latitude", "longitude")}
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
        times=data["time_coarse"].values.astype("datetime64[s]"),
        coarse=data["rain_coarse"].values.astype("float64"),
        window=data["time"].values.astype("datetime64[s]"),
        truth=data["rain"].values.astype("float32"),
        latitude=data["latitude"].values.astype("float64"),
        longitude=data["longitude"].values.astype("float64"),
        attributes=dict(data.attrs),
    )


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
