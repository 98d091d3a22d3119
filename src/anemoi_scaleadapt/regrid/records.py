"""Records of rain on other grids and over longer intervals: each is a record again, read when it is asked for."""

from dataclasses import replace

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.blocks import block_mean
from anemoi_scaleadapt.rain.reader import Rain
from anemoi_scaleadapt.regrid.blocks import Blocks
from anemoi_scaleadapt.regrid.cache import cached_weights
from anemoi_scaleadapt.regrid.cells import Cells, of_grid, of_rows
from anemoi_scaleadapt.regrid.grid import Grid
from anemoi_scaleadapt.regrid.weights import MIN_COVER, Weights


def grid_of(rain: Rain) -> Grid:
    """The grid of a record.

    Raises
    ------
    ScaleAdaptError
        If the record does not say where it lies.
    """
    if rain.crs is not None and rain.x is not None and rain.y is not None:
        return Grid.on_axes(rain.path, rain.x, rain.y, rain.crs)
    if rain.latitude is None or rain.longitude is None:
        raise ScaleAdaptError(f"{rain.path} has no latitude and longitude: its place is not known.")
    return Grid.from_latlon(rain.path, rain.latitude, rain.longitude)


def cells_of(rain: Rain) -> Cells:
    """The cells of a record: of its grid, or of the rows of a reduced one, whose points come as one row."""
    if rain.shape[0] == 1 and rain.latitude is not None and rain.longitude is not None:
        return of_rows(rain.path, rain.latitude, rain.longitude)
    return of_grid(grid_of(rain))


def hours_of(rain: Rain) -> float:
    """Length of a record's intervals in hours.

    Raises
    ------
    ScaleAdaptError
        If it is not known or changes.
    """
    if rain.interval is None:
        raise ScaleAdaptError(f"{rain.path}: over how long its one frame is a mean is not known.")
    return float(rain.interval / HOUR)


def on_blocks(rain: Rain, blocks: Blocks, min_cover: float = MIN_COVER) -> tuple[Rain, Weights]:
    """A record's rain on the blocks of a fine grid, and the weights; these are made once and cached."""
    weights = cached_weights(cells_of(rain), blocks, min_cover)
    latitude, longitude = (c.reshape(blocks.shape) for c in (weights.block_latitude, weights.block_longitude))
    frames = rain.frames

    def means(index: np.ndarray) -> np.ndarray:
        given = np.asarray(frames(index))
        return weights.apply(given.reshape(*given.shape[:2], -1))

    moved = replace(
        rain,
        shape=blocks.shape,
        latitude=latitude,
        longitude=longitude,
        frames=means,
        y=None,
        x=None,
        crs=None,
    )
    return moved, weights


def block_means(rain: Rain, s: int) -> Rain:
    """A record's means over s x s of its cells; a block with a missing cell is missing."""
    if s == 1:
        return rain
    if rain.shape[0] % s or rain.shape[1] % s:
        raise ScaleAdaptError(f"{rain.path}: {rain.shape} cells do not divide into blocks of {s} x {s}.")
    shape, frames = (rain.shape[0] // s, rain.shape[1] // s), rain.frames
    latitude, longitude = None, None
    if rain.latitude is not None:
        cells = of_grid(grid_of(rain), s)
        latitude, longitude = (c.reshape(shape) for c in (cells.latitude, cells.longitude))

    def means(index: np.ndarray) -> np.ndarray:
        return block_mean(frames(index), s)

    return replace(rain, shape=shape, latitude=latitude, longitude=longitude, frames=means, y=None, x=None, crs=None)


def cropped(rain: Rain, rows: slice, columns: slice) -> Rain:
    """Some rows and columns of a record."""
    frames = rain.frames
    cut: dict[str, np.ndarray | None] = {
        "y": None if rain.y is None else rain.y[rows],
        "x": None if rain.x is None else rain.x[columns],
        "latitude": None if rain.latitude is None else rain.latitude[rows, columns],
        "longitude": None if rain.longitude is None else rain.longitude[rows, columns],
    }
    shape = (len(range(*rows.indices(rain.shape[0]))), len(range(*columns.indices(rain.shape[1]))))
    return replace(rain, shape=shape, frames=lambda index: frames(index)[..., rows, columns], **cut)  # type: ignore[arg-type]
