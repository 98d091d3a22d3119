"""What members, truth and coarse rain have to do with one another: factor pair, windows, coarse frames.

A window is t consecutive hours of the members' time axis, the first one beginning at its first hour; its
coarse frame is the mean of the t coarse hours, or the one frame stamped at its end where the coarse rain
comes every t hours.
"""

from dataclasses import dataclass

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.reader import Rain

HOUR = np.timedelta64(3600, "s")


def space_factor(fine: Rain, coarse: Rain) -> int:
    """Return s, the exact ratio of the grid sizes; anything else is an error that names both files."""
    ratios = [n / m for n, m in zip(fine.shape, coarse.shape, strict=True)]
    if ratios[0] != ratios[1] or ratios[0] != int(ratios[0]) or ratios[0] < 1:
        raise ScaleAdaptError(
            f"{fine.path} has {fine.shape} cells (y, x) and {coarse.path} {coarse.shape}: the first must be "
            "the second times one whole number. Crop the fine grid to whole coarse cells."
        )
    return int(ratios[0])


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

    def __post_init__(self):
        """Find out whether the frames are hourly or come every t hours."""
        steps = np.diff(self.rain.times)
        step = steps.min() if len(steps) else self.t * HOUR
        if step not in (HOUR, self.t * HOUR):
            raise ScaleAdaptError(
                f"{self.rain.path} comes every {step / HOUR:g} h; coarse rain must come every hour or every "
                f"{self.t} h (the time factor)."
            )
        self.hourly = bool(step == HOUR) or self.t == 1
        self._cache: dict = {}

    def _times(self, window: np.ndarray) -> np.ndarray:
        return window if self.hourly else window[-1:]

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


def same_grid(one: Rain, other: Rain, tolerance: float = 0.02) -> None:
    """Check that two files lie on one grid: the same number of cells, and coordinates that agree.

    Parameters
    ----------
    one, other : Rain
        Files to compare; coordinates are compared where both have them.
    tolerance : float
        Degrees.
    """
    if one.shape != other.shape:
        raise ScaleAdaptError(
            f"{one.path} has {one.shape} cells (y, x), {other.path} {other.shape}: they must be on one grid."
        )
    if one.latitude is None or other.latitude is None:
        return
    gap = max(
        float(np.nanmax(np.abs(one.latitude - other.latitude))),
        float(np.nanmax(np.abs((one.longitude - other.longitude + 180) % 360 - 180))),
    )
    if gap > tolerance:
        raise ScaleAdaptError(
            f"{one.path} and {other.path} lie up to {gap:.3f} degrees apart: flip or crop one of them."
        )
