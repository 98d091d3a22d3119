"""Small input for the examples, without a download: inputs.py NAME ... writes NAME.nc

NAME is a function below. `radar`, `truth` and `coarse` are real rain, the sample that ships; the others are invented.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import xarray as xr


def radar(path: Path) -> None:
    """Hourly rain of RADKLIM on 170 x 170 pixels of 1 km, May 2018."""
    from anemoi_scaleadapt.pretrained import sample

    shutil.copyfile(sample.PATH, path)


def forecast(path: Path) -> None:
    """A global forecast round Luxembourg: metres since the start, every 6 hours, 0.25 degrees, from the north."""
    rain = np.random.default_rng(0).gamma(0.7, 3.0, (4, 9, 9)).cumsum(axis=0) / 1000
    start = {"units": "hours since 2024-01-01", "standard_name": "forecast_reference_time"}
    step = {"units": "hours", "standard_name": "forecast_period"}
    xr.Dataset(
        {"tp": (("step", "latitude", "longitude"), rain, {"units": "m", "GRIB_stepType": "accum"})},
        {
            "time": ((), 0, start),
            "step": ("step", np.arange(6, 25, 6), step),
            "latitude": ("latitude", np.linspace(51, 49, 9), {"units": "degrees_north"}),
            "longitude": ("longitude", np.linspace(5, 7, 9), {"units": "degrees_east"}),
        },
    ).to_netcdf(path, engine="netcdf4")


def era5(path: Path, hours: int = 12) -> None:
    """ERA5 over the middle of France: metres of each hour, 0.25 degrees, from the north."""
    rain = np.random.default_rng(0).gamma(0.5, 1e-3, (hours, 17, 23))
    times = np.datetime64("2020-01-01T01", "ns") + np.arange(hours) * np.timedelta64(1, "h")
    xr.Dataset(
        {"tp": (("time", "latitude", "longitude"), rain, {"units": "m"})},
        {
            "time": times,
            "latitude": ("latitude", np.arange(49.0, 44.9, -0.25), {"units": "degrees_north"}),
            "longitude": ("longitude", np.arange(-0.5, 5.1, 0.25), {"units": "degrees_east"}),
        },
    ).to_netcdf(path, engine="netcdf4")


def cut() -> xr.Dataset:
    """Twelve wet hours of `radar` on 60 x 60 pixels."""
    from anemoi_scaleadapt.pretrained import sample

    with xr.open_dataset(sample.PATH, engine="netcdf4") as data:
        return data.isel(time=slice(12, 24), y=slice(60, 120), x=slice(40, 100)).load().drop_encoding()


def truth(path: Path) -> None:
    """The cut of `radar` as it is."""
    cut().to_netcdf(path, engine="netcdf4")


def coarse(path: Path) -> None:
    """The truth's means over 10 x 10 pixels and 3 hours; a time is the end of its 3 hours."""
    blocks = cut().coarsen(y=10, x=10).mean()
    ends = blocks.time.values[2::3]
    blocks.coarsen(time=3).mean().assign_coords(time=ends).to_netcdf(path, engine="netcdf4")


def members(path: Path) -> None:
    """Somebody else's four members for the truth: amounts in kg m-2, other names."""
    from scipy.ndimage import gaussian_filter

    data = cut()
    noise = gaussian_filter(np.random.default_rng(0).normal(size=(4, *data.rain.shape)), (0, 1, 3, 3))
    blurred = gaussian_filter(data.rain.values, (1, 4, 4))
    attributes = {"units": "kg m-2", "standard_name": "precipitation_amount", "cell_methods": "time: sum"}
    rain = (blurred * np.exp(noise / noise.std() - 0.5)).astype("float32")
    theirs = data.drop_vars("rain").assign(precip=(("number", "time", "y", "x"), rain, attributes))
    theirs.to_netcdf(path, engine="netcdf4")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        globals()[name](Path(f"{name}.nc"))
