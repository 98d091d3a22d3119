"""Convolutional blocks that see a few pixels only and never the size of the domain."""

from typing import TypeVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation of every pixel over its channels.

    GroupNorm and global pooling mix all pixels of a tile: a tile would then differ from the same place in a
    larger domain. This norm is local, so a network trained on 100 km crops runs on all of France.
    """

    def forward(self, x: Float[Tensor, "n c y x"]) -> Float[Tensor, "n c y x"]:
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

    frequencies: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("frequencies", torch.logspace(-1, 1.2, 16) * torch.pi, persistent=False)
        self.net = nn.Sequential(nn.Linear(32, channels), nn.SiLU(), nn.Linear(channels, channels), nn.SiLU())

    def forward(self, sigma: Float[Tensor, " n"]) -> Float[Tensor, "n e"]:
        """Map noise levels (n,) to (n, channels)."""
        angle = (sigma.float().log() / 4)[:, None] * self.frequencies
        return self.net(torch.cat([angle.cos(), angle.sin()], dim=1))


class PairEmbedding(nn.Module):
    """Embed what every hour is told of its factor pair: s, t, and where in its coarse frame the hour lies.

    Parameters
    ----------
    channels : int
        Length of the embedding.
    """

    FEATURES = 11

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(self.FEATURES, channels), nn.SiLU(), nn.Linear(channels, channels))

    @staticmethod
    def features(space: int, time: int, hours: int, like: Tensor) -> Float[Tensor, "{hours} f"]:
        """Numbers that tell a pair and an hour, (hours, FEATURES)."""
        s, t = (torch.full((), float(factor), device=like.device) for factor in (space, time))
        phase = ((torch.arange(hours, device=like.device) % time) + 0.5) * 2 / time - 1
        same = torch.stack([s.log() / 3.2, 1 / s, t / 6]).expand(hours, -1)
        which = F.one_hot(torch.full((), time - 1, device=like.device), 6).float().expand(hours, -1)
        return torch.cat([same, which, phase[:, None], phase.square()[:, None]], dim=1)

    def forward(self, space: int, time: int, hours: int) -> Float[Tensor, "{hours} e"]:
        """Return the embedding of every hour, (hours, channels)."""
        weight = next(self.net.parameters())
        return self.net(self.features(space, time, hours, weight).to(weight.dtype))


Layer = TypeVar("Layer", bound=nn.Module)


def zero_init(layer: Layer) -> Layer:
    """Set weight and bias of a layer to zero, so that its branch begins as the identity."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer
