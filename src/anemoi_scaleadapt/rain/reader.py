"""Rain of any origin behind one small interface: an anemoi Zarr, or NetCDF and Zarr as xarray writes them.

Whatever the file, :class:`Rain` gives frames of shape (member, time, y, x) in mm h-1 and reads only the hours
asked for, so that a verification of a whole country never holds more than one window.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError

#: names of the ensemble axis that other systems write
MEMBER_NAMES = ("member", "members", "ensemble", "ens", "number", "realization", "sample")
TIME_NAMES = ("time", "valid_time", "date", "dates")
Y_NAMES = ("y", "lat", "latitude", "row", "rows", "south_north", "projection_y_coordinate", "nj")
#: factor to mm h-1 by unit; an hourly accumulation in mm is a mean rate in mm h-1
UNITS = {
    **dict.fromkeys(("mm h-1", "mm/h", "mm h^-1", "mm h**-1", "mm hr-1", "mm/hr", "mm hour-1"), 1.0),
    **dict.fromkeys(("kg m-2 h-1", "kg m^-2 h^-1", "kg m**-2 h**-1"), 1.0),
    **dict.fromkeys(("kg m-2 s-1", "kg m**-2 s**-1", "kg m^-2 s^-1", "mm s-1", "mm/s", "kg/m2/s"), 3600.0),
    **dict.fromkeys(("m s-1", "m s**-1", "m/s"), 3.6e6),
}
RATE_NAMES = ("lwe_precipitation_rate", "rainfall_rate", "precipitation_flux", "rainfall_flux")


@dataclass
class Rain:
    """Hourly (or coarser) rain that is read on demand.

    Parameters
    ----------
    path : str
        Where it came from, for messages.
    times : ndarray of datetime64[s], shape (T,)
        End of each period, UTC.
    shape : tuple of int
        (y, x).
    latitude, longitude : ndarray or None, shape (y, x)
        Degrees.
    frames : callable
        ``frames(index)`` with a sorted integer array gives (member, len(index), y, x) in mm h-1.
    attributes : dict
        Global attributes of the file.
    """

    path: str
    times: np.ndarray
    shape: tuple
    latitude: np.ndarray | None
    longitude: np.ndarray | None
    frames: object
    attributes: dict = field(default_factory=dict)

    def at(self, times: np.ndarray) -> np.ndarray:
        """Frames at the given times, float32 (member, time, y, x), mm h-1; a missing time is an error."""
        index = np.searchsorted(self.times, times)
        found = (index < len(self.times)) & (self.times[np.minimum(index, len(self.times) - 1)] == times)
        if not found.all():
            raise ScaleAdaptError(
                f"{self.path} has no rain at {times[~found][0]}Z; it runs from {self.times[0]}Z to "
                f"{self.times[-1]}Z. Verify a period that all files cover."
            )
        return np.asarray(self.frames(index), dtype="float32")

    def has(self, times: np.ndarray) -> bool:
        """Whether every one of the times is in the file."""
        return bool(np.isin(times, self.times).all())

    @property
    def pixel_km(self) -> float:
        """Nominal grid spacing in km from the coordinates; 1 where the file has none."""
        if self.latitude is None or min(self.shape) < 2:
            return 1.0
        lat, lon = np.radians(self.latitude), np.radians(self.longitude)
        steps = []
        for axis in (0, 1):
            dy = np.diff(lat, axis=axis)
            dx = np.diff(lon, axis=axis) * np.cos(np.take(lat, range(1, lat.shape[axis]), axis=axis))
            steps.append(np.nanmedian(np.hypot(dy, dx)) * 6371.0)
        return nominal(float(np.mean(steps)))


def nominal(km: float) -> float:
    """Round a measured grid spacing to the nominal one (1, 2.5 km, ...) within a fifth of it."""
    named = np.array([0.1, 0.2, 0.25, 0.5, 1, 2, 2.5, 5, 10, 25, 50])
    best = float(named[np.argmin(np.abs(np.log(named / km)))]) if km > 0 else 1.0
    return best if abs(km / best - 1) <= 0.2 else km


def open_rain(path: str, variable: str | None = None) -> Rain:
    """Open a NetCDF file, an xarray Zarr or an anemoi Zarr.

    Parameters
    ----------
    path : str
        File or Zarr folder.
    variable : str, optional
        Name of the rain variable; by default ``rain``, or the only one that can be rain.

    Raises
    ------
    ScaleAdaptError
        If the file is not there, has no (or more than one possible) rain, unknown units or axes.
    """
    target = Path(path)
    if not target.exists():
        raise ScaleAdaptError(f"{path} is not there: give an existing NetCDF file or Zarr folder.")
    if target.is_dir() and _is_anemoi(target):
        return _open_anemoi(path, variable or "rain")
    return _open_xarray(path, variable)


def _is_anemoi(folder: Path) -> bool:
    attributes = folder / ".zattrs"
    return attributes.exists() and "variables_metadata" in json.loads(attributes.read_text() or "{}")


def _open_anemoi(path: str, variable: str) -> Rain:
    import pyproj  # noqa: F401  (before eccodes, which anemoi imports: the other order crashes)
    from anemoi.datasets import open_dataset

    data = open_dataset(path)
    if variable not in data.name_to_index:
        raise ScaleAdaptError(f"{path} has no variable {variable!r}, only {', '.join(data.variables)}.")
    column, shape = data.name_to_index[variable], tuple(int(n) for n in data.field_shape)
    if len(shape) != 2:
        raise ScaleAdaptError(f"{path} is not on a (y, x) grid (field_shape {shape}): rebuild it on one.")
    missing = set(int(i) for i in data.missing)

    def frames(index):
        out = np.full((1, len(index), *shape), np.nan, dtype="float32")
        for k, i in enumerate(index):
            if int(i) not in missing:
                out[0, k] = np.asarray(data[int(i)])[column, 0].reshape(shape)
        return out

    return Rain(
        path=path,
        times=np.asarray(data.dates).astype("datetime64[s]"),
        shape=shape,
        latitude=np.asarray(data.latitudes).reshape(shape),
        longitude=np.asarray(data.longitudes).reshape(shape),
        frames=frames,
    )


def _open_xarray(path: str, variable: str | None) -> Rain:
    import xarray as xr

    try:
        data = xr.open_zarr(path) if Path(path).is_dir() else xr.open_dataset(path, engine="netcdf4")
    except (OSError, ValueError, KeyError) as error:
        raise ScaleAdaptError(f"{path} cannot be read as NetCDF or Zarr: {error}") from error
    rain = data[_rain_name(data, path, variable)]
    time = _time_axis(rain, path)
    member = next((d for d in rain.dims if d.lower() in MEMBER_NAMES), None)
    space = [d for d in rain.dims if d not in (time, member)]
    extra = [d for d in space if rain.sizes[d] == 1]
    while len(space) > 2 and extra:
        rain = rain.isel({extra[0]: 0})
        space.remove(extra.pop(0))
    if len(space) == 3 and member is None:
        raise ScaleAdaptError(f"{path}: which axis of {rain.dims} counts the members? Rename it to 'member'.")
    if len(space) != 2:
        raise ScaleAdaptError(f"{path}: {rain.name} has axes {rain.dims}; (member, time, y, x) is needed.")
    if space[1].lower() in Y_NAMES and space[0].lower() not in Y_NAMES:
        space = space[::-1]
    factor = _factor(rain, path)
    order = [d for d in (member, time, *space) if d is not None]
    rain = rain.transpose(*order)
    times = rain[time].values.astype("datetime64[s]")
    if np.any(np.diff(times) <= np.timedelta64(0, "s")):
        raise ScaleAdaptError(f"{path}: its times do not increase; sort them and drop doubles.")

    def frames(index):
        values = np.asarray(rain.isel({time: index}).values, dtype="float32")
        return (values if member is not None else values[None]) * np.float32(factor)

    latitude, longitude = _coordinates(data, rain, space)
    shape = (rain.sizes[space[0]], rain.sizes[space[1]])
    return Rain(path, times, shape, latitude, longitude, frames, dict(data.attrs))


def _rain_name(data, path: str, variable: str | None) -> str:
    if variable is not None:
        if variable not in data:
            raise ScaleAdaptError(f"{path} has no variable {variable!r}, only {', '.join(data.data_vars)}.")
        return variable
    if "rain" in data:
        return "rain"
    fields = [n for n, v in data.data_vars.items() if v.ndim >= 3 and v.dtype.kind == "f"]
    named = [n for n in fields if data[n].attrs.get("standard_name") in RATE_NAMES]
    for names in (named, fields):
        if len(names) == 1:
            return names[0]
    raise ScaleAdaptError(
        f"{path} has no variable 'rain' and {len(fields)} that could be it ({', '.join(fields) or 'none'}): "
        "name it with --variable."
    )


def _time_axis(rain, path: str) -> str:
    for name in rain.dims:
        if name.lower() in TIME_NAMES and name in rain.coords:
            if rain[name].dtype.kind == "M":
                return name
    for name in rain.dims:
        if name in rain.coords and rain[name].dtype.kind == "M":
            return name
    raise ScaleAdaptError(f"{path}: {rain.name} has no time axis with dates among {rain.dims}.")


def _factor(rain, path: str) -> float:
    unit = " ".join(str(rain.attrs.get("units", "")).split())
    if unit == "mm" or unit == "kg m-2":
        times = rain[_time_axis(rain, path)].values.astype("datetime64[s]")
        if len(times) > 1 and np.all(np.diff(times) == np.timedelta64(3600, "s")):
            return 1.0
    if unit not in UNITS:
        raise ScaleAdaptError(
            f"{path}: the units of {rain.name} are {unit or 'not given'!r}; a mean rate is needed. "
            "Set its attribute units to 'mm h-1' (or kg m-2 s-1)."
        )
    return UNITS[unit]


def _coordinates(data, rain, space):
    found = []
    for names, axis in ((("latitude", "latitudes", "lat"), 0), (("longitude", "longitudes", "lon"), 1)):
        values = next((data[n] for n in names if n in data.variables), None)
        if values is None:
            return None, None
        if values.ndim == 1 and values.dims == (space[axis],):
            other = rain.sizes[space[1 - axis]]
            array = np.asarray(values.values, dtype="float64")
            found.append(np.tile(array[:, None], (1, other)) if axis == 0 else np.tile(array, (other, 1)))
        elif set(values.dims) == set(space):
            found.append(np.asarray(values.transpose(*space).values, dtype="float64"))
        else:
            return None, None
    return found[0], found[1]
