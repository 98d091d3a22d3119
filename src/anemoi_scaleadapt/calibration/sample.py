"""The rain a calibration looks at: some wet windows at full resolution, and stretches of coarse rain."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.windows import space_factor

#: Longest stretch of coarse rain (hours) and how many hours of it are read at most.
STRETCH, MOST_HOURS = 240, 5000
#: Edge of the fine square in cells, and of the coarse one in coarse cells, at most.
EDGE, COARSE_EDGE = 128, 48


@dataclass(frozen=True)
class Sample:
    """Rain in mm h-1, without missing values.

    Parameters
    ----------
    space, time
        s and t.
    fine
        (n, t, y, x): wet windows of a square of the fine grid.
    stretches
        Coarse rain, (frames, Y, X) each: consecutive means over t hours.
    """

    space: int
    time: int
    fine: np.ndarray
    stretches: list[np.ndarray]


def consecutive(times: np.ndarray, longest: int) -> list[np.ndarray]:
    """Cut sorted hourly times at their gaps, and into pieces of at most `longest` hours."""
    runs = np.split(times, np.flatnonzero(np.diff(times) != HOUR) + 1)
    return [run[i : i + longest] for run in runs for i in range(0, len(run), longest) if len(run)]


def evenly(items: list, most: int) -> list:
    """At most `most` of the items, spread evenly."""
    if len(items) <= most:
        return list(items)
    return [items[i] for i in np.linspace(0, len(items) - 1, most).round().astype(int)]


def square(valid: np.ndarray, edge: int, step: int = 1) -> tuple[slice, slice]:
    """Place a square of `edge` cells where most of them are valid, near the middle; corners on multiples of `step`."""
    edge_y, edge_x = (min(edge, n) // step * step for n in valid.shape)
    best = (-1.0, -np.inf)
    found: tuple[slice, slice] = (slice(0, edge_y), slice(0, edge_x))
    for y in np.unique(np.linspace(0, valid.shape[0] - edge_y, 9).astype(int) // step * step):
        for x in np.unique(np.linspace(0, valid.shape[1] - edge_x, 9).astype(int) // step * step):
            place = (slice(y, y + edge_y), slice(x, x + edge_x))
            off = abs(2 * y + edge_y - valid.shape[0]) + abs(2 * x + edge_x - valid.shape[1])
            score = (float(valid[place].mean()), -float(off))
            if score > best:
                best, found = score, place
    return found


def whole_square(valid: np.ndarray, edge: int) -> tuple[slice, slice]:
    """Place a square without a gap: of `edge` cells, or of a half, a quarter ... where gaps leave no more."""
    while True:
        place = square(valid, edge)
        if valid[place].all() or edge == 1:
            return place
        edge = max(edge // 2, 1)


def read(
    lr: Rain,
    hr: Rain,
    time: int,
    number: int = 300,
    progress: Callable[[Iterable], Iterable] = iter,
) -> Sample:
    """Read a sample of a dataset pair.

    Parameters
    ----------
    lr, hr
        Hourly rain of the same dates on the coarse and on the fine grid.
    time
        t, hours of a coarse frame.
    number
        Fine windows at most; the wet ones among evenly spaced windows.
    progress
        Wraps the list of things to read (a progress bar).

    Raises
    ------
    ScaleAdaptError
        If the grids do not fit, no t consecutive hours are in both, or no wet window is without gaps.
    """
    space = space_factor(hr, lr)
    common = np.intersect1d(lr.times, hr.times)
    runs = [run for run in consecutive(common, STRETCH) if len(run) >= time] if len(common) else []
    if not runs:
        raise ScaleAdaptError(
            f"{lr.path} and {hr.path} share no {time} consecutive hours "
            f"({lr.times[0]}Z to {lr.times[-1]}Z and {hr.times[0]}Z to {hr.times[-1]}Z)."
        )
    runs = evenly(runs, max(1, MOST_HOURS // STRETCH))
    probe = lr.at(runs[len(runs) // 2][:1])[0, 0]
    coarse_square = square(np.isfinite(probe), COARSE_EDGE)
    fine_coarse = whole_square(np.isfinite(probe), min(max(EDGE // space, 1), *probe.shape))
    fine_square = tuple(slice(p.start * space, p.stop * space) for p in fine_coarse)
    stretches, candidates = [], []
    for run in progress(runs):
        run = run[: len(run) // time * time]
        frames = lr.at(run)[0].reshape(-1, time, *lr.shape).mean(axis=1)
        stretches.append(frames[(slice(None), *coarse_square)])
        here = frames[(slice(None), *fine_coarse)].mean(axis=(1, 2))
        candidates += [run[i * time : (i + 1) * time] for i in np.flatnonzero(here > 0)]
    fine = []
    for window in progress(evenly(candidates, number)):
        rain = hr.at(window)[0][:, fine_square[0], fine_square[1]]
        if np.isfinite(rain).all() and (rain > 0).any():
            fine.append(rain)
    if not fine:
        raise ScaleAdaptError(f"{hr.path}: no window of {time} h with rain and without missing values was found.")
    return Sample(space, time, np.stack(fine), stretches)
