"""The grid of an xarray dataset, as CF describes it: axes and grid mapping, latitude and longitude, bounds."""

from collections.abc import Hashable
from typing import Any

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain import axes
from anemoi_scaleadapt.regrid.grid import Grid


def grid_of_dataset(data: Any, name: str, variable: str | None = None) -> Grid:
    """The grid of an xarray dataset, as CF describes it.

    Axes with a grid mapping come first, then 1-D latitude and longitude, then 2-D ones with the bounds of their cells
    or, where the file has none, corners half way between the centres.
    """
    lat, lon = (_place(data, kind) for kind in ("latitude", "longitude"))
    mapped = (v for v in data.data_vars.values() if "grid_mapping" in v.attrs)
    rain = next(mapped, None) if variable is None else data[variable]
    system = axes.crs_of(data, rain, name)
    dims = rain.dims if rain is not None else data[lat].dims if lat is not None else tuple(data.dims)
    x, y = (next((d for d in dims if d in data.variables and axes.kind_of(data, d) == k), None) for k in "xy")
    if system is not None and x is not None and y is not None:
        across, down = (axes.along(data, axis)[0] for axis in (x, y))
        if across is not None and down is not None:
            return Grid.on_axes(name, across, down, system.to_wkt())
    if lat is None or lon is None:
        raise ScaleAdaptError(
            f"{name} has neither latitude and longitude nor axes with a grid mapping: its place is not known."
        )
    latitude, longitude = (axes.values_of(data[n].variable) for n in (lat, lon))
    if latitude.ndim == 1 and longitude.ndim == 1 and data[lat].dims != data[lon].dims:
        x_edges, y_edges = _edges(data, lon), _edges(data, lat)
        return Grid.on_axes(name, longitude, latitude, "EPSG:4326", x_edges=x_edges, y_edges=y_edges)
    if latitude.ndim != 2 or data[lat].dims != data[lon].dims:
        raise ScaleAdaptError(
            f"{name}: {lat} {data[lat].dims} and {lon} {data[lon].dims} are no grid of rows and columns. Regrid it "
            "first to a regular grid."
        )
    return Grid.from_latlon(name, latitude, longitude, corners=_corners(data, lat, lon))


def _place(data: Any, kind: str) -> Hashable | None:
    """The latitude or longitude of the cells, those called so first."""
    bounds = {variable.attrs.get("bounds") for variable in data.variables.values()}
    found = [n for n, v in data.variables.items() if v.ndim and n not in bounds and axes.is_place(n, v, kind)]
    return min(found, key=lambda n: data[n].attrs.get("standard_name") != kind, default=None)


def _bounds(data: Any, coordinate: Hashable) -> np.ndarray | None:
    name = data[coordinate].attrs.get("bounds")
    return axes.values_of(data[name].variable) if name in data.variables else None


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
