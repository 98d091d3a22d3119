"""Coarse fields on fine pixels, every pixel with the same bits whatever part of a domain is computed."""

from functools import cache

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

#: cells beside a pixel's own one that an interpolation reads, each way
BESIDE = {"nearest": 0, "bilinear": 1, "bicubic": 2}


@cache  # a GPU would wait for every one
@torch.inference_mode(False)
def shares(space: int, mode: str, device: torch.device, dtype: torch.dtype) -> Float[Tensor, "k {space}"]:
    """What a pixel takes from its own cell and those beside it, (cells, space): torch's answer to one cell of 1."""
    near = BESIDE[mode]
    if not near:
        return torch.ones(1, space, device=device, dtype=dtype)
    one = torch.zeros(1, 1, 4 * near + 1, 1, dtype=torch.float64)
    one[:, :, 2 * near] = 1
    by_cell = F.interpolate(one, scale_factor=(space, 1), mode=mode).view(-1, space)
    return by_cell[near : 3 * near + 1].flip(0).to(device, dtype)


def enlarge(
    x: Float[Tensor, "*n Y X"], space: int, mode: str, rows: Int[Tensor, " y"], columns: Int[Tensor, " x"]
) -> Float[Tensor, "*n y x"]:
    """Interpolate coarse fields at pixels of the fine grid.

    The same as torch's ``interpolate`` by `space`, which works out anew from the place in what it is given where a
    pixel lies in its cell, and rounds differently for a part of a domain. Here the place is counted within the cell.

    Parameters
    ----------
    x : Tensor
        Coarse fields, (..., Y, X).
    space : int
        Pixels of a cell each way.
    mode : str
        ``nearest``, ``bilinear`` or ``bicubic``.
    rows, columns : Tensor
        Which pixels of the fine grid.

    Returns
    -------
    Tensor
        (..., y, x).
    """
    weights = shares(space, mode, x.device, x.dtype)
    for dim, at in ((-2, rows), (-1, columns)):
        cells, phases = torch.div(at, space, rounding_mode="floor"), at % space
        out = None
        for by, share in enumerate(weights, -(len(weights) // 2)):
            part = x.index_select(dim, (cells + by).clamp(0, x.shape[dim] - 1))
            if len(weights) > 1:
                part = part * (share[phases, None] if dim == -2 else share[phases])
            out = part if out is None else out.add_(part)
        x = x if out is None else out
    return x
