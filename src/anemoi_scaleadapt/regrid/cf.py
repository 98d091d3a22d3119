"""The grid of an xarray dataset, as CF describes it: axes and grid mapping, latitude and longitude, bounds."""

from collections.abc import Hashable
from typing import Any

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.regrid.grid import Grid
from anemoi_scaleadapt.regrid.projection import wkt

LATITUDES = ("latitude", "lat", "latitudes", "nav_lat", "XLAT")
LONGITUDES = ("longitude", "lon", "longitudes", "nav_lon", "XLONG")
X_NAMES = ("x", "rlon", "easting", "nx", "projection_x_coordinate", "grid_longitude")
Y_NAMES = ("y", "rlat", "northing", "ny", "projection_y_coordinate", "grid_latitude")
#: to metres or degrees, which are kept
UNITS = {"km": 1000.0, "kilometer": 1000.0, "kilometre": 1000.0, "kilometers": 1000.0, "kilometres": 1000.0}


def grid_of_dataset(data: Any, name: str, variable: str | None = None) -> Grid:
    """The grid of an xarray dataset, as CF describes it.

    Axes with a grid mapping come first, then 1-D latitude and longitude, then 2-D ones with the bounds of their cells
    or, where the file has none, corners half way between the centres.
    """
    lat = _coordinate(data, LATITUDES, ("latitude",))
    lon = _coordinate(data, LONGITUDES, ("longitude",))
    system = _system(data, variable, name)
    dims = data[variable].dims if variable is not None else ()
    x, y = (_axis(data, names, lat, dims) for names in (X_NAMES, Y_NAMES))
    if system is not None and x is not None and y is not None:
        across, down = (data[a].values * UNITS.get(str(data[a].attrs.get("units", "")), 1.0) for a in (x, y))
        return Grid.on_axes(name, across, down, system)
    if lat is None or lon is None:
        raise ScaleAdaptError(
            f"{name} has neither latitude and longitude nor axes with a grid mapping: its place is not known."
        )
    if data[lat].ndim == 1 and data[lon].ndim == 1 and data[lat].dims != data[lon].dims:
        return Grid.on_axes(
            name, data[lon].values, data[lat].values, "EPSG:4326",
            x_edges=_edges(data, lon), y_edges=_edges(data, lat),
        )  # fmt: skip
    if data[lat].ndim != 2 or data[lat].dims != data[lon].dims:
        raise ScaleAdaptError(
            f"{name}: {lat} {data[lat].dims} and {lon} {data[lon].dims} are no grid of rows and columns. Regrid it "
            "first to a regular grid."
        )
    return Grid.from_latlon(name, data[lat].values, data[lon].values, corners=_corners(data, lat, lon))


def _coordinate(data: Any, names: tuple[str, ...], standard: tuple[str, ...]) -> Hashable | None:
    found = [v for v in data.variables if data[v].attrs.get("standard_name") in standard and data[v].ndim]
    return next(iter(found), None) or next((n for n in names if n in data.variables and data[n].ndim), None)


def _axis(data: Any, names: tuple[str, ...], lat: Hashable | None, dims: tuple[Hashable, ...]) -> Hashable | None:
    """A 1-D coordinate along one of the dimensions, by its name or standard_name."""
    over = dims or (data[lat].dims if lat is not None else tuple(data.dims))
    for dim in over:
        if dim in data.variables and data[dim].ndim == 1:
            if str(dim).lower() in names or data[dim].attrs.get("standard_name") in names:
                return dim
    return None


def _system(data: Any, variable: str | None, name: str) -> str | None:
    """The coordinate reference system of the grid mapping, as WKT."""
    mapping = data[variable].attrs.get("grid_mapping") if variable is not None else None
    names = [mapping] if mapping in data.variables else list(data.variables)
    for key in names:
        attributes = data[key].attrs
        if attributes.get("grid_mapping_name") == "latitude_longitude":
            return None
        for text in ("crs_wkt", "spatial_ref", "proj4", "proj4_params", "proj_string"):
            if attributes.get(text):
                return wkt(attributes[text], f"{name}: {key}.{text}")
        if attributes.get("grid_mapping_name"):
            return wkt(dict(attributes), f"{name}: {key}")
    return None


def _bounds(data: Any, coordinate: Hashable) -> np.ndarray | None:
    name = data[coordinate].attrs.get("bounds")
    return np.asarray(data[name].values, "float64") if name in data.variables else None


def _edges(data: Any, coordinate: Hashable) -> np.ndarray | None:
    """Edges of an axis from its bounds, (n + 1,), if these touch one another."""
    bounds = _bounds(data, coordinate)
    if bounds is None or bounds.shape != (data[coordinate].size, 2):
        return None
    values = data[coordinate].values
    if (bounds[0, 0] > bounds[0, 1]) != (values[0] > values[-1]):
        bounds = bounds[:, ::-1]
    touch = np.allclose(bounds[1:, 0], bounds[:-1, 1], atol=1e-3 * abs(bounds[0, 1] - bounds[0, 0]))
    return np.append(bounds[:, 0], bounds[-1, 1]) if touch else None


def _corners(data: Any, lat: Hashable, lon: Hashable) -> tuple[np.ndarray, np.ndarray] | None:
    """Corners of a bent grid from the four vertices of its cells, each (y + 1, x + 1), if these are shared."""
    both = _bounds(data, lon), _bounds(data, lat)
    shape = (*data[lat].shape, 4)
    if both[0] is None or both[1] is None or both[0].shape != shape or both[1].shape != shape:
        return None
    for turn in range(4):
        for way in (1, -1):
            order = [(turn + way * k) % 4 for k in range(4)]
            mesh = [_mesh(v[..., order]) for v in both if v is not None]
            if all(m is not None for m in mesh):
                return mesh[0], mesh[1]  # type: ignore[return-value]
    raise ScaleAdaptError(
        "the bounds of its cells leave gaps between neighbours: conservative weights need cells that touch."
    )


def _mesh(v: np.ndarray) -> np.ndarray | None:
    """Corners shared by neighbours from vertices (y, x, 4) in the order down-left round; None if they do not fit."""
    mesh = np.empty((v.shape[0] + 1, v.shape[1] + 1))
    mesh[:-1, :-1], mesh[:-1, -1], mesh[-1, :-1], mesh[-1, -1] = v[..., 0], v[:, -1, 1], v[-1, :, 3], v[-1, -1, 2]
    parts = (mesh[:-1, :-1], mesh[:-1, 1:], mesh[1:, 1:], mesh[1:, :-1])
    size = 1e-3 * max(np.abs(np.diff(mesh[:2, 0])).max(), np.abs(np.diff(mesh[0, :2])).max())
    apart = [np.abs((part - v[..., k] + 180) % 360 - 180).max() for k, part in enumerate(parts)]
    return mesh if max(apart) <= size else None
