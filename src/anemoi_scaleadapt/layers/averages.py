"""Local averages of a noisy field: what is left of it where the noise hides every single pixel."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def averages(
    x: Float[Tensor, "n t y x"], sigma: Float[Tensor, "n 1 1 1"], patch: int, widths: Sequence[int]
) -> list[Tensor]:
    """Average noisy residuals R + sigma n over squares of several widths, scaled to about unit variance.

    Averaging over w x w pixels divides the noise by w and leaves the slowly varying part of R: at a level where
    single pixels say nothing, such averages still show where R is positive.

    Parameters
    ----------
    x : Tensor
        R + sigma n, (n, t, y, x), y and x multiples of `patch`.
    sigma : Tensor
        Noise levels, (n, 1, 1, 1).
    patch : int
        Pixels of a patch each way.
    widths : sequence of int
        Odd widths of the squares in patches. At the edge of the domain a square ends there.

    Returns
    -------
    list of Tensor
        For each width (n, t, y / patch, x / patch), divided by sqrt(1 + (sigma / (width patch))^2).
    """
    small = F.avg_pool2d(x, patch) if patch > 1 else x
    out = []
    for width in widths:
        mean = F.avg_pool2d(small, width, stride=1, padding=width // 2, count_include_pad=False) if width > 1 else small
        out.append(mean / torch.sqrt(1 + (sigma / (width * patch)).square()))
    return out
