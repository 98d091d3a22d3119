"""Attention over a pixel's neighbourhood in space."""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from anemoi_scaleadapt.layers.blocks import ChannelNorm, zero_init

#: a multiple of how many numbers a register of any processor holds
LANES = 64


class NeighbourhoodAttention(nn.Module):
    """Attention of every pixel over the window x window pixels round it.

    One query a pixel (the cost is window^2 channels, not window^4), keys and values are projected once and
    then gathered. Pixels beyond the edge of the domain are never attended to.

    Parameters
    ----------
    channels, heads : int
        Channels in and out; attention heads.
    window : int
        Odd width of the neighbourhood in pixels.

    References
    ----------
    Hassani et al. 2023, arXiv 2204.07143.
    """

    def __init__(self, channels: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads, self.window = heads, window
        self.norm = ChannelNorm(channels)
        self.query_key_value = nn.Conv2d(channels, 3 * channels, 1)
        self.bias = nn.Parameter(torch.zeros(heads, window * window))
        self.out = zero_init(nn.Conv2d(channels, channels, 1))

    def forward(self, x: Float[Tensor, "n c y x"]) -> Float[Tensor, "n c y x"]:
        """Map (n, c, y, x) to the same shape, the input added."""
        query, key, value = self.query_key_value(self.norm(x)).chunk(3, dim=1)
        return x + self.out(self.attend(query, key, value))

    def attend(
        self, query: Float[Tensor, "n c y x"], key: Float[Tensor, "n c y x"], value: Float[Tensor, "n c y x"]
    ) -> Float[Tensor, "n c y x"]:
        """Mix `value` over each pixel's neighbourhood by softmax(query . key); all (n, c, y, x)."""
        heads = {"g": self.heads}
        query = rearrange(query, "n (g d) y x -> n g d y x", **heads) * (query.shape[1] // self.heads) ** -0.5
        inside = self._shifts(query.new_ones(1, 1, *query.shape[-2:]))
        score = torch.stack(
            [
                (query * rearrange(k, "n (g d) y x -> n g d y x", **heads)).sum(dim=2).masked_fill(there == 0, -1e4)
                for k, there in zip(self._shifts(key), inside, strict=True)
            ],
            dim=2,
        )
        weight = _softmax(score + self.bias[None, :, :, None, None])
        parts = (
            weight[:, :, i, None] * rearrange(v, "n (g d) y x -> n g d y x", **heads)
            for i, v in enumerate(self._shifts(value))
        )
        mixed = sum(parts, start=torch.zeros_like(query))
        return rearrange(mixed, "n g d y x -> n (g d) y x")

    def _shifts(self, x: Tensor) -> list[Tensor]:
        """Each pixel's window^2 neighbours, row by row, as views: (n, c, y, x) each, zero beyond the edge."""
        height, width = x.shape[-2:]
        padded = F.pad(x, [self.window // 2] * 4)
        steps = range(self.window)
        return [padded[..., i : i + height, j : j + width] for i in steps for j in steps]


def _softmax(score: Float[Tensor, "n g k y x"]) -> Float[Tensor, "n g k y x"]:
    """Softmax over k. Torch rounds the last pixels in another way where they fill no register: here they fill some."""
    shape = score.shape[-2:]
    flat = F.pad(score.flatten(3), (0, -shape.numel() % LANES))
    return torch.softmax(flat, dim=2)[..., : shape.numel()].unflatten(3, shape)
