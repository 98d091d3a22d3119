"""The fine grid of a run, the factor pair, and where every coarse cell lies on it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from anemoi_scaleadapt.errors import ScaleAdaptError

#: mean radius of the Earth in km
EARTH = 6371.0
#: how far a coarse cell may lie from its place, in its own widths
TOLERANCE = 0.1


@dataclass(frozen=True)
class Grid:
    """A fine grid whose rows and columns are whole coarse cells.

    Attributes
    ----------
    shape : tuple of int
        (y, x).
    latitudes, longitudes : ndarray
        Degrees, (y * x,).
    path : str
        Where it comes from, for messages.
    """

    shape: tuple[int, int]
    latitudes: np.ndarray
    longitudes: np.ndarray
    path: str

    def coarse_shape(self, space: int) -> tuple[int, int]:
        """(y, x) of the coarse grid for a factor s."""
        return self.shape[0] // space, self.shape[1] // space

    def whole(self, space: int) -> "Grid":
        """The grid without the rows and columns at its end that are no whole cell of s pixels."""
        height, width = (n * space for n in self.coarse_shape(space))
        if not height or not width:
            raise ScaleAdaptError(
                f"{self.path} has {self.shape[0]} x {self.shape[1]} pixels: less than one coarse cell of "
                f"{space} x {space}."
            )
        latitudes, longitudes = (
            a.reshape(self.shape)[:height, :width].ravel() for a in (self.latitudes, self.longitudes)
        )
        return Grid((height, width), latitudes, longitudes, self.path)

    def centres(self, space: int) -> np.ndarray:
        """Centres of the coarse cells on the unit sphere, (cells, 3)."""
        (height, width), points = self.shape, sphere(self.latitudes, self.longitudes)
        mean = points.reshape(height // space, space, width // space, space, 3).mean((1, 3)).reshape(-1, 3)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def sphere(latitudes: np.ndarray, longitudes: np.ndarray) -> np.ndarray:
    """Points on the unit sphere, (n, 3), of degrees (n,); longitudes in any convention."""
    lat, lon = np.radians(np.ravel(latitudes)), np.radians(np.ravel(longitudes))
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def fine_grid(runner: Any, net: Any, path: str | None) -> Grid:
    """Find the fine grid of a run.

    Parameters
    ----------
    runner : ScaleAdaptRunner
        Its checkpoint holds the grid of training.
    net : ScaleAdaptModel
        Names of datasets.
    path : str, optional
        An anemoi dataset on the grid to write.

    Raises
    ------
    ScaleAdaptError
        If it cannot be read or is no grid of rows and columns.
    """
    if path:
        from anemoi.datasets import open_dataset

        try:
            dataset = open_dataset(path)
        except Exception as error:
            raise ScaleAdaptError(f"runner.grid = {path!r} cannot be opened as an anemoi dataset: {error}") from error
        shape, latitudes, longitudes = dataset.field_shape, dataset.latitudes, dataset.longitudes
    else:
        metadata = runner.checkpoint.multi_dataset_metadata[net.hr]
        shape = metadata._metadata_inference["scaleadapt"]["field_shapes"][net.hr]
        latitudes, longitudes = metadata.latitudes, metadata.longitudes
    shape = tuple(int(n) for n in shape)
    if len(shape) != 2:
        raise ScaleAdaptError(f"The fine grid {path or 'of the checkpoint'} is {shape}: rows and columns are needed.")
    return Grid(shape, np.asarray(latitudes), np.asarray(longitudes), path or "the checkpoint's fine grid")


def pair_of(grid: Grid, cells: int, hours: int) -> dict[str, int]:
    """Find the factor pair that the grids and the frequency of the coarse rain tell.

    Parameters
    ----------
    grid : Grid
        The fine grid.
    cells, hours : int
        Number of coarse cells, and how often the coarse rain comes.

    Raises
    ------
    ScaleAdaptError
        If they do not tell s.
    """
    fits = [s for s in range(1, 26) if np.prod(grid.coarse_shape(s)) == cells]
    if len(fits) != 1:
        raise ScaleAdaptError(
            f"The coarse rain has {cells} cells, {grid.path} {grid.shape[0]} x {grid.shape[1]} pixels: that does not "
            "tell s. Say it: `runner: {auto: {scale: {space: ..., time: ...}}}`."
        )
    return {"space": fits[0], "time": hours}


def places(grid: Grid, space: int, latitudes: np.ndarray, longitudes: np.ndarray, path: str) -> np.ndarray:
    """Which point of the coarse rain is which cell of the fine grid, whatever the order of its rows and columns.

    Parameters
    ----------
    grid : Grid
        Of whole coarse cells.
    space : int
        s.
    latitudes, longitudes : ndarray
        Of the coarse rain's points, degrees, any shape.
    path : str
        Where they come from, for messages.

    Returns
    -------
    ndarray of int
        (cells,): points in the order of the cells, row by row.

    Raises
    ------
    ScaleAdaptError
        If a cell has no point within a tenth of its width.
    """
    wanted, points = grid.centres(space), sphere(latitudes, longitudes)
    distance, index = cKDTree(points).query(wanted)
    width = EARTH * np.sqrt(_area(grid) / len(wanted))
    worst = EARTH * float(distance.max())
    if worst > TOLERANCE * width or len(np.unique(index)) < len(wanted):
        raise ScaleAdaptError(
            f"{path} is not on the coarse grid of {grid.path} for s = {space}: a cell of {width:.1f} km lies "
            f"{worst:.1f} km from the next point. Coarse rain: {_box(latitudes, longitudes)}; fine grid: "
            f"{_box(grid.latitudes, grid.longitudes)}. Bring it there with `anemoi-scaleadapt downscale`, or give the "
            "fine grid to write (`runner: {auto: {grid: FINE.zarr}}`)."
        )
    return index


def _area(grid: Grid) -> float:
    """Area of the grid on the unit sphere, from the mean distance of neighbouring pixels."""
    points = sphere(grid.latitudes, grid.longitudes).reshape(*grid.shape, 3)
    steps = [np.linalg.norm(np.diff(points, axis=axis), axis=-1) for axis in (0, 1)]
    return float(np.prod([step.mean() if step.size else 1.0 for step in steps])) * grid.shape[0] * grid.shape[1]


def _box(latitudes: np.ndarray, longitudes: np.ndarray) -> str:
    longitudes = (np.asarray(longitudes) + 180) % 360 - 180
    return (
        f"{np.min(latitudes):.2f} to {np.max(latitudes):.2f} N, {np.min(longitudes):.2f} to {np.max(longitudes):.2f} E"
    )
