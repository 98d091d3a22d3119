"""Cells as polygons in an equal-area plane: what overlaps are measured on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.sphere import block_middles, degrees, vectors
from anemoi_scaleadapt.regrid.grid import Grid, edges
from anemoi_scaleadapt.regrid.projection import to_lonlat, to_xy

#: sides of cells are drawn by pieces of at most so many km, but 8 of them at most: their bend is then below 1e-5 of a
#: cell of 25 km
PIECE_KM = 3.5


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of any grid.

    Parameters
    ----------
    name : str
        For messages.
    latitude, longitude : ndarray
        Centres in the order of the field's values, (n,), degrees.
    km : float
        Side of a typical cell.
    rings : callable
        ``rings(index)`` gives longitudes and latitudes of the outlines of some cells, each (len(index), vertices).
    """

    name: str
    latitude: np.ndarray
    longitude: np.ndarray
    km: float
    rings: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def pieces(km: float) -> int:
    """Pieces of a side of `km`."""
    return int(np.clip(np.ceil(km / PIECE_KM), 1, 8))


def drawn(x: np.ndarray, y: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Outlines with every side cut into equal pieces: (n, vertices) to (n, vertices * number)."""
    shares = np.arange(number) / number
    both = [(c[:, :, None] + (np.roll(c, -1, 1) - c)[:, :, None] * shares).reshape(len(c), -1) for c in (x, y)]
    return both[0], both[1]


def near(longitude: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Longitudes within half a turn of a reference."""
    return np.asarray(reference + (longitude - reference + 180) % 360 - 180)


def of_grid(grid: Grid, step: int = 1) -> Cells:
    """Cells of a structured grid, or its blocks of `step` x `step` cells, row by row.

    Raises
    ------
    ScaleAdaptError
        If `step` does not divide the grid.
    """
    ny, nx = grid.shape
    if ny % step or nx % step:
        raise ScaleAdaptError(f"{grid.name}: {ny} x {nx} cells do not divide into blocks of {step} x {step}.")
    mx, my = grid.mesh()
    columns = nx // step
    km = grid.cell_km * step
    if grid.crs is None and step > 1:  # a bent grid: along its own corners
        along = np.unique(np.linspace(0, step, pieces(km) + 1).round().astype(int))[:-1]
        down = np.concatenate([0 * along, along, 0 * along + step, step - along])
        right = np.concatenate([along, 0 * along + step, step - along, 0 * along])
        number = 1
    else:
        down, right = np.array([0, 0, step, step]), np.array([0, step, step, 0])
        number = pieces(km)

    def rings(index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        row = (index // columns * step)[:, None] + down
        column = (index % columns * step)[:, None] + right
        x, y = mx[row, column], my[row, column]
        if grid.crs is None:
            x = near(x, x[:, :1])
        x, y = drawn(x, y, number)
        return (x, y) if grid.crs is None or grid.is_latlon else to_lonlat(grid.crs, x, y)

    middle = _middle(grid, step)
    return Cells(grid.name, middle[1], middle[0], km, rings)


def _middle(grid: Grid, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Longitudes and latitudes of the centres of blocks, flat."""
    if step == 1:
        return grid.longitude.ravel(), grid.latitude.ravel()
    if grid.x is not None and grid.y is not None and grid.crs is not None:
        x, y = (axis.reshape(-1, step).mean(axis=1) for axis in (grid.x, grid.y))
        lon, lat = to_lonlat(grid.crs, *np.meshgrid(x, y))
        return lon.ravel(), lat.ravel()
    lat, lon = degrees(block_middles(vectors(grid.latitude, grid.longitude), step))
    return lon.ravel(), lat.ravel()


def of_rows(name: str, latitude: np.ndarray, longitude: np.ndarray) -> Cells:
    """Cells of a reduced grid (reduced Gaussian, octahedral): rows of equal latitude, each with its own spacing.

    Parameters
    ----------
    name : str
        For messages.
    latitude, longitude : ndarray
        Centres row by row, (n,), degrees.

    Raises
    ------
    ScaleAdaptError
        If the points do not lie in at least two rows of evenly spaced longitudes.
    """
    latitude, longitude = np.asarray(latitude, "float64").ravel(), np.asarray(longitude, "float64").ravel()
    begins = np.concatenate([[0], np.flatnonzero(np.diff(latitude)) + 1])
    counts = np.diff(np.append(begins, len(latitude)))
    rows = latitude[begins]
    steps = np.array([_spacing(longitude[b : b + n]) for b, n in zip(begins, counts, strict=True)])
    falls = np.diff(rows)
    if len(rows) < 2 or not (np.all(falls > 0) or np.all(falls < 0)) or np.isnan(steps).any():
        raise ScaleAdaptError(
            f"{name}: its {len(latitude)} points lie neither in rows and columns nor in rows of equal latitude, so the "
            "cells round them are not known. Regrid it first to a regular grid."
        )
    bounds = np.clip(edges(rows), -90, 90)
    row_of = np.repeat(np.arange(len(rows)), counts)
    height = float(np.median(np.abs(np.diff(bounds)))) * 111.2
    km = height * float(np.sqrt(np.median(steps * np.cos(np.deg2rad(rows)) * 111.2 / height)))

    def rings(index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        row, half = row_of[index], steps[row_of[index]] / 2
        west, east = longitude[index] - half, longitude[index] + half
        x = np.stack([west, east, east, west], axis=1)
        y = np.stack([bounds[row], bounds[row], bounds[row + 1], bounds[row + 1]], axis=1)
        return drawn(x, y, pieces(km))

    return Cells(name, latitude, longitude, km, rings)


def _spacing(longitude: np.ndarray) -> float:
    """Spacing of a row in degrees; NaN if it is not even."""
    if len(longitude) < 2:
        return float("nan")
    gaps = np.diff(longitude) % 360
    step = float(np.median(gaps))
    return step if step > 0 and (np.abs(gaps - step) < 0.01 * step).sum() >= len(gaps) - 1 else float("nan")


def polygons(cells: Cells, index: np.ndarray, plane: str) -> np.ndarray:
    """Outlines of some cells as shapely polygons in a plane."""
    import shapely

    x, y = to_xy(plane, *cells.rings(index))
    return np.asarray(shapely.polygons(np.stack([x, y], axis=-1)))
