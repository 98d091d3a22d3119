"""Make the sample of real rain that ships from what ``anemoi-scaleadapt rain radklim --to rain`` writes.

    python benchmarks/sample.py rain/radklim-2018-05-1h.nc src/anemoi_scaleadapt/pretrained/sample.nc

Rain and places are packed as whole numbers: RADKLIM's rain is in hundredths of a millimetre, so nothing is lost.
"""

import sys
from pathlib import Path

import numpy as np
import xarray as xr

from anemoi_scaleadapt.datasets import radklim
from anemoi_scaleadapt.errors import ScaleAdaptError, explained
from anemoi_scaleadapt.files import whole
from anemoi_scaleadapt.pretrained.sample import HOURS, ROUND

EPOCH = np.datetime64("2018-05-01")
#: first and last hour (ends) of the two days
PERIOD = ("2018-05-19T01:00", "2018-05-21T00:00")
#: step of the packed rain, mm h-1, and of the packed coordinates, degrees
RAIN_STEP, DEGREE_STEP = 0.01, 1e-4


def _packed(dims: tuple[str, ...], values: np.ndarray, step: float, attributes: dict) -> tuple:
    """A packed variable of xarray: whole numbers of `step`."""
    return dims, values.astype("int32"), {**attributes, "scale_factor": step}


def wettest(mean: np.ndarray) -> int:
    """Number of the first of the HOURS wettest hours in a row, among those with ROUND hours on both sides."""
    totals = np.convolve(mean, np.ones(HOURS), "valid")
    return ROUND + int(np.argmax(totals[ROUND : len(mean) - ROUND - HOURS + 1]))


def make(source: Path, target: Path) -> None:
    """Write the sample from ``radklim-2018-05-1h.nc``; another file, or one that lacks hours, is an error."""
    with explained(f"{source} cannot be read"), xr.open_dataset(source, engine="netcdf4") as data:
        data = data.sel(time=slice(*PERIOD)).load()
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


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
