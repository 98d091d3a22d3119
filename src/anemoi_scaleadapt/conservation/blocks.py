"""Blocks of s x s fine cells: cut them out, average them, fill them."""

import torch
from torch import Tensor

from anemoi_scaleadapt.errors import ScaleAdaptError


def split(rain: Tensor, space: int) -> Tensor:
    """View (..., y, x) as (..., y/s, s, x/s, s)."""
    *lead, ny, nx = rain.shape
    if ny % space or nx % space:
        raise ScaleAdaptError(
            f"a field of {ny} x {nx} cells cannot be cut into blocks of {space} x {space}: "
            f"crop it to multiples of scale.space = {space}."
        )
    return rain.reshape(*lead, ny // space, space, nx // space, space)


def block_mean(rain: Tensor, space: int) -> Tensor:
    """Average over blocks of s x s cells.

    Parameters
    ----------
    rain
        (..., y, x), any unit. A block with a NaN gives NaN.
    space
        s; y and x must be multiples of it.

    Returns
    -------
    Tensor
        (..., y/s, x/s), float32 for half precision input, else the dtype of `rain`.
    """
    if rain.dtype in (torch.bfloat16, torch.float16):
        rain = rain.float()
    return split(rain, space).mean(dim=(-3, -1))


def nearest(lr: Tensor, space: int) -> Tensor:
    """Repeat every coarse value over its block: (..., Y, X) to (..., Y s, X s)."""
    return lr.repeat_interleave(space, -2).repeat_interleave(space, -1)


def infer_space(rain: Tensor, lr: Tensor) -> int:
    """Return s from the shapes (..., t, y, x) and (..., y/s, x/s)."""
    (ny, nx), (cy, cx) = rain.shape[-2:], lr.shape[-2:]
    if rain.ndim < 3 or not cy or not cx or ny % cy or nx % cx or ny // cy != nx // cx:
        raise ScaleAdaptError(
            f"fine rain of shape {tuple(rain.shape)} (..., time, y, x) and coarse rain of shape {tuple(lr.shape)} "
            "(..., y/s, x/s) do not differ by one whole factor s in y and in x."
        )
    return ny // cy
