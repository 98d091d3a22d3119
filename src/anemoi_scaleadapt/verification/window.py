"""What is scored at once: one window of hours, and one system's members of it beside what they continue."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from anemoi_scaleadapt.verification.settings import Settings


class Memory:
    """The hours of one system (or the truth) before the window: what correlations and spectra in time reach back to.

    Parameters
    ----------
    settings : Settings
        How far they reach.
    """

    #: pixels, evenly spread, whose spectrum in time is taken, at most
    POINTS = 4096

    def __init__(self, settings: Settings) -> None:
        """Begin without hours."""
        step = int(np.ceil(np.sqrt(np.prod(settings.shape) / self.POINTS)))
        self.points = (..., slice(step // 2, None, step), slice(step // 2, None, step))
        self.settings = settings
        self.hours: list[np.ndarray] = []
        self.series: list[np.ndarray] = []

    def follow(self, fields: np.ndarray, follows: bool) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Take the hours of a window, (member, t, y, x).

        Returns
        -------
        tuple of list of ndarray
            The hours before it, (member, y, x), the last one last, none after a gap; and the points of each ``block``
            of hours in a row that ends within it, (member, block, points).
        """
        if not follows:
            self.hours, self.series = [], []
        past, blocks = self.hours, []
        for hour in fields.swapaxes(0, 1):
            self.series.append(hour[self.points].reshape(len(hour), -1))
            if len(self.series) == self.settings.block:
                blocks.append(np.stack(self.series, axis=1))
                self.series = []
        last = fields[:, -self.settings.lags :].swapaxes(0, 1)
        self.hours = [*past, *last.copy()][-self.settings.lags :]
        return past, blocks


@dataclass
class Window:
    """One window, the same for all systems.

    Parameters
    ----------
    truth : ndarray, shape (t, y, x)
        mm h-1; zero where not ``known``.
    known : ndarray of bool, shape (t, y, x)
        Where the truth and all systems have a value: what is scored.
    coarse : ndarray, shape (Y, X)
        Mean rain of the coarse cells, mm h-1.
    settings : Settings
        What is scored.
    past, past_known : list of ndarray, shape (y, x)
        Truth and ``known`` of up to ``lags`` hours just before the window.
    blocks : list of ndarray, shape (block, points)
        Truth of the blocks of hours that end within the window, NaN where not known.
    """

    truth: np.ndarray
    known: np.ndarray
    coarse: np.ndarray
    settings: Settings
    past: list[np.ndarray] = field(default_factory=list)
    past_known: list[np.ndarray] = field(default_factory=list)
    blocks: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Nothing is derived yet."""
        self._derived: dict[Callable, Any] = {}

    def once(self, function: Callable[["Window"], Any]) -> Any:
        """Return what a function makes of this window, made once for all systems."""
        if function not in self._derived:
            self._derived[function] = function(self)
        return self._derived[function]

    @property
    def hours(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """(Truth, known) of the past hours and those of the window."""
        return list(zip([*self.past, *self.truth], [*self.past_known, *self.known], strict=True))


class Cases(NamedTuple):
    """The pixels and hours where the truth or any member is not dry: sorted members (member, n) and truth (n,)."""

    members: np.ndarray
    truth: np.ndarray


@dataclass
class Forecast:
    """One system's members of a window.

    Parameters
    ----------
    window : Window
        Whose hours.
    members : ndarray, shape (member, t, y, x)
        mm h-1.
    past : list of ndarray, shape (member, y, x)
        Up to ``lags`` hours just before the window, zero where not known.
    blocks : list of ndarray, shape (member, block, points)
        Blocks of hours that end within the window.
    """

    window: Window
    members: np.ndarray
    past: list[np.ndarray] = field(default_factory=list)
    blocks: list[np.ndarray] = field(default_factory=list)

    @cached_property
    def filled(self) -> np.ndarray:
        """The members, zero where not known."""
        known = self.window.known
        return self.members if known.all() else np.where(known, self.members, np.float32(0))

    @property
    def hours(self) -> list[np.ndarray]:
        """The past hours and those of the window, (member, y, x)."""
        return [*self.past, *self.filled.swapaxes(0, 1)]

    @cached_property
    def cases(self) -> Cases:
        """What is not dry; all other known pixels and hours add nothing to a sum of errors."""
        some = (self.window.truth != 0) | (self.filled != 0).any(axis=0)
        return Cases(np.sort(self.filled[:, some], axis=0), self.window.truth[some])
