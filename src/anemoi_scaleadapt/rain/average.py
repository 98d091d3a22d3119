"""Means of hourly rain over the windows of a factor in time."""

import torch
from torch import Tensor

from anemoi_scaleadapt.rain.marks import MISSING, mark_missing


def average_hours(hourly: Tensor, time: int) -> Tensor:
    """Means over windows of `time` hours; a window with a missing hour is missing (-1).

    Parameters
    ----------
    hourly : Tensor
        (batch, windows * time, ...), mm h-1; what is missing is what :func:`mark_missing` calls so.
    time : int
        Hours of a window, t.

    Returns
    -------
    Tensor
        (batch, windows, ...), mm h-1.
    """
    windows = mark_missing(hourly).unflatten(1, (-1, time))
    return torch.where((windows >= 0).all(dim=2), windows.mean(dim=2), MISSING)
