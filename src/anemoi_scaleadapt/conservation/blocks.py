"""Blocks of fine values under one coarse cell: cut them out, average them, fill them."""

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from anemoi_scaleadapt.errors import ScaleAdaptError


def split(rain: Float[Tensor, "*b y x"], space: int) -> Float[Tensor, "*b Y {space} X {space}"]:
    """View (..., y, x) as (..., y/s, s, x/s, s)."""
    *lead, ny, nx = rain.shape
    if ny % space or nx % space:
        raise ScaleAdaptError(
            f"a field of {ny} x {nx} cells cannot be cut into blocks of {space} x {space}: "
            f"crop it to multiples of scale.space = {space}."
        )
    return rain.reshape(*lead, ny // space, space, nx // space, space)


def block_mean(rain: Float[Tensor, "*b y x"], space: int) -> Float[Tensor, "*b Y X"]:
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


def nearest(lr: Shaped[Tensor, "*b Y X"], space: int) -> Shaped[Tensor, "*b y x"]:
    """Repeat every coarse value over its block: (..., Y, X) to (..., Y s, X s)."""
    return lr.repeat_interleave(space, -2).repeat_interleave(space, -1)


def infer_space(rain: Tensor, lr: Tensor) -> int:
    """Return s from the shapes (..., t, y, x) and (..., y/s, x/s)."""
    (ny, nx), (cy, cx) = rain.shape[-2:], lr.shape[-2:]
    if rain.ndim < 3 or not cy or not cx or ny % cy or nx % cx or ny // cy != nx // cx:
        raise ScaleAdaptError(
            f"fine rain of shape {tuple(rain.shape)} (..., time, y, x) and coarse rain of shape "
            f"{tuple(lr.shape)} (..., y/s, x/s) do not differ by one whole factor s in y and in x."
        )
    return ny // cy


class Blocks:
    """Reductions over blocks of all hours x sy x sx cells, and the way back.

    Parameters
    ----------
    shape
        (y, x) of the fine field.
    size
        (sy, sx): the cells of one block; (y, x) makes the whole window one block.
    """

    def __init__(self, shape: tuple[int, int], size: tuple[int, int]) -> None:
        """Keep the sizes."""
        self.size = size
        self.grid = (shape[0] // size[0], shape[1] // size[1])

    def _split(self, field: Tensor) -> Tensor:
        (sy, sx), (cy, cx) = self.size, self.grid
        return field.reshape(*field.shape[:-2], cy, sy, cx, sx)

    def sum(self, field: Shaped[Tensor, "*b t y x"]) -> Shaped[Tensor, "*b Y X"]:
        """Sum of (..., t, y, x) over every block: (..., y/sy, x/sx)."""
        return self._split(field.sum(-3)).sum((-3, -1))

    def max(self, field: Float[Tensor, "*b t y x"]) -> Float[Tensor, "*b Y X"]:
        """Largest value of every block; NaN where it holds a NaN."""
        return self._split(field.amax(-3)).amax((-3, -1))

    def fill(self, coarse: Shaped[Tensor, "*b Y X"]) -> Shaped[Tensor, "*b 1 y x"]:
        """Repeat (..., Y, X) over the blocks: (..., 1, y, x)."""
        (sy, sx), (cy, cx) = self.size, self.grid
        wide = coarse[..., None, :, None, :, None].expand(*coarse.shape[:-2], 1, cy, sy, cx, sx)
        return wide.reshape(*coarse.shape[:-2], 1, cy * sy, cx * sx)
