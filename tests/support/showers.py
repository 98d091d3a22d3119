"""Fixtures of invented rain and the files of one verification; tests/conftest.py offers them to every room."""

import numpy as np
import pytest


def showers(hours, size, seed=0):
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    rain = np.zeros((hours, size, size))
    for _ in range(12):
        row, column = draw.uniform(0, size, 2)
        v, u = draw.normal(0, 1.5, 2)
        for hour in range(hours):
            rain[hour] += draw.gamma(1.5, 2) * np.exp(-((y - row - v * hour) ** 2 + (x - column - u * hour) ** 2) / 12)
    return np.where(rain < 0.1, 0, rain).astype("float32")


@pytest.fixture(scope="session")
def shower():
    """``shower(hours, size, seed)``: drifting rain, mm h-1."""
    return showers


def writer(folder):
    import xarray as xr

    def make(name, rain, start="2018-05-18T01:00", units="mm h-1", dims=None, variable="rain", attrs=None, more=None,
             km=1.0, step=1):  # fmt: skip
        rain = np.asarray(rain, dtype="float32")
        dims = dims or ("member", "time", "y", "x")[-rain.ndim :]
        hours = rain.shape[dims.index("time")]
        times = np.datetime64(start, "ns") + step * np.arange(hours) * np.timedelta64(3600, "s")
        ny, nx = rain.shape[-2:]
        y, x = np.mgrid[:ny, :nx] * km / 111.2
        latitude = 50 - y - km / 222.4
        longitude = 5 + (x + km / 222.4) / np.cos(np.radians(50))
        fields = {variable: (dims, rain, {"units": units} if units else {})}
        coordinates = {"time": times, "latitude": (dims[-2:], latitude), "longitude": (dims[-2:], longitude)}
        data = xr.Dataset({**fields, **(more or {})}, coordinates, attrs or {})
        path = folder / name
        if name.endswith(".zarr"):
            data.to_zarr(path)
        else:
            data.to_netcdf(path, engine="netcdf4")
        return str(path)

    return make


@pytest.fixture
def write(tmp_path):
    """``write(name, rain, start=..., **changes)`` writes a file and returns its path."""
    return writer(tmp_path)


@pytest.fixture(scope="session")
def files(tmp_path_factory, shower):
    """Members (4, 12, 20, 20) with their mean, truth and coarse rain for the pair (5, 3), over two days."""
    write = writer(tmp_path_factory.mktemp("files"))
    draw = np.random.default_rng(3)
    truth = shower(12, 20)
    members = truth[None] * draw.gamma(4, 0.25, (4, *truth.shape))
    mean = {"rain_mean": (("time", "y", "x"), members.mean(axis=0).astype("f4"), {"units": "mm h-1"})}
    start = "2018-05-18T19:00"
    return {
        "members": write("members.nc", members, start, attrs={"scaleadapt_time_factor": 3}, more=mean),
        "truth": write("truth.nc", truth, start),
        "lr": write("lr.nc", truth.reshape(12, 4, 5, 4, 5).mean(axis=(2, 4)), start, km=5.0),
    }
