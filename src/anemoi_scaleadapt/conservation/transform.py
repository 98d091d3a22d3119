"""The transform P' = f(P) LR / blockmean(f(P)), exact in every coarse cell or over the window."""

import torch
from torch import Tensor

from anemoi_scaleadapt.conservation.blocks import infer_space, nearest
from anemoi_scaleadapt.conservation.functions import weights
from anemoi_scaleadapt.scale import Conservation

#: A block whose largest value is below this part of its coarse rain counts as dry (bounds gain and gradient).
DRY = 1e-6


def conserve(rain: Tensor, lr: Tensor, settings: Conservation, valid: Tensor | None = None) -> Tensor:
    """Give the coarse totals back to fine rain.

    Parameters
    ----------
    rain
        Fine rain (..., t, y, x), mm h-1; negative values count as zero.
    lr
        Coarse rain of the window (..., y/s, x/s), mm h-1; leading axes broadcast. NaN makes its block NaN, 0 makes
        it dry.
    settings
        f, threshold, scope (`inside_sampler` is the caller's business).
    valid
        Optional mask of fine cells that exist, broadcastable to `rain`; the others take no part and become NaN.

    Returns
    -------
    Tensor
        Shape of `rain`; float32, or float64 for float64 rain. Non-negative. Its mean over every
        block of t x s x s values (scope ``cell``) or over the window (``window``) is that of `lr`. Where
        the weights are all zero but `lr` is not, the coarse value is spread evenly.
    """
    space = infer_space(rain, lr)
    rain = rain if rain.dtype == torch.float64 else rain.float()
    lr = lr.to(rain.dtype)
    rain = rain.clamp_min(0)
    known = lr.isfinite()
    total = torch.where(known, lr, 0.0).clamp_min(0)
    cell = settings.scope == "cell"
    weight = (nearest(known, space) if not cell else torch.ones_like(known[..., :1, :1])).unsqueeze(-3)
    weight = weight if valid is None else weight & valid
    blocks = _Blocks(space if cell else None, weight.to(rain.dtype), rain)
    target = total if cell else (total * known).sum((-2, -1), True) / known.sum((-2, -1), True).clamp_min(1)
    out = _rescale(torch.where(weight, rain, 0.0), target, blocks, settings, nearest(total, space).unsqueeze(-3))
    missing = ~nearest(known, space).unsqueeze(-3)
    missing = missing if valid is None else missing | ~valid
    return out.masked_fill(missing, torch.nan)


class _Blocks:
    """Maximum and mean over the blocks, and back: one block is t x s x s values, or the whole window."""

    def __init__(self, space: int | None, weight: Tensor, like: Tensor) -> None:
        ny, nx = like.shape[-2:]
        self.size = (space, space) if space else (ny, nx)
        self.grid = (ny // self.size[0], nx // self.size[1])
        self.count = self.sum(weight.expand(*weight.shape[:-3], *like.shape[-3:])).clamp_min(1)

    def _split(self, field: Tensor) -> Tensor:
        (sy, sx), (cy, cx) = self.size, self.grid
        return field.reshape(*field.shape[:-2], cy, sy, cx, sx)

    def sum(self, field: Tensor) -> Tensor:
        return self._split(field).sum(dim=(-5, -3, -1))

    def mean(self, field: Tensor) -> Tensor:
        return self.sum(field) / self.count

    def max(self, field: Tensor) -> Tensor:
        return self._split(field).amax(dim=(-5, -3, -1))

    def fill(self, coarse: Tensor) -> Tensor:
        (sy, sx), (cy, cx) = self.size, self.grid
        wide = coarse[..., None, :, None, :, None].expand(*coarse.shape[:-2], 1, cy, sy, cx, sx)
        return wide.reshape(*coarse.shape[:-2], 1, cy * sy, cx * sx)


def _rescale(rain: Tensor, target: Tensor, blocks: _Blocks, settings: Conservation, uniform: Tensor) -> Tensor:
    """Return f(rain) target / blockmean(f(rain)), and `uniform` where f(rain) is zero all over a block."""
    top = blocks.max(rain.detach())
    unit = torch.where(top > DRY * target, top, torch.inf)
    part = rain / blocks.fill(unit)
    f = weights(part, blocks.fill(settings.threshold / unit), settings)
    mean = blocks.mean(f)
    wet = mean > 0
    ratio = torch.where(wet, target, 0.0) / torch.where(wet, mean, 1.0)
    if settings.function == "tapered":
        ratio = torch.minimum(ratio, settings.max_gain * torch.where(wet, unit, 0.0))
        return f * blocks.fill(ratio) + blocks.fill(target - ratio * mean).clamp_min(0)
    return torch.where(blocks.fill(wet), f * blocks.fill(ratio), uniform)
