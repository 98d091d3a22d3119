"""Rain of six rows and eight columns in the files that people have."""

import numpy as np
import xarray as xr

ENDS = np.datetime64("2018-05-18T01", "ns") + np.arange(8) * np.timedelta64(1, "h")
LAT, LON = 50 - 0.1 * np.arange(6), 5 + 0.1 * np.arange(8)
RAIN = np.random.default_rng(1).gamma(0.5, 2, (8, 6, 8)).astype("f4").round(2)
RAIN[:, 0, 0] = 0
AXES = ("time", "lat", "lon")
SINCE = "2018-05-18"


def base(rain=RAIN, lat=LAT, lon=LON, times=ENDS, name="rain", dims=AXES, units="mm h-1", **attrs):
    """A dataset with one-dimensional latitude and longitude; `times` may be coordinates."""
    times = times if isinstance(times, dict) else {"time": times}
    places = {"lat": ("lat", lat, {"units": "degrees_north"}), "lon": ("lon", lon, {"units": "degrees_east"})}
    attrs |= {"units": units} if units is not None else {}
    return xr.Dataset({name: (dims, rain, attrs)}, {**times, **places})


def curved(lat=LAT, lon=LON, dims=("y", "x"), **changes):
    """A dataset with two-dimensional latitude and longitude on axes without coordinates."""
    lat, lon = np.meshgrid(lat, lon, indexing="ij")
    return xr.Dataset(
        {"rain": (("time", *dims), changes.pop("rain", RAIN), {"units": "mm h-1"})},
        {"time": ENDS, "latitude": (dims, lat, {"units": "degrees_north"}), "longitude": (dims, lon)},
    )


def hours(d, numbers, units=f"hours since {SINCE}", calendar=None, **attrs):
    """The dataset with numbers for dates."""
    told = {"units": units, **({"calendar": calendar} if calendar else {}), **attrs}
    return d.drop_vars("time").assign_coords(time=("time", np.asarray(numbers), told))


def bounded(d, start, end, units=f"hours since {SINCE}", name="time_bnds"):
    """The dataset with bounds in hours."""
    d[name] = (("time", "nv"), np.stack([start, end], axis=1), {"units": units})
    d["time"].attrs["bounds"] = name
    return d


def save(data, path):
    """Write a dataset as it is, without xarray's own codes."""
    for v in data.variables.values():
        v.encoding.setdefault("_FillValue", None)
    data.to_netcdf(path, engine="netcdf4")
    return str(path)


N = np.arange(1, 9)
SUMS = RAIN.cumsum(0).astype("f8")
