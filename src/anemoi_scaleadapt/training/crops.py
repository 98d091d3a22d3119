"""Crops for training: where it rains, turned and mirrored, weighted so that the climate stays unbiased."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

#: least drawing probability of a crop with any wet cell, relative to one that is wet all over
FLOOR = 0.1
#: least width of a crop in coarse cells, where the domain has room: fewer show nothing of what lies round a cell
CELLS = 6


def crop_cells(crop: int, space: int, domain: tuple[int, int]) -> int:
    """Width of a crop in coarse cells: about `crop` fine pixels, at least CELLS, at most the domain (in cells)."""
    return min(max(crop // space, CELLS), *domain)


def box_mean(x: Tensor, size: int) -> Tensor:
    """Mean over every square of size x size places of (..., y, x), float64: the cost does not grow with `size`."""
    total = F.pad(x.double(), (1, 0, 1, 0)).cumsum(-1).cumsum(-2)
    total = total[..., size:] - total[..., :-size]
    return (total[..., size:, :] - total[..., :-size, :]) / size**2


def draw_places(chance: Tensor, count: int) -> Tensor:
    """Draw `count` places of (n,) float64 chances, with repetition; torch.multinomial ends at 2^24, a few nations."""
    total = chance.cumsum(0)
    at = torch.rand(count, dtype=total.dtype, device=total.device) * total[-1]
    return torch.searchsorted(total, at, right=True).clamp(max=len(total) - 1)


@dataclass(frozen=True)
class Drawn:
    """Crops of a batch, and how much each says of the climate.

    Attributes
    ----------
    origins : Tensor
        (count, 3): sample, row and column of the first cell.
    weights : Tensor
        w / p over the number of places, (count,); the more of the fields is wet, the larger.
    wet, places : Tensor
        Sum of w over all places, and the number of places with data, (): their ratio is the weights' mean in the long
        run.
    """

    origins: Tensor
    weights: Tensor
    wet: Tensor
    places: Tensor


def draw_crops(now: Tensor, size: int, count: int) -> Drawn:
    """Draw crops of coarse frames, likelier where more cells are wet.

    A crop without a wet cell teaches nothing (its total is zero and so is every pixel) and is never drawn while there
    are others. What the networks learn is the mean over wet cells; a crop drawn with probability p and holding a share
    w of wet cells therefore weighs w / p. Weights of different batches compare: fields with little rain weigh little.

    Parameters
    ----------
    now : Tensor
        The frames of a window, (batch, frames, y, x), mm h-1, missing negative or NaN.
    size : int
        Width of a crop in coarse cells.
    count : int
        Crops to draw.
    """
    share = box_mean((now > 0).double().mean(1), size)
    known = box_mean((now >= 0).double().mean(1), size) > 0
    chance = torch.where(share > 0, share.clamp(min=FLOOR), 0).flatten()
    chance = torch.where(chance.sum() > 0, chance, 1.0)
    index = draw_places(chance, count)
    weights = share.flatten()[index] / chance[index] * chance.mean()
    rows, columns = share.shape[1:]
    origins = torch.stack([index // (rows * columns), index // columns % rows, index % columns], dim=1)
    return Drawn(origins, weights.float(), share.sum(), known.sum())


def wettest(now: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Place the wettest square of each of (batch, frames, y, x): origins (batch, 3), and mean rain (batch,), mm h-1."""
    rain = box_mean(torch.nan_to_num(now).clamp(min=0).mean(1), size)
    most, index = rain.flatten(1).max(1)
    columns = rain.shape[-1]
    return torch.stack([torch.arange(len(rain), device=rain.device), index // columns, index % columns], 1), most


def cut(x: Tensor, origins: Tensor, size: int, factor: int) -> Tensor:
    """Cut crops from (batch, c, y, x) whose pixels are 1 / `factor` coarse cells wide: (count, c, size, size)."""
    along = torch.arange(size * factor, device=x.device)
    sample, row, column = (part[:, None, None] for part in origins.unbind(1))
    rows, columns = row * factor + along[:, None], column * factor + along
    return x[sample, :, rows, columns].movedim(-1, 1).contiguous()


def symmetries(count: int, device: torch.device) -> Tensor:
    """One of the eight symmetries of the square for each crop, numbered 0 to 7."""
    return torch.randint(8, (count,), device=device)


def turn(x: Tensor, which: Tensor) -> Tensor:
    """Apply a symmetry to each of (count, c, y, x), y = x: bit 0 and 1 mirror, bit 2 transposes."""
    for bit, change in enumerate((lambda a: a.flip(-1), lambda a: a.flip(-2), lambda a: a.transpose(-1, -2))):
        x = torch.where((which >> bit & 1).bool()[:, None, None, None], change(x), x)
    return x
