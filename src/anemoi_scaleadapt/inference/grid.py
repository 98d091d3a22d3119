"""The fine grid of a run, the factor in space, and where every coarse cell lies on it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.from_anemoi import open_anemoi
from anemoi_scaleadapt.rain.sphere import RADIUS_KM, block_middles, vectors
from anemoi_scaleadapt.scale.pairs import SPACE

#: factors in space that are looked for
FACTORS = range(1, SPACE + 1)
#: how far a coarse cell may lie from its place, in its own widths
TOLERANCE = 0.1
#: points this near to a cell's centre, in its widths, belong to narrower cells: three times narrower ones have points a
#: third of a width off, while neighbours of its own size are half a width off even where meridians lie close
BETWEEN = 0.4
ELSEWHERE = (
    "Bring it there with `anemoi-scaleadapt downscale`, or give the fine grid to write (`runner: {auto: {grid: "
    "FINE.zarr}}`)."
)


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
        """Centres of the coarse cells on the sphere, (cells, 3), km."""
        return block_middles(self.points, space).reshape(-1, 3)

    @property
    def points(self) -> np.ndarray:
        """Pixels on the sphere, (y, x, 3), km."""
        return vectors(self.latitudes, self.longitudes).reshape(*self.shape, 3)


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
        dataset = open_anemoi(path)
        shape, latitudes, longitudes = dataset.field_shape, dataset.latitudes, dataset.longitudes
    else:
        if runner.checkpoint.export is not None:
            raise ScaleAdaptError(
                f"checkpoint: {runner.checkpoint.path} is an export and holds no grid: give that to write, "
                "`runner: {scaleadapt: {grid: FINE.zarr}}`."
            )
        metadata = runner.checkpoint.multi_dataset_metadata[net.hr]
        shape = metadata._metadata_inference["scaleadapt"]["field_shapes"][net.hr]
        latitudes, longitudes = metadata.latitudes, metadata.longitudes
    shape = tuple(int(n) for n in shape)
    if len(shape) != 2:
        raise ScaleAdaptError(f"The fine grid {path or 'of the checkpoint'} is {shape}: rows and columns are needed.")
    return Grid(shape, np.asarray(latitudes), np.asarray(longitudes), path or "the checkpoint's fine grid")


def space_of(grid: Grid, cells: int, points: tuple[np.ndarray, np.ndarray] | None, path: str) -> int:
    """Find s: that whose cells lie where the points of the coarse rain lie.

    Parameters
    ----------
    grid : Grid
        The fine grid.
    cells : int
        Number of the coarse rain's points.
    points : (ndarray, ndarray) or None
        Their latitudes and longitudes, degrees; without, their number alone decides.
    path : str
        Where they come from, for messages.

    Raises
    ------
    ScaleAdaptError
        If no s fits, or several.
    """
    if points is None:
        fits = [s for s in FACTORS if np.prod(grid.coarse_shape(s)) == cells]
        how = f"{path} has {cells} points without coordinates"
    else:
        fits = fitting(grid, *points)
        how = f"{path} has {cells} points, {_box(*points)}"
    if len(fits) == 1:
        return fits[0]
    found = f"fits s = {', '.join(map(str, fits))}" if fits else f"fits no s from 1 to {SPACE}"
    advice = "Say which: `runner: {auto: {scale: {space: ..., time: ...}}}`." if fits else ELSEWHERE
    raise ScaleAdaptError(
        f"{how}; {grid.path} {grid.shape[0]} x {grid.shape[1]} pixels, {_box(grid.latitudes, grid.longitudes)}: that "
        f"{found}. {advice}"
    )


def fitting(grid: Grid, latitudes: np.ndarray, longitudes: np.ndarray) -> list[int]:
    """Factors whose cells all lie on points of the coarse rain.

    Of several only those are kept whose points lie as near as those of the best.

    Parameters
    ----------
    grid : Grid
        The fine grid.
    latitudes, longitudes : ndarray
        Of the coarse rain's points, degrees; there may be more around the grid.
    """
    points = cKDTree(vectors(np.ravel(latitudes), np.ravel(longitudes)))
    tried = {s: _nearest(grid, s, points) for s in FACTORS if 0 < np.prod(grid.coarse_shape(s)) <= points.n}
    apart = {s: near.worst / near.width for s, near in tried.items() if near.fits}
    best = min(apart.values(), default=0.0)
    return [s for s in apart if apart[s] <= max(2 * best, TOLERANCE / 100)]


def places(grid: Grid, space: int, latitudes: np.ndarray, longitudes: np.ndarray, path: str) -> np.ndarray:
    """Which point of the coarse rain is which cell of the fine grid, whatever the order of its rows and columns.

    Parameters
    ----------
    grid : Grid
        The fine grid; rows and columns at its end that are no whole cell are left out.
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
        If a cell has no point within a tenth of its width; says which s fits, if one does.
    """
    near = _nearest(grid, space, cKDTree(vectors(np.ravel(latitudes), np.ravel(longitudes))))
    if near.fits:
        return near.index
    fits = fitting(grid, latitudes, longitudes)
    if fits:
        advice = f"Its points are the cells of s = {' or '.join(map(str, fits))}: leave `scale` out, or set it so."
    else:
        advice = ELSEWHERE
    raise ScaleAdaptError(
        f"{path} is not on the coarse grid of {grid.path} for s = {space}: cells are {near.width:.1f} km wide, "
        + (
            f"and one lies {near.worst:.1f} km from the next point"
            if near.worst > TOLERANCE * near.width
            else f"and {near.between} points lie between their centres"
        )
        + f". Coarse rain: {_box(latitudes, longitudes)}; fine grid: {_box(grid.latitudes, grid.longitudes)}. {advice}"
    )


@dataclass(frozen=True)
class _Nearest:
    """The point next to each cell.

    Attributes
    ----------
    index : ndarray of int
        Points in the order of the cells.
    worst, width : float
        Distance of the cell that lies farthest from its point, and the width of a cell, km.
    between : int
        Points that are nearest to no cell and lie within the grid.
    """

    index: np.ndarray
    worst: float
    width: float
    between: int

    @property
    def fits(self) -> bool:
        """Whether every cell has a point of its own, and nothing lies between."""
        return self.worst <= TOLERANCE * self.width and not self.between


def _nearest(grid: Grid, space: int, points: cKDTree) -> _Nearest:
    """Find the point next to each cell of s pixels."""
    whole = grid.whole(space)
    wanted = whole.centres(space)
    distance, index = points.query(wanted)
    width = float(np.sqrt(_area(whole) / len(wanted)))
    others = np.delete(points.data, index, axis=0)
    alone = len(np.unique(index)) == len(index)
    between = cKDTree(wanted).query(others)[0] < BETWEEN * width if len(others) else np.zeros(0)
    worst = max(float(distance.max()), 0.0 if alone else width)
    return _Nearest(index, worst, width, int(between.sum()))


def _area(grid: Grid) -> float:
    """Area of the grid from the mean distance of neighbouring pixels, km2."""
    steps = [np.linalg.norm(np.diff(grid.points, axis=axis), axis=-1) for axis in (0, 1)]
    sides = [step.mean() if step.size else RADIUS_KM for step in steps]
    return float(np.prod(sides)) * grid.shape[0] * grid.shape[1]


def _box(latitudes: np.ndarray, longitudes: np.ndarray) -> str:
    longitudes = (np.asarray(longitudes) + 180) % 360 - 180
    return (
        f"{np.min(latitudes):.2f} to {np.max(latitudes):.2f} N, {np.min(longitudes):.2f} to {np.max(longitudes):.2f} E"
    )
