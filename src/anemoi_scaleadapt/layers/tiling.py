"""Run a strictly local network over tiles, so that activations never fill more memory than one tile."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Tile:
    """One tile: the pixels it yields, and those with halo that it reads; (y0, y1, x0, x1)."""

    inner: tuple[int, int, int, int]
    outer: tuple[int, int, int, int]

    def read(self, x: Tensor, factor: int = 1) -> Tensor:
        """Cut the tile with its halo from (..., y, x) whose pixels are `factor` fine pixels wide."""
        y0, y1, x0, x1 = (edge // factor for edge in self.outer)
        return x[..., y0:y1, x0:x1]

    def put(self, out: Tensor, y: Tensor, factor: int = 1) -> None:
        """Copy the inner part of the tile's result `y` to its place in `out`."""
        y0, y1, x0, x1 = (edge // factor for edge in self.inner)
        top, left = self.outer[0] // factor, self.outer[2] // factor
        out[..., y0:y1, x0:x1] = y[..., y0 - top : y1 - top, x0 - left : x1 - left]


def plan(height: int, width: int, parts: tuple[int, int], halo: int, stride: int) -> Iterator[Tile]:
    """Tiles that cover a domain once.

    Parameters
    ----------
    height, width : int
        Of the domain in fine pixels, multiples of `stride`.
    parts : tuple of int
        Into how many tiles it is cut, down and across, at most.
    halo : int
        What a tile reads beyond its own pixels, fine pixels; becomes a multiple of `stride`.
    stride : int
        The network's stride: tiles begin at its multiples, so that patches fall as in the whole domain.
    """
    halo = -(-halo // stride) * stride
    down, across = (
        -(-length // (count * stride)) * stride for length, count in zip((height, width), parts, strict=True)
    )
    for y in range(0, height, down):
        for x in range(0, width, across):
            inner = (y, min(y + down, height), x, min(x + across, width))
            outer = (
                max(inner[0] - halo, 0),
                min(inner[1] + halo, height),
                max(inner[2] - halo, 0),
                min(inner[3] + halo, width),
            )
            yield Tile(inner, outer)


def parts_of(shape: tuple[int, int], size: int) -> tuple[int, int]:
    """Into how many tiles of about `size` pixels to cut a domain: or a quarter wider, what tiles share is dear."""
    down, across = (max(1, -(-4 * length // (5 * size))) for length in shape)
    return down, across


def fewest(shape: tuple[int, int], halo: int, most: float) -> tuple[int, int]:
    """Into how many tiles to cut a domain, down and across, so that none reads more than so many pixels.

    Of all that fit the one that computes least twice; where none fits the one with the smallest tiles.

    Parameters
    ----------
    shape : tuple of int
        (y, x) of the domain in pixels.
    halo : int
        What a tile reads beyond its own pixels.
    most : float
        Pixels of the largest tile with its halo.

    Examples
    --------
    >>> fewest((1050, 1220), 96, 2e6), fewest((1050, 1220), 96, 8e5), fewest((1050, 1220), 96, 5e5)
    ((1, 1), (1, 2), (2, 2))
    """

    def reads(length: int, count: int) -> int:
        return min(length, -(-length // count) + min(count - 1, 2) * halo)

    def largest(parts: tuple[int, int]) -> int:
        return reads(shape[0], parts[0]) * reads(shape[1], parts[1])

    def work(parts: tuple[int, int]) -> int:
        down, across = (length + 2 * (count - 1) * halo for length, count in zip(shape, parts, strict=True))
        return down * across

    # tiles narrower than their halo save nothing
    down, across = (range(1, max(1, length // max(halo, 8)) + 1) for length in shape)
    ways = [(i, j) for i in down for j in across]
    return min([way for way in ways if largest(way) <= most] or [min(ways, key=largest)], key=work)


def alone(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Let a function see one sample at a time on a CPU.

    How torch multiplies, convolves and sums on a CPU depends on the size of the batch, and with it the last bits of
    the result. Alone, a sample is the same whatever is computed beside it. Other devices get the whole batch, which
    is many times faster there.

    Parameters
    ----------
    function : callable
        Map of (n, ...) tensors to one. A tensor may hold n / k samples: each then serves k neighbours. None stays None.
    """

    def one_by_one(*batches: Tensor | None) -> Tensor:
        sizes = [0 if batch is None else len(batch) for batch in batches]
        if next(batch for batch in batches if batch is not None).device.type != "cpu":
            return function(*batches)
        parts = []
        for i in range(max(sizes)):
            places = [i * size // max(sizes) for size in sizes]
            parts.append(function(*(b if b is None else b[j : j + 1] for b, j in zip(batches, places, strict=True))))
        return torch.cat(parts)

    return one_by_one


def pad_to(x: Tensor, multiple: int) -> Tensor:
    """Pad (..., y, x) with zeros at the bottom and right up to a multiple."""
    height, width = x.shape[-2:]
    return torch.nn.functional.pad(x, (0, -width % multiple, 0, -height % multiple))
