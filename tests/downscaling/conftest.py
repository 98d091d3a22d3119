import numpy as np
import pytest
import xarray as xr


@pytest.fixture
def flux(tmp_path, monkeypatch):
    """A climate model's flux: two members, six-hourly, the second frame of five missing; the path of the file."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    lat, lon = np.arange(49.0, 44.9, -0.25), np.arange(-0.5, 5.1, 0.25)
    ends = np.datetime64("2020-01-01T06", "ns") + np.array([0, 2, 3, 4]) * np.timedelta64(6, "h")
    rain = np.random.default_rng(0).gamma(0.5, 1, (4, 2, len(lat), len(lon)))
    data = xr.Dataset(
        {
            "pr": (("time", "realization", "lat", "lon"), rain / 3600, {"units": "kg m-2 s-1"}),
            "time_bnds": (("time", "n"), np.stack([ends - np.timedelta64(6, "h"), ends], 1)),
        },
        {"time": ("time", ends, {"bounds": "time_bnds"}), "realization": [0, 1]},
    )
    data = data.assign_coords(lat=("lat", lat, {"units": "degrees_north"}), lon=("lon", lon, {"units": "degrees_east"}))
    data.to_netcdf(tmp_path / "pr.nc")
    return str(tmp_path / "pr.nc")
