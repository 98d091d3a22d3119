"""Noise of the baselines from fine rain of other days: the settings with the lowest CRPS.

From each of a few days with much rain one crop is taken, its means over t hours and s x s pixels are downscaled with
the same seed for every trial, and one setting after another takes the best of a few values.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from anemoi_scaleadapt.baselines.fields import coarsened
from anemoi_scaleadapt.baselines.noise import MovingNoise
from anemoi_scaleadapt.baselines.noisy import hours_of, multiplied
from anemoi_scaleadapt.baselines.settings import Fitted, FittedNoise, NoiseSettings
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.motion.flow import REACH
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.windows import Coarse
from anemoi_scaleadapt.verification.crps import fair_crps

#: widest crop, pixels; hours of a stretch (at least one window); stretches; days looked at for them
CROP, HOURS, STRETCHES, DAYS = 170, 24, 8, 60
#: members and rounds of the search
MEMBERS, ROUNDS = 8, 2
#: what each setting is tried with, in the order of the search: times or plus the value that it has
FACTORS = (0.75, 0.87, 1.15, 1.33)
TRIALS: dict[str, Callable[[float], Sequence[float]]] = {
    "spread": lambda now: [now * factor for factor in FACTORS],
    "dry": lambda now: [max(now + step, 0) for step in (-0.15, -0.05, 0.05, 0.15)],
    "local": lambda now: [max(now + step, 0) for step in (-0.2, 0.2)],
    "memory": lambda now: [now / 2, now * 2],
    "slope": lambda now: [now - 0.3, now + 0.3],
    "growth": lambda now: [max(now - 0.3, 0), now + 0.3],
}
#: which of them a baseline has
HAS: dict[Fitted, tuple[str, ...]] = {"rainfarm_ar1": ("spread", "memory", "slope"), "steps": tuple(TRIALS)}


@dataclass
class Stretch:
    """Fine rain of consecutive windows and what is made of its means.

    Parameters
    ----------
    windows : ndarray of datetime64, shape (n, t)
        Hours.
    truth : ndarray, shape (n, t, y, x)
        mm h-1.
    coarse : Coarse
        Its means, some frames longer on both sides.
    space : int
        s.
    """

    windows: np.ndarray
    truth: np.ndarray
    coarse: Coarse
    space: int

    def smooth(self, name: Fitted) -> list[tuple[np.ndarray, np.ndarray]]:
        """Smooth hourly rain and trajectories of every window."""
        return [hours_of(self.coarse, window, self.space, name == "steps") for window in self.windows]


def fit_noise(archive: Rain, s: int, t: int, seed: int = 0, progress: Callable[[list], Iterable] = iter) -> FittedNoise:
    """Fit the noise of every baseline that has some.

    Parameters
    ----------
    archive : Rain
        Fine hourly rain, of other days than those to be forecast.
    s, t : int
        Factor pair.
    seed : int
        Of the noise.
    progress : callable
        Wraps the list of baselines, to show a bar.

    Raises
    ------
    ScaleAdaptError
        If the archive is smaller than a coarse cell or has no day with rain that is known everywhere.
    """
    stretches = choose(archive, s, t)
    fitted = {name: search(name, stretches, NoiseSettings(), seed) for name in progress(list(HAS))}
    first, last = (str(time) for time in (archive.times[0], archive.times[-1]))
    return FittedNoise(space_factor=s, time_factor=t, first=first, last=last, **fitted)


def choose(archive: Rain, s: int, t: int) -> list[Stretch]:
    """Stretches of rain to fit to: days evenly spaced, the wettest crop of each, from the wetter half of the days."""
    hours = max(HOURS // t, 1) * t
    if min(archive.shape) < s:
        raise ScaleAdaptError(f"{archive.path} has {archive.shape} pixels (y, x), fewer than a cell of {s} x {s}.")
    times = archive.times
    starts = [
        i for i in range(0, len(times) - hours + 1, hours) if times[i + hours - 1] - times[i] == (hours - 1) * HOUR
    ]
    days = starts[:: max(1, len(starts) // DAYS)]
    widest, crop = CROP, (0, 0)
    found: list[tuple[float, int, tuple[int, int]]] = []
    while not found and widest >= s:  # where a part is always missing, smaller crops lie beside it
        crop = min(archive.shape[0], widest) // s * s, min(archive.shape[1], widest) // s * s
        found = _wettest(archive, days, hours, crop)
        widest = max(crop) // 2
    if not found:
        raise ScaleAdaptError(
            f"{archive.path}: no {hours} h in a row have rain in a square of {max(crop)} pixels without a gap; give "
            "fine rain of more days to fit the noise to."
        )
    wet = sorted(found, reverse=True)[: max(1, (len(found) + 1) // 2)]
    kept = [wet[i] for i in np.unique(np.linspace(0, len(wet) - 1, STRETCHES).round().astype(int))]
    return [_stretch(archive, k, place, crop, s, t, hours) for _, k, place in kept]


def _wettest(
    archive: Rain, days: Sequence[int], hours: int, crop: tuple[int, ...]
) -> list[tuple[float, int, tuple[int, int]]]:
    """The wettest crop without a gap of each day that has one with rain: mean, first hour, place."""
    places = [(y, x) for y in _corners(archive.shape[0], crop[0]) for x in _corners(archive.shape[1], crop[1])]
    found = []
    for k in days:
        rain = archive.at(archive.times[k : k + hours])[0]
        totals = [float(rain[:, y : y + crop[0], x : x + crop[1]].mean(dtype="float64")) for y, x in places]
        best = max((total, place) for total, place in zip(np.nan_to_num(totals), places, strict=True))
        if best[0] > 0:
            found.append((best[0], k, best[1]))
    return found


def _corners(size: int, crop: int) -> range:
    return range(0, size - crop + 1, crop)


def _stretch(
    archive: Rain, start: int, place: tuple[int, int], crop: tuple[int, ...], s: int, t: int, hours: int
) -> Stretch:
    window = archive.times[start : start + hours]
    margin = REACH * t
    around = window[0] + np.arange(-margin, hours + margin) * HOUR
    known = around[np.isin(around, archive.times)]
    rows, columns = (slice(k, k + n) for k, n in zip(place, crop, strict=True))
    rain = archive.at(known)[0][:, rows, columns]
    means = coarsened(rain, s).astype("float32")
    frames = Rain(archive.path, known, means.shape[1:], None, None, lambda index: means[None, index])
    truth = rain[np.isin(known, window)].reshape(-1, t, *crop)
    return Stretch(window.reshape(-1, t), truth, Coarse(frames, t), s)


def search(name: Fitted, stretches: list[Stretch], start: NoiseSettings, seed: int) -> NoiseSettings:
    """Improve one setting after another, from `start`, until a round brings nothing."""
    smooth = [stretch.smooth(name) for stretch in stretches]
    noise = _Noises(stretches, seed)
    best, lowest = start, loss(start, stretches, smooth, noise)
    for _ in range(ROUNDS):
        before = best
        for key in HAS[name]:
            for value in TRIALS[key](getattr(best, key)):
                trial = _with(best, key, value)
                if trial != best and (found := loss(trial, stretches, smooth, noise)) < lowest:
                    best, lowest = trial, found
        if best == before:
            break
    return best


def _with(settings: NoiseSettings, key: str, value: float) -> NoiseSettings:
    """Settings with one value changed, held to what is allowed."""
    low, high = (
        next(getattr(rule, end) for rule in NoiseSettings.model_fields[key].metadata if hasattr(rule, end))
        for end in ("ge", "le")
    )
    return settings.model_copy(update={key: round(float(np.clip(value, low, high)), 3)})


class _Noises:
    """Noise of every window for the last spectrum and memory that were asked for."""

    def __init__(self, stretches: list[Stretch], seed: int) -> None:
        self.stretches, self.seed = stretches, seed
        self.key: tuple[float, ...] | None = None
        self.fields: list[list[np.ndarray]] = []

    def of(self, settings: NoiseSettings, smooth: list) -> list[list[np.ndarray]]:
        """Noise (member, t, y, x) by stretch and window."""
        key = settings.slope, settings.memory, settings.growth
        if key != self.key:
            self.key, self.fields = key, []
            for stretch, parts in zip(self.stretches, smooth, strict=True):
                noise = MovingNoise(stretch.truth.shape[-2:], MEMBERS, settings, self.seed)
                self.fields.append(
                    [
                        np.stack([noise.hour(time, places) for time in window], axis=1).astype("float32")
                        for window, (_, places) in zip(stretch.windows, parts, strict=True)
                    ]
                )
        return self.fields


def loss(settings: NoiseSettings, stretches: list[Stretch], smooth: list, noise: _Noises) -> float:
    """Fair CRPS over all pixels and hours of the stretches, mm h-1."""
    total, count = 0.0, 0
    for stretch, parts, fields in zip(stretches, smooth, noise.of(settings, smooth), strict=True):
        for window, truth, (rain, _), field in zip(stretch.windows, stretch.truth, parts, fields, strict=True):
            members = multiplied(rain, field, stretch.coarse.frame(window), settings)
            score = fair_crps(members.astype("float32"), truth)
            total += float(np.nansum(score, dtype="float64"))
            count += int(np.isfinite(score).sum())
    return total / count
