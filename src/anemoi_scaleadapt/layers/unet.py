"""The two-level U-shape that both networks share."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anemoi_scaleadapt.layers.attention import NeighbourhoodAttention
from anemoi_scaleadapt.layers.blocks import Block, ChannelNorm


class UShape(nn.Module):
    """Blocks at the patch resolution, at half of it (with neighbourhood attention), and back.

    Parameters
    ----------
    channels : tuple of int
        Channels of the fine and of the coarse level.
    blocks : int
        Blocks each way at the fine level, and at the coarse level.
    heads, window : int
        Of the neighbourhood attention at the coarse level; ``window=0`` leaves it out.
    embedding : int, optional
        Length of the noise embedding, 0 for none.
    """

    #: the fine level's height and width must be multiples of this
    stride = 2

    def __init__(self, channels: tuple[int, int], blocks: int, heads: int, window: int, embedding: int = 0) -> None:
        super().__init__()
        fine, coarse = channels
        self.down = nn.ModuleList(Block(fine, embedding) for _ in range(blocks))
        self.to_coarse = nn.Conv2d(fine, coarse, 2, stride=2)
        self.middle = nn.ModuleList(Block(coarse, embedding) for _ in range(blocks))
        self.attention = NeighbourhoodAttention(coarse, heads, window) if window else nn.Identity()
        self.to_fine = nn.Conv2d(coarse, fine, 1)
        self.up = nn.ModuleList(Block(fine, embedding) for _ in range(blocks))
        self.norm = ChannelNorm(fine)

    def forward(self, x: Tensor, embedding: Tensor | None = None) -> Tensor:
        """Map features (n, fine, y, x) to the same shape, normalised and activated."""
        for block in self.down:
            x = block(x, embedding)
        h = self.to_coarse(x)
        for i, block in enumerate(self.middle):
            h = block(h, embedding)
            if i == 0:
                h = self.attention(h)
        x = x + F.interpolate(self.to_fine(h), scale_factor=2, mode="nearest")
        for block in self.up:
            x = block(x, embedding)
        return F.silu(self.norm(x))

    def reach(self) -> int:
        """How far, in pixels of the fine level, an output looks to each side."""
        fine, middle = 2 * len(self.down) + 2 * len(self.up), 2 * len(self.middle)
        window = self.attention.window // 2 if isinstance(self.attention, NeighbourhoodAttention) else 0
        return fine + 2 * (middle + window) + 1


def patches(x: Tensor, size: int) -> Tensor:
    """Fold size x size pixels into channels: (n, c, y, x) to (n, c * size^2, y / size, x / size).

    Channels lie last in memory, and so they do in everything after it: that is faster.
    """
    return F.pixel_unshuffle(x, size).contiguous(memory_format=torch.channels_last)


def unpatch(x: Tensor, size: int) -> Tensor:
    """Undo :func:`patches`."""
    return F.pixel_shuffle(x, size)
