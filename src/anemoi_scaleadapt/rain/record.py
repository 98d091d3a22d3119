"""One record of rain behind one small interface, read hour by hour."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.sphere import spacing
from anemoi_scaleadapt.rain.times import Calendar


@dataclass
class Rain:
    """Rain that is read on demand.

    Parameters
    ----------
    path : str
        Where it came from, for messages.
    times : ndarray of datetime64[s], shape (T,)
        End of the interval that each frame stands for, UTC, ascending.
    shape : tuple of int
        (y, x); rows from the north, columns from the west.
    latitude, longitude : ndarray or None, shape (y, x)
        Degrees; longitudes do not jump.
    frames : callable
        ``frames(index)`` with a sorted integer array gives (member, len(index), y, x) float32 in mm h-1.
    attributes : dict
        Global attributes of the file.
    lengths : ndarray of timedelta64[s], shape (T,), optional
        Length of each interval; None where nothing tells but the steps.
    leads : ndarray of timedelta64[s], shape (T,), optional
        How long after the start of its forecast each interval ends; None where the file does not tell.
    y, x : ndarray or None, shape (y,) and (x,)
        Axes of the projection, metres.
    crs : str or None
        The projection as WKT.
    calendar : Calendar
        Of the file; see :meth:`Calendar.to_datetime64` for what `times` are in one that is not standard.
    seconds : ndarray of int64, optional
        The ends in the file's own calendar, from which :meth:`dates` names them.
    counts : Counter
        What was no rain so far, by the keys of :func:`anemoi_scaleadapt.rain.codes.clean`.
    understood : dict
        What the reader made of the file: variable, units, accumulation, time label ...
    """

    path: str
    times: np.ndarray
    shape: tuple[int, int]
    latitude: np.ndarray | None
    longitude: np.ndarray | None
    frames: Callable[[np.ndarray], np.ndarray]
    attributes: dict[str, Any] = field(default_factory=dict)
    lengths: np.ndarray | None = None
    leads: np.ndarray | None = None
    y: np.ndarray | None = None
    x: np.ndarray | None = None
    crs: str | None = None
    calendar: Calendar = field(default_factory=Calendar)
    seconds: np.ndarray | None = None
    counts: Counter[str] = field(default_factory=Counter)
    understood: Mapping[str, str] = field(default_factory=dict)

    def at(self, times: np.ndarray) -> np.ndarray:
        """Frames at the given times, float32 (member, time, y, x), mm h-1; a missing time is an error."""
        times = np.asarray(times)
        index = np.searchsorted(self.times, times)
        found = (index < len(self.times)) & (self.times[np.minimum(index, len(self.times) - 1)] == times)
        if not found.all():
            calendar = "" if self.calendar.name.endswith(("standard", "gregorian")) else f" ({self.calendar.name})"
            raise ScaleAdaptError(
                f"{self.path} has no rain at {times[~found][0]}Z; it runs from {self.times[0]}Z to "
                f"{self.times[-1]}Z{calendar}. Verify a period that all files cover."
            )
        return np.asarray(self.frames(index), dtype="float32")

    def has(self, times: np.ndarray) -> bool:
        """Whether every one of the times is in the file."""
        return bool(np.isin(times, self.times).all())

    def between(self, first: np.datetime64 | None, last: np.datetime64 | None) -> Self:
        """The part of the record whose intervals end from `first` to `last`; None: from its beginning, to its end.

        Raises
        ------
        ScaleAdaptError
            If there is none.
        """
        inside = np.full(len(self.times), True) if first is None else self.times >= first
        chosen = np.flatnonzero(inside if last is None else inside & (self.times <= last))
        if not len(chosen):
            raise ScaleAdaptError(
                f"{self.path} runs from {self.times[0]}Z to {self.times[-1]}Z: none of its intervals ends from "
                f"{self.times[0] if first is None else first}Z to {self.times[-1] if last is None else last}Z."
            )
        frames = self.frames
        return replace(
            self,
            times=self.times[chosen],
            frames=lambda index: frames(chosen[index]),
            lengths=None if self.lengths is None else self.lengths[chosen],
            leads=None if self.leads is None else self.leads[chosen],
            seconds=None if self.seconds is None else self.seconds[chosen],
        )

    def lead_hours(self, index: np.ndarray | slice = slice(None)) -> np.ndarray | None:
        """Lead times of some frames in hours; None where the file does not tell."""
        return None if self.leads is None else self.leads[index] / HOUR

    def dates(self) -> np.ndarray:
        """The times as dates of cftime in the file's own calendar."""
        return self.calendar.dates(self.times.astype("int64") if self.seconds is None else self.seconds)

    @property
    def interval(self) -> np.timedelta64 | None:
        """Length of what each frame stands for; None for a single frame that does not tell."""
        if self.lengths is None:
            return np.diff(self.times).min() if len(self.times) > 1 else None
        if len(np.unique(self.lengths)) > 1:
            change = int(np.flatnonzero(np.diff(self.lengths.astype("int64")))[0])
            one, two = (self.lengths[change + k] / HOUR for k in (0, 1))
            raise ScaleAdaptError(
                f"{self.path}: its frames stand for {one:g} h until {self.times[change]}Z and for {two:g} h after it: "
                "give a part with one length."
            )
        return self.lengths[0]

    @property
    def pixel_km(self) -> float:
        """Nominal grid spacing in km from the coordinates; 1 where the file has none."""
        steps = [step for step in self.spacing if np.isfinite(step)]
        return nominal(float(np.mean(steps))) if steps else 1.0

    @property
    def spacing(self) -> tuple[float, float]:
        """Distance of neighbouring rows and columns, km; NaN where the file does not tell."""
        if self.latitude is not None and self.longitude is not None:
            return spacing(self.latitude, self.longitude)
        if self.y is not None and self.x is not None:
            steps = [float(np.median(np.abs(np.diff(a)))) / 1000 if len(a) > 1 else np.nan for a in (self.y, self.x)]
            return steps[0], steps[1]
        return np.nan, np.nan


def nominal(km: float) -> float:
    """Round a measured grid spacing to the nominal one (1, 2.5 km, ...) within a fifth of it."""
    named = np.array([0.1, 0.2, 0.25, 0.5, 1, 2, 2.5, 5, 10, 25, 50])
    best = float(named[np.argmin(np.abs(np.log(named / km)))]) if km > 0 else 1.0
    return best if abs(km / best - 1) <= 0.2 else km
