"""Convolutional blocks that see a few pixels only and never the size of the domain."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation of every pixel over its channels.

    GroupNorm and global pooling mix all pixels of a tile: a tile would then differ from the same place in a
    larger domain. This norm is local, so a network trained on 100 km crops runs on all of France.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (n, c, y, x) over c."""
        x = F.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


class NoiseEmbedding(nn.Module):
    """Embed the noise level: cosines and sines of ln(sigma)/4, then a small perceptron.

    Parameters
    ----------
    channels : int
        Length of the embedding.

    References
    ----------
    Karras et al. 2022, arXiv 2206.00364, table 1: c_noise = ln(sigma)/4.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("frequencies", torch.logspace(-1, 1.2, 16) * torch.pi, persistent=False)
        self.net = nn.Sequential(nn.Linear(32, channels), nn.SiLU(), nn.Linear(channels, channels), nn.SiLU())

    def forward(self, sigma: Tensor) -> Tensor:
        """Map noise levels (n,) to (n, channels)."""
        angle = (sigma.float().log() / 4)[:, None] * self.frequencies
        return self.net(torch.cat([angle.cos(), angle.sin()], dim=1))


class Block(nn.Module):
    """Residual block: norm, modulation by the noise level, SiLU, 3 x 3 convolution, twice.

    Parameters
    ----------
    channels : int
        Channels in and out.
    embedding : int, optional
        Length of the noise embedding; 0 for a block without noise level.
    """

    def __init__(self, channels: int, embedding: int = 0) -> None:
        super().__init__()
        self.norm1, self.norm2 = ChannelNorm(channels), ChannelNorm(channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = zero_init(nn.Conv2d(channels, channels, 3, padding=1))
        self.film = zero_init(nn.Linear(embedding, 2 * channels)) if embedding else None

    def forward(self, x: Tensor, embedding: Tensor | None = None) -> Tensor:
        """Map (n, c, y, x) to the same shape; `embedding` is (n, e)."""
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.norm2(h)
        if self.film is not None:
            gain, bias = self.film(embedding)[:, :, None, None].chunk(2, dim=1)
            h = h * (1 + gain) + bias
        return x + self.conv2(F.silu(h))


def zero_init(layer: nn.Module) -> nn.Module:
    """Set weight and bias of a layer to zero, so that its branch begins as the identity."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
