"""A record of rain as an xarray dataset that reads when it is written: any length in little memory."""

from pathlib import Path
from typing import Any

import numpy as np

from anemoi_scaleadapt.files import whole
from anemoi_scaleadapt.rain.reader import Rain
from anemoi_scaleadapt.regrid.records import hours_of

#: values of a chunk
CHUNK = 4_000_000


def as_dataset(rain: Rain, **attributes: Any) -> Any:
    """A CF dataset of a record.

    Parameters
    ----------
    rain : Rain
        The record.
    **attributes
        Global attributes.

    Returns
    -------
    xarray.Dataset
        ``rain(member, time, y, x)`` in mm h-1, lazy (dask), with the bounds of its intervals, latitude and longitude.
    """
    import dask.array
    import xarray as xr

    members = rain.frames(np.arange(1)).shape[0]
    frames = max(1, min(len(rain.times), CHUNK // (members * rain.shape[0] * rain.shape[1])))
    chunks = [frames] * (len(rain.times) // frames) + ([len(rain.times) % frames] if len(rain.times) % frames else [])

    def read(index: np.ndarray) -> np.ndarray:
        return np.asarray(rain.frames(index), "float32")

    da: Any = dask.array
    index = da.from_array(np.arange(len(rain.times)), chunks=(tuple(chunks),))
    values = da.map_blocks(
        read, index, dtype="float32", new_axis=(0, 2, 3),
        chunks=((members,), tuple(chunks), (rain.shape[0],), (rain.shape[1],)), meta=np.empty((0, 0, 0, 0), "float32"),
    )  # fmt: skip
    length = np.timedelta64(round(hours_of(rain) * 3600), "s")
    ends = rain.times.astype("M8[s]")
    told = {
        "units": "mm h-1",
        "standard_name": "lwe_precipitation_rate",
        "long_name": f"mean rain over the {length / np.timedelta64(3600, 's'):g} h that end at the time",
        "cell_methods": "time: mean",
    }
    data = xr.Dataset(
        {
            "rain": (("member", "time", "y", "x"), values, told),
            "time_bnds": (("time", "bnds"), np.stack([ends - length, ends], axis=1).astype("M8[ns]")),
        },
        {
            "time": ("time", ends.astype("M8[ns]"), {"bounds": "time_bnds", "standard_name": "time"}),
            "member": ("member", np.arange(members), {"standard_name": "realization"}),
        },
        {"Conventions": "CF-1.10", **attributes},
    )
    for name, unit, degrees in (
        ("latitude", "degrees_north", rain.latitude),
        ("longitude", "degrees_east", rain.longitude),
    ):
        if degrees is not None:
            data[name] = (("y", "x"), degrees, {"units": unit, "standard_name": name})
            data = data.set_coords(name)
    for name in ("time", "time_bnds"):
        data[name].encoding = {"units": "seconds since 1970-01-01", "dtype": "int64"}
    return data


def write_dataset(data: Any, path: Path) -> None:
    """Write a dataset to a NetCDF file, piece by piece, whole under its name or not there."""
    with whole(path) as part:
        packed = {"zlib": True, "complevel": 1, "_FillValue": np.float32(np.nan)}
        encoding = {name: packed for name in data.data_vars if data[name].ndim == 4}
        data.to_netcdf(part, engine="netcdf4", encoding=encoding)
