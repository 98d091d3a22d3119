"""What members, truth and coarse rain have to do with one another: factor pair, windows, coarse frames.

A window is t consecutive hours of the members' time axis, the first one beginning at its first hour; its
coarse frame is the mean of the t coarse hours, or the one frame stamped at its end where the coarse rain
comes every t hours.
"""

from dataclasses import dataclass

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.place import box, on_blocks, same_grid
from anemoi_scaleadapt.rain.record import Rain


def space_factor(fine: Rain, coarse: Rain) -> int:
    """Return s: the coarse cells must be the blocks of s x s fine pixels; else an error with both boxes."""
    ratios = [n / m for n, m in zip(fine.shape, coarse.shape, strict=True)]
    if ratios[0] != ratios[1] or ratios[0] != int(ratios[0]) or ratios[0] < 1:
        raise ScaleAdaptError(
            f"{coarse.path} is not {fine.path} in blocks of one whole number of pixels: {box(coarse)} against "
            f"{box(fine)}. Crop the fine grid to whole coarse cells."
        )
    space = int(ratios[0])
    if space == 1:
        same_grid(fine, coarse)
    else:
        on_blocks(fine, coarse, space)
    return space


def time_factor(members: Rain, given: int | None) -> int:
    """Return t from the option or from the members' attribute ``scaleadapt_time_factor``."""
    t = given if given is not None else members.attributes.get("scaleadapt_time_factor")
    if t is None:
        raise ScaleAdaptError(
            f"{members.path} has no attribute scaleadapt_time_factor: give --time-factor (hours per window)."
        )
    t = int(t)
    if t < 1:
        raise ScaleAdaptError(f"the time factor must be 1 or more, not {t}.")
    return t


def windows(times: np.ndarray, t: int, path: str = "the members") -> np.ndarray:
    """Split hourly times into windows, (n, t); gaps may lie between windows, never inside one."""
    whole = len(times) // t * t
    if whole != len(times) or whole == 0:
        raise ScaleAdaptError(f"{path}: {len(times)} hours do not divide into windows of {t} h.")
    out = times.reshape(-1, t)
    broken = (np.diff(out, axis=1) != HOUR).any(axis=1)
    if broken.any():
        raise ScaleAdaptError(
            f"{path}: the {t} h window that begins at {out[broken][0][0]}Z is not {t} consecutive hours."
        )
    return out


@dataclass
class Coarse:
    """Coarse rain as frames per window: ``frame(window)`` is the mean over its hours, (Y, X), mm h-1."""

    rain: Rain
    t: int

    def __post_init__(self) -> None:
        """Find out what its frames stand for: an hour, t hours, or a whole part of them."""
        length = self.rain.interval
        self.step: np.timedelta64 = self.t * HOUR if length is None else length
        if self.t * HOUR % self.step != np.timedelta64(0, "s"):
            raise ScaleAdaptError(
                f"the frames of {self.rain.path} stand for {self.step / HOUR:g} h; coarse rain must come every "
                f"{self.t} h (the time factor) or in whole parts of that."
            )
        self._cache: dict[np.datetime64, np.ndarray] = {}

    def _times(self, window: np.ndarray) -> np.ndarray:
        number = int(self.t * HOUR / self.step)
        return window[-1] - np.arange(number)[::-1] * self.step

    @property
    def hours(self) -> tuple[np.datetime64, np.datetime64]:
        """Ends of the first and of the last hour that the record covers whole."""
        first, last = self.rain.times[0] - self.step, self.rain.times[-1]
        if self.step < HOUR:
            first = first.astype("datetime64[h]") + (first != first.astype("datetime64[h]"))
            last = last.astype("datetime64[h]")
        return first.astype("datetime64[s]") + HOUR, last.astype("datetime64[s]")

    def has(self, window: np.ndarray) -> bool:
        """Whether the file covers the window."""
        return self.rain.has(self._times(window))

    def frame(self, window: np.ndarray) -> np.ndarray:
        """Mean coarse rain of one window, float64 (Y, X), mm h-1; NaN where any hour is missing."""
        key = window[0]
        if key not in self._cache:
            self._cache = dict(list(self._cache.items())[-3:])
            self._cache[key] = self.rain.at(self._times(window))[0].astype("float64").mean(axis=0)
        return self._cache[key]

    def neighbours(self, window: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Frames of the windows before and after; the frame itself where there is none or it is missing."""
        now, span = self.frame(window), self.t * HOUR
        sides = [self.frame(window + k * span) if self.has(window + k * span) else now for k in (-1, 1)]
        before, after = (np.where(np.isnan(side), now, side) for side in sides)
        return before, after

    def in_time(self, window: np.ndarray) -> np.ndarray:
        """Frames interpolated linearly in time, (t, Y, X): each hour between the centres of two windows.

        The neighbours before and after are used where the file has them; beyond its ends, and where a
        neighbour is missing, the frame itself is held.
        """
        now = self.frame(window)
        before, after = self.neighbours(window)
        out = np.empty((self.t, *now.shape))
        for j in range(self.t):
            shift = (j - (self.t - 1) / 2) / self.t
            out[j] = (1 - abs(shift)) * now + abs(shift) * (after if shift > 0 else before)
        return out
