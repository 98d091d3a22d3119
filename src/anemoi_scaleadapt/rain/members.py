"""Write members as any system does: CF NetCDF, rain(member, time, y, x) in mm h-1, growing hour by hour."""

import os
from pathlib import Path

import numpy as np

EPOCH = np.datetime64("1970-01-01T00:00:00", "s")


class MembersFile:
    """A members file under a temporary name, which gets its own when it is complete.

    Parameters
    ----------
    path : Path
        File to write.
    shape : tuple of int
        (y, x).
    s, t : int
        Factor pair, written as ``scaleadapt_space_factor`` and ``scaleadapt_time_factor``.
    latitude, longitude : ndarray or None
        (y, x), degrees.
    title : str
        Global attribute.
    """

    def __init__(self, path: Path, shape, s, t, latitude=None, longitude=None, title=""):
        """Remember the layout; the file opens with the first members."""
        self.path, self.part = Path(path), Path(path).with_name(f".{Path(path).name}.part")
        self.shape, self.coordinates = shape, (latitude, longitude)
        self.attributes = {
            "Conventions": "CF-1.10",
            "title": title,
            "scaleadapt_space_factor": np.int32(s),
            "scaleadapt_time_factor": np.int32(t),
        }
        self.file = None

    def __enter__(self):
        """Return the file."""
        return self

    def _open(self, members: int) -> None:
        import netCDF4

        file = self.file = netCDF4.Dataset(self.part, "w", format="NETCDF4")
        file.setncatts(self.attributes)
        for name, size in (("member", members), ("time", None), ("y", self.shape[0]), ("x", self.shape[1])):
            file.createDimension(name, size)
        time = file.createVariable("time", "i8", ("time",))
        time.setncatts(
            {"units": "seconds since 1970-01-01 00:00:00", "calendar": "standard", "standard_name": "time",
             "long_name": "end of the hour, UTC"}
        )  # fmt: skip
        member = file.createVariable("member", "i4", ("member",))
        member.standard_name = "realization"
        member[:] = np.arange(members)
        for name, unit, values in zip(
            ("latitude", "longitude"), ("degrees_north", "degrees_east"), self.coordinates, strict=True
        ):
            if values is not None:
                variable = file.createVariable(name, "f8", ("y", "x"))
                variable.setncatts({"units": unit, "standard_name": name})
                variable[:] = values
        chunks = (1, 1, *self.shape)
        rain = file.createVariable(
            "rain", "f4", ("member", "time", "y", "x"), zlib=True, complevel=1, chunksizes=chunks, fill_value=np.nan
        )
        rain.setncatts(
            {"units": "mm h-1", "standard_name": "lwe_precipitation_rate",
             "long_name": "mean rain over the preceding hour", "cell_methods": "time: mean"}
        )  # fmt: skip
        if self.coordinates[0] is not None:
            rain.coordinates = "latitude longitude"

    def add(self, times: np.ndarray, rain: np.ndarray) -> None:
        """Append hours: times (t,), rain (member, t, y, x) in mm h-1."""
        if self.file is None:
            self._open(len(rain))
        at = len(self.file.dimensions["time"])
        self.file["time"][at : at + len(times)] = (times - EPOCH) // np.timedelta64(1, "s")
        self.file["rain"][:, at : at + len(times)] = rain.astype("float32")

    def __exit__(self, kind, error, trace):
        """Close; give the file its name, or remove it after an error."""
        if self.file is not None:
            self.file.close()
        if kind is None and self.file is not None:
            os.replace(self.part, self.path)
        else:
            self.part.unlink(missing_ok=True)
