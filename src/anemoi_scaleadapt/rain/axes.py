"""Which axes of a NetCDF or Zarr count members, rows and columns, and where the cells are."""

import logging
from typing import Any

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain import names
from anemoi_scaleadapt.rain.grid import Grid, arrange

LOG = logging.getLogger(__name__)

_NORTH = ("degrees_north", "degree_north", "degree_n", "degrees_n", "degreen", "degreesn")
_EAST = ("degrees_east", "degree_east", "degree_e", "degrees_e", "degreee", "degreese")
_METRES = {"m": 1.0, "metre": 1.0, "meter": 1.0, "metres": 1.0, "meters": 1.0, "km": 1000.0, "kilometre": 1000.0,
           "kilometer": 1000.0, "kilometers": 1000.0, "kilometres": 1000.0, "1000 m": 1000.0}  # fmt: skip
_DEGREES = ("degrees", "degree", "deg", "radian", "radians", "rad")


def member_axis(data: Any, rain: Any) -> Any:
    """Name of the axis that counts members, the longest if there are several, or None."""
    found = [
        d for d in rain.dims
        if names.is_one(d, names.MEMBERS)
        or (d in data.variables and data.variables[d].attrs.get("standard_name") == "realization")
    ]  # fmt: skip
    return max(found, key=lambda d: rain.sizes[d], default=None)


def two(data: Any, rain: Any, rest: list[Any], member: Any, path: str) -> list[Any]:
    """The two axes of rows and columns among what is left after members and dates."""
    for d in [d for d in rest if rain.sizes[d] == 1 and not _is_space(data, d)]:
        if len(rest) > 2:
            rest.remove(d)
    for d in [d for d in rest if rain.sizes[d] == 1]:
        if len(rest) > 2:
            rest.remove(d)
    if len(rest) == 3 and member is None:
        unknown = [str(d) for d in rest if not _is_space(data, d)]
        which = f" {unknown[0]!r}?" if len(unknown) == 1 else ""
        raise ScaleAdaptError(
            f"{path}: which axis of {tuple(map(str, rain.dims))} counts the members?{which} Rename it to 'member'."
        )
    if len(rest) == 1:
        raise ScaleAdaptError(
            f"{path}: the cells of {rain.name} lie in one list ({rest[0]}): regrid it to rows and columns."
        )
    if len(rest) != 2:
        raise ScaleAdaptError(
            f"{path}: {rain.name} has axes {tuple(map(str, rain.dims))}; (member, time, y, x) is needed."
        )
    return rest


def grid(data: Any, rain: Any, space: list[Any], path: str) -> Grid:
    """The grid of the rain, from whatever coordinates the file has."""
    sizes = tuple(int(rain.sizes[d]) for d in space)
    latitude, longitude = (_place(data, rain, space, kind) for kind in ("latitude", "longitude"))
    places, units = zip(*(along(data, d) for d in space), strict=True)
    kinds = [kind_of(data, d) for d in space]
    order = "yx" if kinds in (["y", "x"], ["y", None], [None, "x"]) else None
    order = "xy" if kinds in (["x", "y"], ["x", None], [None, "y"]) else order
    crs = crs_of(data, rain, path)
    if latitude is None or longitude is None:
        latitude, longitude = _from_projection(crs, places, units, order)
    metres = all(unit == "m" for unit in units)
    wkt = None if crs is None else crs.to_wkt()
    return arrange((sizes[0], sizes[1]), path, latitude, longitude, places, order, wkt, metres)


def is_place(name: Any, variable: Any, *kinds: str) -> bool:
    """Whether a variable is one of latitude and longitude."""
    standard = str(variable.attrs.get("standard_name", ""))
    if standard.startswith(("grid_", "projection_")):
        return False
    units = str(variable.attrs.get("units", "")).lower().replace(" ", "_")
    known = {"latitude": (names.LATITUDES, _NORTH), "longitude": (names.LONGITUDES, _EAST)}
    return any(standard == k or units in known[k][1] or names.is_one(name, known[k][0]) for k in kinds or known)


def _is_space(data: Any, d: Any) -> bool:
    return kind_of(data, d) is not None


def kind_of(data: Any, d: Any) -> str | None:
    """Whether an axis is y or x, by the attributes of its coordinate or by its name."""
    if d in data.variables:
        attributes, name = data.variables[d].attrs, str(data.variables[d].attrs.get("standard_name", ""))
        if name.endswith(("latitude", "y_coordinate")) or attributes.get("axis") == "Y":
            return "y"
        if name.endswith(("longitude", "x_coordinate")) or attributes.get("axis") == "X":
            return "x"
        for kind, axis in (("latitude", "y"), ("longitude", "x")):
            if is_place(d, data.variables[d], kind):
                return axis
    return "y" if names.is_one(d, names.Y) else "x" if names.is_one(d, names.X) else None


def _place(data: Any, rain: Any, space: list[Any], kind: str) -> np.ndarray | None:
    """Latitude or longitude of the cells on the two axes as the file has them, degrees; None where there is none."""
    shape = (rain.sizes[space[0]], rain.sizes[space[1]])
    told = str(rain.attrs.get("coordinates", "")).split()
    found = [n for n, v in data.variables.items() if is_place(n, v, kind) and v.ndim and v.dtype.kind in "fiu"]
    found.sort(key=lambda n: (n not in told, n not in space))
    for name in found:
        variable = data.variables[name]
        if variable.shape == (shape[0] + 1, shape[1] + 1):
            return _between(values_of(variable))
        outside = [d for d in variable.dims if d not in space]
        if any(d not in rain.dims for d in outside):
            continue
        variable = variable.isel({d: 0 for d in outside})
        if not variable.dims:
            continue
        values = _centres(data, name, values_of(variable))
        if str(variable.attrs.get("units", "")).lower().startswith("rad"):
            values = np.degrees(values)
        if variable.dims == (space[0],):
            return np.broadcast_to(values[:, None], shape)
        if variable.dims == (space[1],):
            return np.broadcast_to(values[None], shape)
        return values if variable.dims == tuple(space) else values.T
    return None


def _between(corners: np.ndarray) -> np.ndarray | None:
    """Middles of cells of which the corners are given; None across the date line."""
    if np.nanmax(corners) - np.nanmin(corners) > 180:
        return None
    return (corners[:-1, :-1] + corners[1:, :-1] + corners[:-1, 1:] + corners[1:, 1:]) / 4


def values_of(variable: Any) -> np.ndarray:
    """Unpacked values with NaN for missing ones."""
    values = np.asarray(variable.values)
    out = values.astype("float64")
    for key in ("_FillValue", "missing_value"):
        if key in variable.attrs and np.ndim(variable.attrs[key]) == 0 and np.isreal(variable.attrs[key]):
            out[values == variable.attrs[key]] = np.nan
    return out * float(variable.attrs.get("scale_factor", 1)) + float(variable.attrs.get("add_offset", 0))


def _centres(data: Any, name: Any, values: np.ndarray) -> np.ndarray:
    """Middles of the cells: by bounds where the values themselves are edges."""
    edges = data.variables.get(data.variables[name].attrs.get("bounds"))
    if values.ndim != 1 or len(values) < 2 or edges is None or edges.shape != (len(values), 2):
        return values
    bounds = values_of(edges)
    middle = bounds.mean(axis=1)
    if (np.abs(np.diff(bounds, axis=1)) > 180).any() or np.nanmax(np.abs(middle - values)) <= 0.1 * abs(
        float(np.median(np.diff(values)))
    ):
        return values
    LOG.warning("%s holds edges of cells: the middles of its bounds are taken.", name)
    return middle


def along(data: Any, d: Any) -> tuple[np.ndarray | None, str | None]:
    """Coordinates along an axis and what they are in: ``m``, ``degrees`` or None where only their order is known."""
    if d not in data.variables or data.variables[d].dtype.kind not in "fiu" or data.variables[d].ndim != 1:
        return None, None
    variable = data.variables[d]
    values = _centres(data, d, values_of(variable))
    unit = str(variable.attrs.get("units", "")).strip().lower()
    if unit in _METRES:
        return values * _METRES[unit], "m"
    if unit in _DEGREES or unit in (*_NORTH, *_EAST):
        return np.degrees(values) if unit.startswith("rad") else values, "degrees"
    steps = np.diff(values)
    if len(values) < 2 or (np.allclose(steps, 1) and abs(values[0]) <= 1):
        return None, None  # numbers of rows
    if str(variable.attrs.get("standard_name", "")).startswith("projection_"):
        return values, "m"
    return values, None


def crs_of(data: Any, rain: Any, path: str) -> Any:
    """The projection of the file as pyproj has it; None where it has none or one that is not understood."""
    named = "" if rain is None else str(rain.attrs.get("grid_mapping", "")).split(":")[0].strip()
    found = [n for n in (named, "crs", "spatial_ref", "projection", "rotated_pole") if n in data.variables]
    if not found:
        return None
    import pyproj

    attributes = data.variables[found[0]].attrs
    text = next((attributes[k] for k in ("crs_wkt", "spatial_ref", "proj4", "proj4_params", "proj_string", "proj4text",
                                         "epsg_code") if attributes.get(k)), None)  # fmt: skip
    if text is None and "grid_mapping_name" not in attributes:
        return None
    try:
        crs = pyproj.CRS.from_user_input(text) if text is not None else pyproj.CRS.from_cf(dict(attributes))
    except (pyproj.exceptions.CRSError, KeyError, ValueError, TypeError) as error:
        LOG.warning("%s: its projection (%s) is not understood: %s", path, found[0], " ".join(str(error).split())[:120])
        return None
    plain = crs.is_geographic and not crs.is_derived
    return None if plain else crs


def _from_projection(
    crs: Any, places: tuple[np.ndarray | None, ...], units: tuple[str | None, ...], order: str | None
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Latitude and longitude of the cells on the file's two axes, computed from its projection."""
    one, other = places
    if crs is None or order is None or one is None or other is None or None in units:
        return None, None
    import pyproj

    first, second = np.meshgrid(one, other, indexing="ij")
    x, y = (second, first) if order == "yx" else (first, second)
    lon, lat = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(x, y)
    return np.asarray(lat), np.asarray(lon)
