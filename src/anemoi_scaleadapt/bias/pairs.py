"""Pairs of coarse rain and truth: the same cells, the same intervals."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from anemoi_scaleadapt.bias.fit import KEPT
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.reader import Rain
from anemoi_scaleadapt.rain.steps import averaged
from anemoi_scaleadapt.regrid.blocks import SLACK, Blocks, choose_factor
from anemoi_scaleadapt.regrid.cells import Cells, of_grid
from anemoi_scaleadapt.regrid.records import block_means, cells_of, cropped, grid_of, hours_of, on_blocks

#: frames read at once
PIECE = 256


@dataclass(frozen=True, eq=False)
class Pairs:
    """Coarse rain and truth of the same cells and intervals.

    Parameters
    ----------
    coarse, truth : ndarray
        (T, Y, X), mm h-1; the members of an ensemble one after the other.
    times : ndarray
        Ends of the intervals, (T,).
    hours, km : float
        Length of the intervals, side of the cells.
    leads : ndarray, optional
        Lead times of the coarse rain, hours, (T,).
    """

    coarse: np.ndarray
    truth: np.ndarray
    times: np.ndarray
    hours: float
    km: float
    leads: np.ndarray | None = None


def joined(parts: Sequence[Pairs]) -> Pairs:
    """Pairs of several parts of one forecast, such as its lead times."""
    leads = [part.leads for part in parts if part.leads is not None]
    coarse, truth, times = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("coarse", "truth", "times")
    )
    known = np.concatenate(leads) if len(leads) == len(parts) else None
    return replace(parts[0], coarse=coarse, truth=truth, times=times, leads=known)


def match(coarse: Rain, truth: Rain, space: int | None = None) -> tuple[Rain, Rain, float]:
    """Bring two records to common cells and intervals.

    Parameters
    ----------
    coarse, truth : Rain
        On any grids; the truth as fine as the coarse rain or finer, in space and in time.
    space : int, optional
        Truth pixels on a side of a cell; by default from the two grids.

    Returns
    -------
    tuple of (Rain, Rain, float)
        Coarse rain on the blocks of the truth, block means of the truth, and the side of the blocks in km.
    """
    grid, source = grid_of(truth), cells_of(coarse)
    if space is None:
        near = source.km * SLACK < grid.cell_km
        space = 1 if near else choose_factor(source.km, grid.cell_km)[0]
    blocks = Blocks.of(grid, space)
    truth = cropped(truth, *(slice(0, n) for n in blocks.fine.shape))
    if space > 1 or not _same(source, of_grid(grid)):
        coarse = on_blocks(coarse, blocks)[0]
    length = max(hours_of(coarse), hours_of(truth)) * HOUR
    return averaged(coarse, length), averaged(block_means(truth, space), length), grid.cell_km * space


def _same(one: Cells, other: Cells) -> bool:
    return one.latitude.size == other.latitude.size and all(
        bool(np.abs(a - b).max() < 0.02 * one.km / 111)
        for a, b in ((one.latitude, other.latitude), (one.longitude, other.longitude))
    )


def pairs(
    coarse: Rain,
    truth: Rain,
    start: np.datetime64 | None = None,
    end: np.datetime64 | None = None,
    space: int | None = None,
) -> Pairs:
    """Pairs of two records.

    Parameters
    ----------
    coarse, truth : Rain
        As for :func:`match`; every member of the coarse rain is paired with the truth.
    start, end : datetime64, optional
        First and last end of an interval to take.
    space : int, optional
        As for :func:`match`.

    Returns
    -------
    Pairs
        All common intervals, or, of more than ten million values, an even share of them.

    Raises
    ------
    ScaleAdaptError
        If the two have no interval in common.
    """
    coarse, truth, km = match(coarse, truth, space)
    times = np.intersect1d(coarse.times, truth.times)
    times = times[(times >= (times[:1] if start is None else start)) & (times <= (times[-1:] if end is None else end))]
    if not len(times):
        raise ScaleAdaptError(
            f"{coarse.path} ({coarse.times[0]}Z to {coarse.times[-1]}Z) and {truth.path} ({truth.times[0]}Z to "
            f"{truth.times[-1]}Z) have no interval of {hours_of(coarse):g} h in common in that period."
        )
    members = coarse.at(times[:1]).shape[0]
    times = times[:: max(1, -(-len(times) * members * coarse.shape[0] * coarse.shape[1] // KEPT))]
    given, true = (
        np.concatenate([record.at(times[k : k + PIECE]) for k in range(0, len(times), PIECE)], axis=1)
        for record in (coarse, truth)
    )
    leads = coarse.lead_hours(np.searchsorted(coarse.times, times))
    return Pairs(
        given.reshape(-1, *given.shape[2:]),
        np.broadcast_to(true[:1], given.shape).reshape(-1, *given.shape[2:]),
        np.tile(times, members),
        hours_of(coarse),
        km,
        None if leads is None else np.tile(leads, members),
    )
