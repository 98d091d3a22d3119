"""One file as it is: what every format tells, before anything is made of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from anemoi_scaleadapt.rain.grid import Grid
from anemoi_scaleadapt.rain.times import Calendar
from anemoi_scaleadapt.rain.told import Label


@dataclass
class Part:
    """One file of rain.

    Parameters
    ----------
    path, variable : str
        For messages.
    units : str or None
        As written.
    labels : ndarray of int64, shape (T,)
        Time of each value, seconds in the calendar of the file, in any order.
    grid : Grid
        Where its cells are.
    members : int
        Length of the first axis of what `read` gives.
    read : callable
        ``read(index)`` with a sorted integer array gives (member, k, first axis, second axis) as the file has it,
        with NaN for what the file declares as missing.
    bounds : ndarray of int64 or None, shape (T, 2)
        Start and end of what each value stands for, where the file says so.
    reference : ndarray of int64 or None, shape (T,)
        Start of the forecast.
    calendar : Calendar
        Of the times.
    label : {"start", "middle", "end"} or None
        What the file says in words about its times.
    since : {"start", "midnight", "?"} or None
        What the file says in words about sums that grow; "?" where it only says that they are sums.
    method : str or None
        What the values are over time: ``mean``, ``sum``, ``point`` ...
    length : int or None
        Length of an interval in words, seconds, for a single time.
    attributes : dict
        Global attributes.
    """

    path: str
    variable: str
    units: str | None
    labels: np.ndarray
    grid: Grid
    members: int
    read: Callable[[np.ndarray], np.ndarray]
    bounds: np.ndarray | None = None
    reference: np.ndarray | None = None
    calendar: Calendar = field(default_factory=Calendar)
    label: Label | None = None
    since: str | None = None
    method: str | None = None
    length: int | None = None
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """File and variable."""
        return f"{self.path}: {self.variable}"
