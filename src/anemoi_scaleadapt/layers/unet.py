"""Blocks over images that are hours, and the two-level U-shape that both networks share."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from anemoi_scaleadapt.layers.attention import NeighbourhoodAttention
from anemoi_scaleadapt.layers.blocks import ChannelNorm, zero_init
from anemoi_scaleadapt.layers.hours import HourAttention, HourMix


class Block(nn.Module):
    """Residual block: norm, SiLU, 3 x 3 convolution, what the neighbouring hours add, norm, modulation, SiLU, 3 x 3.

    Parameters
    ----------
    channels : int
        Channels in and out.
    embedding : int
        Length of the embedding (noise level, factor pair, phase of the hour) that modulates the features.
    width : int, optional
        Width in pixels of the convolution over the neighbouring hours.
    """

    def __init__(self, channels: int, embedding: int, width: int = 1) -> None:
        super().__init__()
        self.norm1, self.norm2 = ChannelNorm(channels), ChannelNorm(channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.hours = HourMix(channels, width)
        self.film = zero_init(nn.Linear(embedding, 2 * channels))
        self.conv2 = zero_init(nn.Conv2d(channels, channels, 3, padding=1))

    def forward(
        self, x: Float[Tensor, "nh c y x"], embedding: Float[Tensor, "nh e"], hours: int
    ) -> Float[Tensor, "nh c y x"]:
        """Map (n * hours, c, y, x) to the same shape; `embedding` is (n * hours, e)."""
        h = F.silu(self.norm1(x))
        h = self.norm2(self.hours(h, self.conv1(h), hours))
        gain, bias = self.film(embedding)[:, :, None, None].chunk(2, dim=1)
        return x + self.conv2(F.silu(h * (1 + gain) + bias))


class UShape(nn.Module):
    """Blocks at patch resolution, at half of it, and back; attention over hours (and neighbours) at the coarse level.

    Parameters
    ----------
    channels : tuple of int
        Of the fine and of the coarse level.
    blocks : int
        Blocks each way at the fine level, and at the coarse level.
    heads : int
        Of the attentions.
    window : int
        Width of the neighbourhood attention in pixels of the coarse level, 0 for none.
    reach : int
        Hours that the attention over hours sees each way, 0 for none.
    embedding : int
        Length of the embedding.
    """

    #: the fine level's height and width must be multiples of this
    stride = 2

    def __init__(
        self, channels: tuple[int, int], blocks: int, heads: int, window: int, reach: int, embedding: int
    ) -> None:
        super().__init__()
        fine, coarse = channels
        self.down = nn.ModuleList(Block(fine, embedding) for _ in range(blocks))
        self.to_coarse = nn.Conv2d(fine, coarse, 2, stride=2)
        self.middle = nn.ModuleList(Block(coarse, embedding, 3) for _ in range(blocks))
        self.hours = HourAttention(coarse, heads, reach) if reach else None
        self.space = NeighbourhoodAttention(coarse, heads, window) if window else None
        self.to_fine = nn.Conv2d(coarse, fine, 1)
        self.up = nn.ModuleList(Block(fine, embedding) for _ in range(blocks))
        self.norm = ChannelNorm(fine)

    def forward(
        self, x: Float[Tensor, "nh c y x"], embedding: Float[Tensor, "nh e"], hours: int
    ) -> Float[Tensor, "nh c y x"]:
        """Map features (n * hours, fine, y, x) to the same shape, normalised and activated."""
        for block in self.down:
            x = block(x, embedding, hours)
        h = self.to_coarse(x)
        for i, block in enumerate(self.middle):
            h = block(h, embedding, hours)
            if i == 0:
                h = h if self.hours is None else self.hours(h, hours)
                h = h if self.space is None else self.space(h)
        x = x + F.interpolate(self.to_fine(h), scale_factor=2, mode="nearest")
        for block in self.up:
            x = block(x, embedding, hours)
        return F.silu(self.norm(x))

    def reach(self) -> int:
        """How far, in pixels of the fine level, an output looks to each side."""
        fine = 2 * len(self.down) + 2 * len(self.up)
        middle = 3 * len(self.middle)  # two convolutions and that over the neighbouring hours
        window = self.space.window // 2 if self.space is not None else 0
        return fine + 2 * (middle + window) + 1


def patches(x: Float[Tensor, "n c y x"], size: int) -> Float[Tensor, "n d v w"]:
    """Fold size x size pixels into channels: (n, c, y, x) to (n, c * size^2, y / size, x / size), channels last."""
    return F.pixel_unshuffle(x, size).contiguous(memory_format=torch.channels_last)


def unpatch(x: Float[Tensor, "n d v w"], size: int) -> Float[Tensor, "n c y x"]:
    """Undo :func:`patches`."""
    return F.pixel_shuffle(x, size)
