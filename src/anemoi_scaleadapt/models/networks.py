"""The two networks: the conditional mean with attention, and the denoiser of the residual."""

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from anemoi_scaleadapt.diffusion.schedule import condition_noise
from anemoi_scaleadapt.layers.attention import FrameAttention
from anemoi_scaleadapt.layers.averages import averages
from anemoi_scaleadapt.layers.blocks import NoiseEmbedding, zero_init
from anemoi_scaleadapt.layers.unet import UShape, patches, unpatch
from anemoi_scaleadapt.models.context import frame_centres, hour_centres
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.scale import Scale

EMBEDDING = 128


class ContextEncoder(nn.Module):
    """Features of the context at patch resolution: frames mixed over time, the rest by convolution.

    Parameters
    ----------
    scale : Scale
        Factor pair; t gives the number of queries, L may be anything.
    network : NetworkSettings
        Sizes.
    still : int
        Channels of ``Context.still``.
    extra : int
        Further channels on the fine grid.
    channels : int
        Channels of the result.
    """

    def __init__(self, scale: Scale, network: NetworkSettings, still: int, extra: int, channels: int) -> None:
        super().__init__()
        self.patch = network.patch
        self.current = scale.frame_ends.index(0)
        self.register_buffer("hours", hour_centres(scale), persistent=False)
        self.register_buffer("centres", frame_centres(scale), persistent=False)
        square = network.patch**2
        self.frame = nn.Conv2d(2 * square, network.frame_channels, 3, padding=1)
        self.attention = FrameAttention(network.frame_channels, network.heads)
        self.merge = nn.Conv2d(scale.time * network.frame_channels, channels, 1)
        self.still = nn.Conv2d((still + scale.time + extra) * square, channels, 1)

    def forward(self, frames: Tensor, present: Tensor, base: Tensor, still: Tensor, *extra: Tensor) -> Tensor:
        """Encode fine tensors of a :class:`Context` (and extra ones) to (n, channels, y / p, x / p)."""
        n = frames.shape[0]
        pairs = rearrange([frames, present], "k n l y x -> (n l) k y x")
        tokens = rearrange(self.frame(patches(pairs, self.patch)), "(n l) c y x -> n l c y x", n=n)
        there = F.max_pool2d(present, self.patch) > 0
        mixed = self.attention(tokens, there, self.current, self.hours, self.centres)
        fine = torch.cat([still, base, *extra], dim=1)
        merged = self.merge(rearrange(mixed, "n t c y x -> n (t c) y x"))
        return merged + self.still(patches(fine, self.patch))


class MeanNetwork(nn.Module):
    """Conditional mean C of z: the first guess plus what the U-shape with attention adds to it.

    Parameters
    ----------
    scale, network, still
        As in :class:`ContextEncoder`.

    References
    ----------
    arXiv 2604.21903: the deterministic conditional mean with attention in time and space.
    """

    def __init__(self, scale: Scale, network: NetworkSettings, still: int) -> None:
        super().__init__()
        self.patch = network.patch
        channels = network.mean_channels
        self.encoder = ContextEncoder(scale, network, still, 0, channels[0])
        self.body = UShape(channels, network.blocks, network.heads, network.window)
        self.head = zero_init(nn.Conv2d(channels[0], scale.time * network.patch**2, 1))

    def forward(self, frames: Tensor, present: Tensor, base: Tensor, still: Tensor) -> Tensor:
        """Map the tensors of a :class:`Context` to the mean of z, (n, t, y, x); zero in dry coarse cells."""
        features = self.body(self.encoder(frames, present, base, still))
        now, known = still[:, :1], still[:, 2:3]
        return (base + unpatch(self.head(features), self.patch)) * ((now > 0) | (known == 0))

    def reach(self) -> int:
        """How many fine pixels an output looks to each side."""
        # rounding to patches, the 3 x 3 convolution at the entry, the body
        return self.patch * (1 + 1 + self.body.reach())


class ResidualNetwork(nn.Module):
    """Denoiser of the standardised residual, conditioned on the context and the mean.

    Its output is F of Karras et al. with sigma_data = 1, as gains on the noisy input and on its local averages
    plus a bias, F = a x + sum_k a_k mean_k(x) + b: the per-pixel norm inside hides the amplitude of the noise, which
    the gain brings back, and the best guess from much noise is a weighted local average.

    Parameters
    ----------
    scale, network, still
        As in :class:`ContextEncoder`.
    """

    def __init__(self, scale: Scale, network: NetworkSettings, still: int) -> None:
        super().__init__()
        self.patch, self.time, self.widths = network.patch, scale.time, network.averages
        channels, values, smooth = (
            network.residual_channels,
            scale.time * network.patch**2,
            scale.time * len(self.widths),
        )
        self.encoder = ContextEncoder(scale, network, still, scale.time, channels[0])
        self.noisy = nn.Conv2d(values + smooth, channels[0], 3, padding=1)
        self.level = NoiseEmbedding(EMBEDDING)
        self.body = UShape(channels, network.blocks, network.heads, 0, EMBEDDING)
        self.head = zero_init(nn.Conv2d(channels[0], 2 * values + smooth, 1))

    def condition(self, frames: Tensor, present: Tensor, base: Tensor, still: Tensor, mean: Tensor) -> Tensor:
        """Encode what does not change from step to step or member to member, (n, c, y / p, x / p)."""
        return self.encoder(frames, present, base, still, mean)

    def forward(self, x: Tensor, sigma: Tensor, condition: Tensor) -> Tensor:
        """Network output F for noisy residuals.

        Parameters
        ----------
        x : Tensor
            R + sigma n, (n * members, t, y, x), the members of a sample side by side.
        sigma : Tensor
            Noise levels, (n * members,).
        condition : Tensor
            From :meth:`condition`, (n, c, y / p, x / p).
        """
        sigma_map = sigma[:, None, None, None]
        smooth = averages(x, sigma_map, self.patch, self.widths)
        x = condition_noise(x, sigma_map)
        members = x.shape[0] // condition.shape[0]
        seen = torch.cat([patches(x, self.patch), *smooth], dim=1)
        h = self.noisy(seen) + condition.repeat_interleave(members, dim=0)
        output = self.head(self.body(h, self.level(sigma)))
        values = self.time * self.patch**2
        gain, bias, *gains = output.split([values, values, *[self.time] * len(smooth)], dim=1)
        output = unpatch(gain, self.patch) * x + unpatch(bias, self.patch)
        if smooth:
            low = sum(a * mean for a, mean in zip(gains, smooth, strict=True))
            output = output + F.interpolate(low, scale_factor=self.patch, mode="bilinear", align_corners=False)
        return output

    def reach(self) -> int:
        """How many fine pixels an output looks to each side, in x."""
        # rounding to patches, the 3 x 3 convolution at the entry, the body, averages and the way back from them
        averaged = max(self.widths) // 2 + 1 if self.widths else 0
        return self.patch * (1 + 1 + self.body.reach() + averaged)

    def condition_reach(self) -> int:
        """How many fine pixels a feature of the condition looks to each side."""
        return 2 * self.patch
