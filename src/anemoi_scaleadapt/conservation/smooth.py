"""Spread the correction over the borders of the coarse cells, so that no squares are left.

The factors LR / blockmean(P) stand at the centres of the coarse cells; between them their logarithms are
interpolated bilinearly, and because the result then misses the totals by a little, the step is repeated. A few
repetitions bring the totals so near that the exact step that follows changes almost nothing at the borders.
(It is a multiplicative reconstruction: block mean forward, interpolation back.)
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from anemoi_scaleadapt.conservation.blocks import Blocks

#: How often the interpolated correction is repeated (measured: see docs/results/2026-11-conservation.md).
REPEATS = 12
#: Part of the mean coarse rain added to both sides of the factor: drizzle in a dry cell moves no neighbour.
FLOOR = 1e-3
#: Largest factor of one repetition: a cell that is far off pulls its neighbours less (measured, same page).
LARGEST = 2.0


def interpolate(coarse: Float[Tensor, "*b Y X"], size: tuple[int, int]) -> Float[Tensor, "*b y x"]:
    """Bilinear interpolation between cell centres, constant beyond the last: (..., Y, X) to (..., y, x)."""
    flat = coarse.reshape(-1, 1, *coarse.shape[-2:])
    fine = F.interpolate(flat, size=size, mode="bilinear", align_corners=False)
    return fine.reshape(*coarse.shape[:-2], *size)


def smooth_gain(
    rain: Float[Tensor, "*b t y x"], lr: Tensor, known: Tensor, blocks: Blocks, count: Tensor
) -> Float[Tensor, "*b 1 y x"]:
    """Return the smooth factor (..., 1, y, x) by which `rain` comes near the totals of `lr`.

    Parameters
    ----------
    rain
        Fine rain (..., t, y, x), non-negative.
    lr
        Coarse rain (..., Y, X), zero where missing.
    known
        Where it is not missing.
    blocks
        One block per coarse cell.
    count
        Valid values in every block.
    """
    size = rain.shape[-2], rain.shape[-1]
    hours = rain.sum(-3, keepdim=True)
    gain = torch.ones_like(hours)
    floor = FLOOR * lr.mean((-2, -1), keepdim=True) + torch.finfo(lr.dtype).tiny
    for _ in range(REPEATS):
        factor = (lr + floor) / (blocks.sum(hours * gain) / count + floor)
        factor = torch.where(known, factor, torch.ones_like(factor)).clamp(1 / LARGEST, LARGEST)
        gain = gain * interpolate(factor.log(), size).exp().unsqueeze(-3)
    return gain
