"""Amounts that grow from frame to frame: seen in the data, and turned into the rain of each step."""

from collections.abc import Callable, Iterator

import numpy as np

from anemoi_scaleadapt.rain.intervals import Plan

#: Share of the largest amount that packing may take from a difference.
PACKING = 1e-3
#: Frames that are looked at, in stretches of so many, and pairs of frames with rain that settle it.
STRETCH, STRETCHES, ENOUGH = 13, 4, 12
#: Cells with rain that a pair of frames must have.
CELLS = 4


def stretches(number: int) -> Iterator[np.ndarray]:
    """Pairs of consecutive frames, in stretches spread over a record of `number` frames, its end first."""
    starts = np.unique(np.linspace(max(number - STRETCH, 0), 0, STRETCHES).round().astype(int))[::-1]
    seen: set[int] = set()
    for start in starts:
        for k in range(start, min(start + STRETCH, number) - 1):
            if k not in seen:
                seen.add(k)
                yield np.array([k, k + 1])


def grows(read: Callable[[np.ndarray], np.ndarray], number: int) -> tuple[bool | None, list[int]]:
    """Whether amounts look accumulated: from frame to frame no cell falls, or all do.

    Parameters
    ----------
    read : callable
        ``read(index)`` gives (member, 2, y, x) of two consecutive frames, in order of time; any unit.
    number : int
        Number of frames.

    Returns
    -------
    bool or None
        None if there are fewer than three pairs of frames with rain in four cells or more.
    list of int
        Frames after which all cells fell, among those that were looked at.
    """
    rising, mixed, falls = 0, 0, []
    for pair in stretches(number):
        before, after = read(pair)[0]
        most = float(np.nanmax([np.nanmax(before, initial=0), np.nanmax(after, initial=0)]))
        if not most > 0:
            continue
        small = PACKING * most
        wet = ((before > small) | (after > small)) & np.isfinite(before) & np.isfinite(after)
        if wet.sum() < CELLS:
            continue
        share = float((after[wet] < before[wet] - small).mean())
        rising, mixed = rising + (share < 0.01), mixed + (0.01 <= share <= 0.8)
        falls += [int(pair[0])] if share > 0.8 else []
        if rising + len(falls) + mixed >= ENOUGH and mixed > 1:
            return False, falls
    if rising + len(falls) + mixed < 3:
        return None, falls
    return mixed <= 0.1 * (rising + len(falls) + mixed) and rising > 1.5 * len(falls), falls


def amounts(read: Callable[[np.ndarray], np.ndarray], plan: Plan, index: np.ndarray) -> np.ndarray:
    """Rain of the intervals, in the unit of the record.

    Parameters
    ----------
    read : callable
        ``read(places)`` gives (member, len(places), y, x) of the record for ascending places.
    plan : Plan
        What is subtracted from what.
    index : ndarray of int
        Intervals of the plan.

    Returns
    -------
    ndarray
        (member, len(index), y, x). Differences below zero by no more than packing are zero.
    """
    order, less = plan.order[index], plan.less[index]
    if (less < 0).all() and (np.diff(order) > 0).all():
        return read(order)
    places = np.unique(np.concatenate([order, less[less >= 0]]))
    values = read(places)
    out = values[:, np.searchsorted(places, order)]
    if (less < 0).all():
        return out
    out = out.astype("float64")
    for k in np.flatnonzero(less >= 0):
        before = values[:, np.searchsorted(places, less[k])]
        step = out[:, k] - before
        most = float(np.nanmax(np.abs(before), initial=0.0))
        if plan.resets and (step < -10 * PACKING * most).any():
            continue  # begun anew: all of it fell since the last value
        out[:, k] = np.where((step < 0) & (step >= -PACKING * most), 0.0, step)
    return out
