"""The single run through the windows that counts every system, on the pixels and hours that all of them have."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.windows import Coarse
from anemoi_scaleadapt.verification.scores import add, tally
from anemoi_scaleadapt.verification.settings import Settings, Sums
from anemoi_scaleadapt.verification.window import Forecast, Memory, Window

#: members (member, t, y, x) in mm h-1 from (the hours of a window, its number), called in the order of time
System = Callable[[np.ndarray, int], np.ndarray]


@dataclass
class Pixels:
    """What is scored, in pixels and hours.

    Parameters
    ----------
    scored, truth : int
        Known in truth and all systems; known in the truth.
    scored_wet, truth_wet : int
        Of these with rain in the truth.
    lacking : dict
        System -> those with rain in the truth that it lacks and another has, or that the coarse rain covers.
    marked : dict
        Record -> values of its file that were no rain, by the keys of :func:`anemoi_scaleadapt.rain.codes.clean`.
    """

    scored: int = 0
    truth: int = 0
    scored_wet: int = 0
    truth_wet: int = 0
    lacking: dict[str, int] = field(default_factory=dict)
    marked: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass
class Tallies:
    """What was counted.

    Parameters
    ----------
    settings : Settings
        What is scored.
    windows : ndarray of datetime64, shape (n, t)
        Hours of each window.
    days : list of str
        Days on which windows begin.
    sums : dict
        System -> over ``days``, its sums.
    members : dict
        System -> size of the ensemble.
    pixels : Pixels
        On how many pixels and hours.
    pixel_bias : dict
        System -> root mean square over pixels of the bias of the period's mean, mm h-1.
    """

    settings: Settings
    windows: np.ndarray
    days: list[str]
    sums: dict[str, list[Sums]]
    members: dict[str, int]
    pixels: Pixels
    pixel_bias: dict[str, float]


def count(
    systems: Mapping[str, System],
    truth: Rain,
    coarse: Coarse,
    windows: np.ndarray,
    settings: Settings,
    allow_missing: bool = False,
    progress: Callable[[Sequence], Iterable] = iter,
    watch: Callable[[int, np.ndarray, np.ndarray, dict[str, np.ndarray]], None] | None = None,
) -> Tallies:
    """Run through the windows once.

    Parameters
    ----------
    systems : mapping
        What is scored, by name.
    truth : Rain
        On the fine grid.
    coarse : Coarse
        Coarse frames.
    windows : ndarray of datetime64, shape (n, t)
        Hours of each window.
    settings : Settings
        What is scored.
    allow_missing : bool
        Leave out where it rains and a system has no value, instead of raising.
    progress : callable
        Wraps the list of windows, to show a bar.
    watch : callable, optional
        Called with (number, coarse frame, truth, members by name) of every window.

    Raises
    ------
    ScaleAdaptError
        If a system has no value where it rains, though another has one or the coarse rain is known there.
    """
    memories, of_truth, of_known = {name: Memory(settings) for name in systems}, Memory(settings), Memory(settings)
    per_day: dict[str, dict[str, Sums]] = {}
    sizes: dict[str, int] = {}
    pixels = Pixels(lacking=dict.fromkeys(systems, 0))
    hours, errors = np.zeros(settings.shape), {name: np.zeros(settings.shape) for name in systems}
    last = None
    for number, times in enumerate(progress(list(windows))):
        observed, frame = truth.at(times)[0], coarse.frame(times)
        drawn = {name: system(times, number).astype("float32", copy=False) for name, system in systems.items()}
        known = shared(observed, frame, drawn, times, settings.wet, pixels, allow_missing)
        follows = last is not None and times[0] - last == HOUR
        filled = np.where(known, observed, np.float32(0))
        past, blocks = of_truth.follow(filled[None], follows)
        past_known, masks = of_known.follow(known[None], follows)
        blocks = [np.where(mask, block, np.nan)[0] for block, mask in zip(blocks, masks, strict=True)]
        window = Window(filled, known, frame, settings, [x[0] for x in past], [x[0] for x in past_known], blocks)
        day = per_day.setdefault(str((times[0] - HOUR).astype("datetime64[D]")), {})
        for name, members in drawn.items():
            forecast = Forecast(window, members)
            forecast.past, forecast.blocks = memories[name].follow(forecast.filled, follows)
            day[name] = add(day.get(name), tally(forecast, settings))
            errors[name] += (forecast.filled.mean(axis=0) - window.truth).sum(axis=0)
            sizes[name] = len(members)
        hours += known.sum(axis=0)
        if watch is not None:
            watch(number, frame, observed, drawn)
        last = times[-1]
    days = sorted(per_day)
    bias = {name: _root_mean_square(error[hours > 0] / hours[hours > 0]) for name, error in errors.items()}
    sums = {name: [per_day[day][name] for day in days] for name in systems}
    return Tallies(settings, windows, days, sums, sizes, pixels, bias)


def _root_mean_square(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2))) if values.size else np.nan


def shared(
    truth: np.ndarray,
    coarse: np.ndarray,
    drawn: Mapping[str, np.ndarray],
    times: np.ndarray,
    wet: float,
    pixels: Pixels,
    allow_missing: bool,
) -> np.ndarray:
    """Return where truth (t, y, x) and all members are known, counting in ``pixels`` what that leaves out."""
    s = truth.shape[-1] // coarse.shape[-1]
    of_truth = ~np.isnan(truth)
    there = {name: ~np.isnan(members).any(axis=0) for name, members in drawn.items()}
    covered = np.repeat(np.repeat(~np.isnan(coarse), s, axis=0), s, axis=1)
    rain = of_truth & (truth > wet)
    due = rain & np.logical_or.reduce([np.broadcast_to(covered, rain.shape), *there.values()])
    lacking = {name: n for name, has in there.items() if (n := int((due & ~has).sum()))}
    if lacking and not allow_missing:
        who = ", ".join(lacking)
        cause = "" if covered.all() else "; the coarse rain (--lr) is missing in places"
        raise ScaleAdaptError(
            f"{who}: no value at {max(lacking.values())} of {int(rain.sum())} pixels and hours with more than {wet:g} "
            f"mm/h of rain in the window that ends at {times[-1]}Z{cause}. All systems would be scored without them: "
            "mend the file, or give --allow-missing."
        )
    known = of_truth & np.logical_and.reduce(list(there.values()))
    pixels.scored += int(known.sum())
    pixels.truth += int(of_truth.sum())
    pixels.scored_wet += int((known & rain).sum())
    pixels.truth_wet += int(rain.sum())
    for name, n in lacking.items():
        pixels.lacking[name] += n
    return known
