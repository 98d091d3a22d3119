"""The transform P' = f(P) LR / blockmean(f(P)), exact in every coarse cell or over the window."""

import torch
from jaxtyping import Float
from torch import Tensor

from anemoi_scaleadapt.conservation.blocks import Blocks, infer_space, nearest
from anemoi_scaleadapt.conservation.functions import weights
from anemoi_scaleadapt.conservation.smooth import interpolate, smooth_gain
from anemoi_scaleadapt.scale import Conservation

#: A block whose largest value is below this part of its coarse rain is dry. It bounds the gradient.
DRY = 1e-6


def conserve(
    rain: Float[Tensor, "*b t y x"], lr: Float[Tensor, "... Y X"], settings: Conservation
) -> Float[Tensor, "... t y x"]:
    """Give the coarse totals back to fine rain.

    Parameters
    ----------
    rain
        Fine rain (..., t, y, x), mm h-1; negative values count as zero. A NaN or infinite prediction makes
        its block NaN: a network that blew up is not hidden.
    lr
        Coarse rain of the window (..., y/s, x/s), mm h-1; leading axes broadcast. Where it is NaN the block
        becomes NaN, where it is 0 (or negative) the block becomes dry.
    settings
        f, threshold, scope, smooth (`inside_sampler` is the caller's business).

    Returns
    -------
    Tensor
        Shape of `rain`; float64 for float64 rain, else float32 (a bfloat16 cannot hold a total to 1e-5).
        Non-negative. Its mean over every block of t x s x s values (scope ``cell``) or over the window
        (``window``) is that of `lr`. Where f(P) is zero all over a block but `lr` is not, the coarse value is
        spread evenly.

    Raises
    ------
    ScaleAdaptError
        When the shapes do not differ by one whole factor.
    """
    space = infer_space(rain, lr)
    rain = (rain if rain.dtype == torch.float64 else rain.float()).clamp_min(0)
    lr = lr.to(rain.dtype)
    known = lr.isfinite()
    lr = torch.where(known, lr, torch.zeros_like(lr)).clamp_min(0)
    present = nearest(known, space).unsqueeze(-3)
    shape = rain.shape[-2], rain.shape[-1]
    blocks = Blocks(shape, (space, space) if settings.scope == "cell" else shape)
    count = (blocks.sum(present.to(rain.dtype)) * rain.shape[-3]).clamp_min(1)  # every known block is whole
    rain = torch.where(present, rain, torch.zeros_like(rain))
    target = lr if settings.scope == "cell" else _mean(lr, known)
    f = _weigh(rain, lr, known, present, blocks, count, settings)
    return _rescale(f, target, lr, blocks, count).masked_fill(~present, torch.nan)


def _mean(lr: Tensor, known: Tensor) -> Tensor:
    """Mean of the known coarse cells, (..., 1, 1)."""
    return lr.sum((-2, -1), True) / known.sum((-2, -1), True).clamp_min(1)


def _weigh(
    rain: Tensor,
    lr: Tensor,
    known: Tensor,
    present: Tensor,
    blocks: Blocks,
    count: Tensor,
    settings: Conservation,
) -> Tensor:
    """Return f(P), where a common factor in each block is free."""
    f = rain
    if settings.function != "identity":
        wet = rain.detach()
        top = wet.amax((-3, -2, -1), True) if settings.smooth else blocks.fill(blocks.max(wet))
        unit = torch.where(top == 0, torch.ones_like(top), top)
        f = weights(rain / unit, settings.threshold / unit, settings) * unit
    if settings.smooth:
        dead = (blocks.max(f.detach()) <= DRY * lr) & (lr > 0)
        slope = interpolate(lr, (rain.shape[-2], rain.shape[-1])).unsqueeze(-3) * present
        f = torch.where(blocks.fill(dead), slope, f)
        f = f * smooth_gain(f, lr, known, blocks, count)
    return f


def _rescale(f: Tensor, target: Tensor, lr: Tensor, blocks: Blocks, count: Tensor) -> Tensor:
    """Return f target / blockmean(f), and `lr` spread evenly where f is zero all over a block."""
    mean = blocks.sum(f) / count
    dry = blocks.max(f.detach()) <= DRY * target
    ratio = torch.where(dry, torch.zeros_like(mean), target) / torch.where(dry, torch.ones_like(mean), mean)
    ratio = torch.where(mean.isfinite(), ratio, torch.nan)
    even = torch.where(dry, lr, torch.zeros_like(lr))
    return f * blocks.fill(ratio) + nearest(even, f.shape[-1] // even.shape[-1]).unsqueeze(-3)
