"""A structured grid as one small value: axes and their coordinate system, or latitudes and longitudes alone."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.sphere import degrees, vectors
from anemoi_scaleadapt.regrid.projection import WGS84, is_geographic, to_lonlat, to_xy, wkt


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells in rows and columns.

    Parameters
    ----------
    name : str
        Where it comes from, for messages.
    latitude, longitude : ndarray
        Centres, (y, x), degrees.
    x, y : ndarray, optional
        Axes of the centres, (x,) and (y,), in the unit of the system: metres, or degrees.
    crs : str, optional
        Their coordinate reference system as WKT; given whenever they are.
    x_edges, y_edges : ndarray, optional
        Edges of the cells, (x + 1,) and (y + 1,), where they are not half way between the centres.
    corners : tuple of ndarray, optional
        Longitudes and latitudes of the corners, each (y + 1, x + 1), of a grid without axes.
    grows : bool
        Whether rows and columns may be added to fill whole blocks (a box somebody drew), or the shape is fixed (the
        grid of somebody's file).
    """

    name: str
    latitude: np.ndarray = field(repr=False)
    longitude: np.ndarray = field(repr=False)
    x: np.ndarray | None = field(default=None, repr=False)
    y: np.ndarray | None = field(default=None, repr=False)
    crs: str | None = field(default=None, repr=False)
    x_edges: np.ndarray | None = field(default=None, repr=False)
    y_edges: np.ndarray | None = field(default=None, repr=False)
    corners: tuple[np.ndarray, np.ndarray] | None = field(default=None, repr=False)
    grows: bool = False

    @classmethod
    def on_axes(cls, name: str, x: np.ndarray, y: np.ndarray, crs: str, **more: object) -> "Grid":
        """A grid of straight axes in a coordinate reference system (anything that pyproj reads)."""
        x, y, system = _axis(x, name), _axis(y, name), wkt(crs, name)
        lon, lat = to_lonlat(system, *np.meshgrid(x, y))
        if not np.isfinite(lat).all():
            raise ScaleAdaptError(f"{name}: some of its cells lie outside the reach of its projection.")
        return cls(name, lat, lon, x, y, system, **more)  # type: ignore[arg-type]

    @classmethod
    def from_latlon(
        cls, name: str, latitude: np.ndarray, longitude: np.ndarray, crs: str | None = None, **more: object
    ) -> "Grid":
        """A grid known by the positions of its cells, (y, x); its axes are found if it has straight ones.

        Parameters
        ----------
        name : str
            For messages.
        latitude, longitude : ndarray
            (y, x), degrees.
        crs : str, optional
            The system in which the axes may be straight; longitude and latitude by default.
        """
        latitude, longitude = np.asarray(latitude, "float64"), np.asarray(longitude, "float64")
        if latitude.ndim != 2 or latitude.shape != longitude.shape or min(latitude.shape) < 2:
            raise ScaleAdaptError(f"{name}: a grid of at least 2 x 2 cells in rows and columns is needed.")
        if not (np.isfinite(latitude).all() and np.isfinite(longitude).all()):
            raise ScaleAdaptError(f"{name}: some latitudes or longitudes are missing.")
        system = wkt(crs or WGS84, name)
        x, y = (longitude, latitude) if crs is None else to_xy(system, longitude, latitude)
        if crs is None:
            x = np.rad2deg(np.unwrap(np.deg2rad(x), axis=1))  # across Greenwich or the date line
        axes = _straight(x, y)
        if axes is None:
            return cls(name, latitude, longitude, **more)  # type: ignore[arg-type]
        return cls(name, latitude, longitude, *axes, system, **more)  # type: ignore[arg-type]

    @property
    def shape(self) -> tuple[int, int]:
        """(y, x)."""
        return self.latitude.shape[0], self.latitude.shape[1]

    @cached_property
    def cell_km(self) -> float:
        """Side of a square as large as the median cell, km."""
        lon, lat = self.mesh_lonlat()
        places = vectors(lat, lon)
        steps = [np.linalg.norm(np.diff(places, axis=axis), axis=-1) for axis in (0, 1)]
        height, width = steps[0][:, :-1], steps[1][:-1]
        return float(np.sqrt(np.median(height * width)))

    def mesh(self) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates of the corners, (y + 1, x + 1): in the grid's system, or longitude and latitude without one."""
        if self.x is not None and self.y is not None:
            x = edges(self.x) if self.x_edges is None else self.x_edges
            y = edges(self.y) if self.y_edges is None else self.y_edges
            if self.is_latlon:
                y = np.clip(y, -90, 90)
            across, down = np.meshgrid(x, y)
            return across, down
        return self.corners if self.corners is not None else infer_corners(self.longitude, self.latitude)

    def mesh_lonlat(self) -> tuple[np.ndarray, np.ndarray]:
        """Longitudes and latitudes of the corners, each (y + 1, x + 1), degrees."""
        mesh = self.mesh()
        return mesh if self.crs is None or self.is_latlon else to_lonlat(self.crs, *mesh)

    @cached_property
    def is_latlon(self) -> bool:
        """Whether rows are parallels and columns meridians."""
        return self.crs is not None and is_geographic(self.crs) and np.allclose(self.latitude, self.y[:, None])  # type: ignore[index]

    def rows_columns(self, rows: slice, columns: slice) -> "Grid":
        """A part of the grid."""
        parts: dict[str, object] = {
            "latitude": self.latitude[rows, columns],
            "longitude": self.longitude[rows, columns],
        }
        outer = [slice(s.indices(n)[0], s.indices(n)[1] + 1) for s, n in zip((rows, columns), self.shape, strict=True)]
        for name, axis in (("y", 0), ("x", 1)):
            centres, given = getattr(self, name), getattr(self, f"{name}_edges")
            if centres is not None:
                parts[name] = centres[(rows, columns)[axis]]
            if given is not None:
                parts[f"{name}_edges"] = given[outer[axis]]
        if self.corners is not None:
            parts["corners"] = tuple(corner[outer[0], outer[1]] for corner in self.corners)
        return replace(self, **parts)  # type: ignore[arg-type]


def _axis(values: np.ndarray, name: str) -> np.ndarray:
    values = np.asarray(values, "float64")
    steps = np.diff(values)
    if values.ndim != 1 or len(values) < 2 or not (np.all(steps > 0) or np.all(steps < 0)):
        raise ScaleAdaptError(f"{name}: an axis must have at least 2 values that rise or fall.")
    return values


def _straight(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Axes of a mesh whose rows and columns are straight to a thousandth of a cell."""
    across, down = np.median(x, axis=0), np.median(y, axis=1)
    near = 1e-3 * min(np.abs(np.diff(across)).min(), np.abs(np.diff(down)).min())
    return (across, down) if np.abs(x - across).max() <= near and np.abs(y - down[:, None]).max() <= near else None


def edges(centres: np.ndarray) -> np.ndarray:
    """Edges half way between the centres of an axis; the outer cells are as wide as they are inwards."""
    middle = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([[2 * centres[0] - middle[0]], middle, [2 * centres[-1] - middle[-1]]])


def infer_corners(longitude: np.ndarray, latitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners half way between the centres of four cells on the sphere, (y + 1, x + 1), in degrees.

    The outer ones are as far out as the next are in. Poles and the date line need no care.
    """
    places = vectors(latitude, longitude)
    for axis in (0, 1):
        first, second, before, last = (np.take(places, [i], axis) for i in (0, 1, -2, -1))
        padded = np.concatenate([2 * first - second, places, 2 * last - before], axis=axis)
        n = padded.shape[axis]
        places = (np.take(padded, range(1, n), axis) + np.take(padded, range(n - 1), axis)) / 2
    lat, lon = degrees(places)
    return lon, lat
