"""What lets the hours of a field see each other: neighbours in time, and attention over several hours.

Every hour is an image of its own and shares its weights with all others. Nothing here depends on how many hours there
are: each hour sees those within a fixed distance, as a convolution sees pixels, so any stretch of time runs.
"""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor, nn

from anemoi_scaleadapt.layers.blocks import ChannelNorm, zero_init


class HourMix(nn.Module):
    """What the hour before and the hour after add to every hour; nothing at the start of a training.

    Parameters
    ----------
    channels : int
        Channels in and out.
    width : int, optional
        Width of the convolution in pixels: 1 mixes pixel by pixel, 3 lets rain that moves be followed.
    """

    def __init__(self, channels: int, width: int = 1) -> None:
        super().__init__()
        self.conv = zero_init(nn.Conv2d(channels, 2 * channels, width, padding=width // 2, bias=False))

    def forward(
        self, x: Float[Tensor, "nh c y x"], to: Float[Tensor, "nh c y x"], hours: int
    ) -> Float[Tensor, "nh c y x"]:
        """Add to `to` what features `x` of the neighbouring hours say; both (n * hours, c, y, x), `to` in place."""
        if hours > 1:
            before, after = self.conv(x).unflatten(0, (-1, hours)).chunk(2, dim=2)
            out = to.unflatten(0, (-1, hours))
            out[:, 1:] += before[:, :-1]
            out[:, :-1] += after[:, 1:]
        return to


class HourAttention(nn.Module):
    """Attention of every pixel over its own hours, as far as `reach` hours away, by content and by distance in time.

    Parameters
    ----------
    channels, heads : int
        Channels in and out; attention heads.
    reach : int
        Hours that are seen each way.
    """

    def __init__(self, channels: int, heads: int, reach: int) -> None:
        super().__init__()
        self.heads, self.reach = heads, reach
        self.norm = ChannelNorm(channels)
        self.query_key_value = nn.Conv2d(channels, 3 * channels, 1)
        self.bias = nn.Parameter(torch.zeros(heads, 2 * reach + 1))
        self.out = zero_init(nn.Conv2d(channels, channels, 1))

    def forward(self, x: Float[Tensor, "nh c y x"], hours: int) -> Float[Tensor, "nh c y x"]:
        """Map (n * hours, c, y, x) to the same shape, the input added."""
        height, width = x.shape[-2:]
        query, key, value = rearrange(
            self.query_key_value(self.norm(x)), "(n h) (k g d) y x -> k (n y x) g h d", h=hours, k=3, g=self.heads
        )
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=self.distances(hours).to(query.dtype))
        mixed = rearrange(mixed, "(n y x) g h d -> (n h) (g d) y x", y=height, x=width)
        return x + self.out(mixed)

    def distances(self, hours: int) -> Float[Tensor, "g {hours} {hours}"]:
        """What the distance in time adds to the scores, (heads, hours, hours); too far is never seen."""
        at = torch.arange(hours, device=self.bias.device)
        apart = at[None, :] - at[:, None]
        bias = self.bias[:, (apart + self.reach).clamp(0, 2 * self.reach)]
        return bias.masked_fill(apart.abs() > self.reach, float("-inf"))


class FrameAttention(nn.Module):
    """Attention of every hour over the coarse frames round it, by content and by their distance in time.

    The frames lie on an hourly axis, each hour holding the frame that covers it; a missing one is never attended to,
    a pixel without any gets zeros.

    Parameters
    ----------
    channels, heads : int
        Channels of queries and result; attention heads.
    frame_channels : int
        Channels of the frames' features.
    reach : int
        Hours of context on each side of an hour.
    """

    def __init__(self, channels: int, heads: int, frame_channels: int, reach: int) -> None:
        super().__init__()
        self.heads, self.reach = heads, reach
        self.norm = ChannelNorm(channels)
        self.query = nn.Conv2d(channels, channels, 1)
        self.key_value = nn.Conv2d(frame_channels, 2 * channels, 1)
        self.bias = nn.Parameter(torch.zeros(heads, 2 * reach + 1))
        self.out = zero_init(nn.Conv2d(channels, channels, 1))

    def forward(
        self, x: Float[Tensor, "nh c y x"], frames: Float[Tensor, "n a k y x"], seen: Bool[Tensor, "n h a y x"]
    ) -> Float[Tensor, "nh c y x"]:
        """Attend.

        Parameters
        ----------
        x : Tensor
            Features of the hours, (n * hours, c, y, x).
        frames : Tensor
            Features of the hourly axis, (n, reach + hours + reach, k, y, x).
        seen : Tensor
            True where an hour (second axis) may see a place of the axis (third), (n, hours, axis, y, x).

        Returns
        -------
        Tensor
            (n * hours, c, y, x), the input added.
        """
        hours, axis, height, width = seen.shape[1:]
        query = rearrange(self.query(self.norm(x)), "(n h) (g d) y x -> (n y x) g h d", h=hours, g=self.heads)
        key, value = rearrange(
            self.key_value(frames.flatten(0, 1)), "(n a) (k g d) y x -> k (n y x) g a d", a=axis, k=2, g=self.heads
        )
        at = torch.arange(axis, device=x.device)[None, :] - torch.arange(hours, device=x.device)[:, None]
        bias = self.bias[:, at.clamp(0, 2 * self.reach)]
        seen = rearrange(seen & ((at >= 0) & (at <= 2 * self.reach))[:, :, None, None], "n h a y x -> (n y x) 1 h a")
        # a large negative number instead of infinity: where nothing is seen the softmax stays finite
        mask = torch.where(seen, bias, -1e4).to(query.dtype)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        mixed = mixed * seen.any(-1, keepdim=True)
        return x + self.out(rearrange(mixed, "(n y x) g h d -> (n h) (g d) y x", y=height, x=width))
