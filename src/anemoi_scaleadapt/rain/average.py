"""Coarse frames: means of hourly fine rain over t hours and s x s pixels."""

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


def coarse_frames(hourly: Tensor, space: int, time: int) -> Tensor:
    """Exact means over blocks of t x s x s values; a block with a missing value is missing (-1).

    Parameters
    ----------
    hourly : Tensor
        (batch, frames * time, y, x), mm h-1; y and x multiples of `space`.
    space, time : int
        s and t.

    Returns
    -------
    Tensor
        (batch, frames, y / s, x / s), mm h-1.
    """
    frames = average_hours(hourly, time)
    if space == 1:
        return frames
    blocks = frames.unflatten(-1, (-1, space)).unflatten(-3, (-1, space))
    return torch.where(blocks.amin((-1, -3)) >= 0, blocks.mean((-1, -3)), MISSING)
