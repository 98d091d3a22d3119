"""Crops for training: where it rains, turned and mirrored, weighted so that the climate stays unbiased."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: least drawing probability of a crop with any wet cell, relative to one that is wet all over
FLOOR = 0.1
#: how fast a running mean forgets, a step
FORGET = 0.02


def draw_origins(now: Tensor, size: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Draw crops of coarse frames, likelier where more cells are wet.

    A crop without a wet cell teaches nothing (its total is zero and so is every pixel) and is never drawn while
    there are others. What the networks learn is the mean over wet cells; a crop drawn with probability p and
    holding a share w of wet cells therefore weighs w / p. Weights of different batches compare: frames with little
    rain weigh little.

    Parameters
    ----------
    now : Tensor
        Current coarse frames, (batch, y, x), mm h-1, missing negative.
    size : int
        Width of a crop in coarse cells.
    count : int
        Crops to draw.

    Returns
    -------
    origins : Tensor
        (count, 3): sample, row and column of the first cell.
    weights : Tensor
        (count,), w / p over the number of places; the more of the frames is wet, the larger.
    wet : Tensor
        Mean of w over all places, (): the weights' mean over many draws.
    """
    share = F.avg_pool2d((now > 0).float()[:, None], size, stride=1)[:, 0]
    chance = torch.where(share > 0, share.clamp(min=FLOOR), 0).flatten()
    if chance.sum() == 0:
        chance = torch.ones_like(chance)
    index = torch.multinomial(chance, count, replacement=True)
    weights = share.flatten()[index] / chance[index] * chance.mean()
    rows, columns = share.shape[1:]
    origins = torch.stack([index // (rows * columns), index // columns % rows, index % columns], dim=1)
    return origins, weights, share.mean()


class RunningMean(nn.Module):
    """Mean of a number over the batches so far, the last fifty or so counting most.

    Divided by that of the wet share, the weights of crops have a mean of about one over many batches, and each batch
    keeps its own weight among them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(()), persistent=False)
        self.count = 0

    @torch.no_grad()
    def forward(self, value: Tensor) -> Tensor:
        """Take a batch's value into the mean and return it, at least 1e-6."""
        self.count += 1
        self.mean.lerp_(value, max(1 / self.count, FORGET))
        return self.mean.clamp(min=1e-6)


def wettest_square(now: Tensor, space: int, edge: int) -> tuple[float, tuple[slice, slice], tuple[slice, slice]]:
    """Place the wettest square of a coarse frame (y, x), mm h-1.

    Parameters
    ----------
    space : int
        Fine pixels on a side of a coarse cell, s.
    edge : int
        Width of the square in fine pixels; rounded down to whole cells and to the domain.

    Returns
    -------
    wetness : float
        Its mean rain; NaN counts as none.
    coarse, fine : tuple of slice
        Its rows and columns on either grid.
    """
    size = [min(max(1, edge // space), n) for n in now.shape]
    means = F.avg_pool2d(torch.nan_to_num(now)[None], size, stride=1)[0]
    y, x = divmod(int(means.argmax()), means.shape[1])
    coarse = slice(y, y + size[0]), slice(x, x + size[1])
    fine = tuple(slice(part.start * space, part.stop * space) for part in coarse)
    return float(means.max()), coarse, fine


def cut(x: Tensor, origins: Tensor, size: int, factor: int) -> Tensor:
    """Cut crops from (batch, c, y, x) whose pixels are 1 / `factor` coarse cells wide: (count, c, size, size)."""
    width = size * factor
    return torch.stack(
        [x[b, :, i * factor : i * factor + width, j * factor : j * factor + width] for b, i, j in origins.tolist()]
    )


def symmetries(count: int, device: torch.device) -> Tensor:
    """One of the eight symmetries of the square for each crop, numbered 0 to 7."""
    return torch.randint(8, (count,), device=device)


def turn(x: Tensor, which: Tensor) -> Tensor:
    """Apply a symmetry to each of (count, c, y, x), y = x: bit 0 and 1 mirror, bit 2 transposes."""
    out = []
    for crop, code in zip(x, which.tolist(), strict=True):
        axes = [axis for bit, axis in ((1, -1), (2, -2)) if code & bit]
        crop = crop.flip(axes) if axes else crop
        out.append(crop.transpose(-1, -2) if code & 4 else crop)
    return torch.stack(out)


def hide_frames(frames: Tensor, ends: Sequence[int], chance: float) -> Tensor:
    """Hide the outer context of some crops, as it is missing where a record begins or ends.

    Parameters
    ----------
    frames : Tensor
        (count, L, y, x), mm h-1.
    ends : sequence of int
        Place of each frame in windows, 0 for the window's own.
    chance : float
        Chance of hiding the frames before a random place, and independently those after one.

    Returns
    -------
    Tensor
        Same shape; hidden frames are missing (-1).
    """
    count, place = len(frames), torch.tensor(ends, device=frames.device)
    kept = torch.ones(count, len(ends), dtype=torch.bool, device=frames.device)
    for side in (-place, place):
        farthest = int(side.max())
        if farthest > 0:
            seen = torch.randint(farthest, (count, 1), device=frames.device)
            hidden = torch.rand(count, 1, device=frames.device) < chance
            kept &= ~(hidden & (side > seen))
    return torch.where(kept[:, :, None, None], frames, -1.0)
