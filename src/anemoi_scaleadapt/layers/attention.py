"""Two attentions that stay local: over the L frames of a pixel, and over a pixel's neighbourhood."""

import math

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from anemoi_scaleadapt.layers.blocks import ChannelNorm, zero_init


def time_features(hours: Tensor, width: int) -> Tensor:
    """Sines and cosines of a time distance, periods 3 h to 48 h; zero distance gives a constant vector.

    Parameters
    ----------
    hours : Tensor
        Distances in hours, any shape.
    width : int
        Even number of features.

    Returns
    -------
    Tensor
        Shape ``(*hours.shape, width)``.
    """
    periods = torch.logspace(math.log10(3), math.log10(48), width // 2, device=hours.device, dtype=hours.dtype)
    angle = 2 * math.pi * hours[..., None] / periods
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


class FrameAttention(nn.Module):
    """Attention of every pixel over its L context frames, one query for each hour of the window.

    The number of frames is free: a frame is known only by its content and by its distance in time to the
    hour asked for. Missing frames are never attended to; a pixel whose frames are all missing gets zeros.

    Parameters
    ----------
    channels : int
        Channels of the frames' features.
    heads : int
        Attention heads.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = ChannelNorm(channels)
        self.query = nn.Conv2d(channels, channels, 1)
        self.key_value = nn.Conv2d(channels, 2 * channels, 1)
        self.time_query = nn.Linear(32, channels)
        self.time_key_value = nn.Linear(32, 2 * channels)
        self.out = nn.Conv2d(channels, channels, 1)

    def forward(self, frames: Tensor, present: Tensor, current: int, hours: Tensor, ends: Tensor) -> Tensor:
        """Attend.

        Parameters
        ----------
        frames : Tensor
            Features, (n, L, c, y, x).
        present : Tensor
            True where the frame holds data, (n, L, y, x).
        current : int
            Position of the window's own frame among the L.
        hours : Tensor
            Centres of the t hours, hours after the window's start, (t,).
        ends : Tensor
            Centres of the L frames, hours after the window's start, (L,).

        Returns
        -------
        Tensor
            (n, t, c, y, x).
        """
        n = frames.shape[0]
        tokens = self.norm(frames.flatten(0, 1))
        key, value = self.key_value(tokens).chunk(2, dim=1)
        key, value = (rearrange(a, "(n l) (g d) y x -> n l g d y x", n=n, g=self.heads) for a in (key, value))
        own = rearrange(tokens, "(n l) c y x -> n l c y x", n=n)[:, current]
        query = rearrange(self.query(own), "n (g d) y x -> n 1 g d y x", g=self.heads)
        # what time adds: to the query the hour itself, to key and value the distance from frame to hour
        asked = rearrange(self.time_query(time_features(hours, 32)), "t (g d) -> t g d 1 1", g=self.heads)
        distance = time_features(ends[None, :] - hours[:, None], 32)
        time_key, time_value = (
            rearrange(a, "t l (g d) -> t l g d 1 1", g=self.heads)
            for a in self.time_key_value(distance).chunk(2, dim=-1)
        )
        out = []
        for hour in range(len(hours)):  # products are taken elementwise: far faster than tiny matrix products
            score = ((query + asked[hour]) * (key + time_key[hour])).sum(dim=3) * query.shape[3] ** -0.5
            weight = torch.softmax(score.masked_fill(~present[:, :, None], -1e4), dim=1) * present[:, :, None]
            mixed = (weight[:, :, :, None] * (value + time_value[hour])).sum(dim=1)
            out.append(self.out(rearrange(mixed, "n g d y x -> n (g d) y x")))
        return torch.stack(out, dim=1)


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

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, c, y, x) to the same shape, the input added."""
        query, key, value = self.query_key_value(self.norm(x)).chunk(3, dim=1)
        return x + self.out(self.attend(query, key, value))

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
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
        weight = torch.softmax(score + self.bias[None, :, :, None, None], dim=2)
        mixed = sum(
            weight[:, :, i, None] * rearrange(v, "n (g d) y x -> n g d y x", **heads)
            for i, v in enumerate(self._shifts(value))
        )
        return rearrange(mixed, "n g d y x -> n (g d) y x")

    def _shifts(self, x: Tensor) -> list[Tensor]:
        """Each pixel's window^2 neighbours, row by row, as views: (n, c, y, x) each, zero beyond the edge."""
        height, width = x.shape[-2:]
        padded = F.pad(x, [self.window // 2] * 4)
        steps = range(self.window)
        return [padded[..., i : i + height, j : j + width] for i in steps for j in steps]
