"""The two networks: the conditional mean with attention, and the denoiser of the residual; one for every pair."""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from anemoi_scaleadapt.diffusion.schedule import condition_noise
from anemoi_scaleadapt.layers.averages import averages
from anemoi_scaleadapt.layers.blocks import NoiseEmbedding, PairEmbedding, zero_init
from anemoi_scaleadapt.layers.hours import FrameAttention
from anemoi_scaleadapt.layers.tiling import pad_to
from anemoi_scaleadapt.layers.unet import UShape, patches, unpatch
from anemoi_scaleadapt.models.context import FINE, REACH, Context
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.scale import Scale

#: length of the embedding of noise level and pair
EMBEDDING = 128


def exact(x: Tensor) -> Tensor:
    """Bring what a network puts out in half precision to float32: rain and noise keep all their digits."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


class ContextEncoder(nn.Module):
    """Features of the context at patch resolution, for every hour.

    Each hour sees its own frame and its neighbours pixel by pixel, and the frames up to REACH hours away at patch
    resolution, by a convolution over their distances in time.

    Parameters
    ----------
    patch, statics, extra, channels : int
        Pixels of a patch each way; static fields; further channels on the fine grid; channels of the result.
    """

    def __init__(self, patch: int, statics: int, extra: int, channels: int) -> None:
        super().__init__()
        self.patch = patch
        self.fine = nn.Conv2d((FINE + statics + extra) * patch**2, channels, 1)
        self.frames = nn.Conv2d(2 * (2 * REACH + 1), channels, 3, padding=1)

    def forward(self, context: Context, *extra: Float[Tensor, "nh c y x"]) -> Float[Tensor, "nh d v w"]:
        """Encode a context (and extra fields (n * hours, c, y, x)) to (n * hours, channels, y / p, x / p)."""
        hours = context.hours
        at = torch.arange(2 * REACH + 1, device=context.seen.device) + torch.arange(
            hours, device=context.seen.device
        ).unsqueeze(1)
        seen = context.seen.gather(2, at.expand(len(context.seen), -1, -1))[..., None, None]
        there = context.present[:, at] & seen
        slots = torch.cat([context.frames[:, at] * there, there.to(context.frames)], dim=2).flatten(0, 1)
        fine = torch.cat([context.fine, *extra], dim=1)
        return self.fine(patches(fine, self.patch)) + self.frames(slots.contiguous(memory_format=torch.channels_last))


class MeanNetwork(nn.Module):
    """Conditional mean C of z: a first guess plus what the U-shape with attention adds to it.

    The first guess lies between rain that is interpolated in time and rain that is carried along by its motion; the
    U-shape says where, pixel by pixel.

    Parameters
    ----------
    network : NetworkSettings
        Sizes.
    statics : int
        Number of static fields.

    References
    ----------
    arXiv 2604.21903: the deterministic conditional mean with attention in time and space.
    """

    def __init__(self, network: NetworkSettings, statics: int) -> None:
        super().__init__()
        self.patch = network.patch
        channels = network.mean_channels
        self.encoder = ContextEncoder(network.patch, statics, 0, channels[0])
        self.frame = nn.Conv2d(1, network.frame_channels, 3, padding=1)
        self.frames = FrameAttention(channels[0], network.heads, network.frame_channels, REACH)
        self.pair = PairEmbedding(EMBEDDING)
        self.body = UShape(channels, network.blocks, network.heads, network.window, network.hours, EMBEDDING)
        self.head = zero_init(nn.Conv2d(channels[0], 2 * network.patch**2, 1))

    def forward(self, context: Context, scale: Scale) -> Float[Tensor, "n h y x"]:
        """Map a context to the mean of z, (n, hours, y, x); zero in dry coarse cells."""
        hours, n = context.hours, len(context.seen)
        h = self.encoder(context)
        tokens = self.frame(context.frames.flatten(0, 1)[:, None]).unflatten(0, (n, -1))
        seen = context.seen[..., None, None] & context.present[:, None]
        h = self.frames(h, tokens, seen)
        told = F.silu(self.pair(scale.space, scale.time, hours)).repeat(n, 1)
        added, share = unpatch(exact(self.head(self.body(h, told, hours))), self.patch).chunk(2, dim=1)
        out = context.base + share * (context.moved - context.base) + added
        return (out * context.wet)[:, 0].unflatten(0, (n, hours))

    def reach(self) -> int:
        """How many fine pixels an output looks to each side."""
        return self.patch * (1 + 1 + self.body.reach())


class ResidualNetwork(nn.Module):
    """Denoiser of the standardised residual, conditioned on the context and the mean.

    Its output is F of Karras et al. with sigma_data = 1, as gains on the noisy input and on its local averages plus a
    bias, F = a x + sum_k a_k mean_k(x) + b: the per-pixel norm inside hides the amplitude of the noise, which the gain
    brings back, and the best guess from much noise is a weighted local average.

    Parameters
    ----------
    network, statics
        As in :class:`MeanNetwork`.
    """

    def __init__(self, network: NetworkSettings, statics: int) -> None:
        super().__init__()
        self.patch, self.widths = network.patch, network.averages
        channels, square = network.residual_channels, network.patch**2
        self.encoder = ContextEncoder(network.patch, statics, 1, channels[0])
        self.noisy = nn.Conv2d(square + len(self.widths), channels[0], 3, padding=1)
        self.level, self.pair = NoiseEmbedding(EMBEDDING), PairEmbedding(EMBEDDING)
        self.body = UShape(channels, network.blocks, network.heads, 0, network.hours, EMBEDDING)
        self.head = zero_init(nn.Conv2d(channels[0], 2 * square + len(self.widths), 1))

    def condition(self, context: Context, mean: Float[Tensor, "n h y x"]) -> Float[Tensor, "n h c v w"]:
        """Encode what does not change from step to step or member to member.

        Parameters
        ----------
        context : Context
            Of n samples.
        mean : Tensor
            Conditional mean in z, (n, hours, y, x).

        Returns
        -------
        Tensor
            (n, hours, c, y / p, x / p).
        """
        return self.encoder(context, mean.flatten(0, 1)[:, None]).unflatten(0, mean.shape[:2])

    def look(self, x: Float[Tensor, "m h y x"], sigma: Float[Tensor, " m"]) -> Float[Tensor, "m h c v w"]:
        """Bring noisy residuals to patch resolution, as :meth:`forward` wants them.

        It is done on a whole domain before that is cut into tiles: an average looks far, but costs little.

        Parameters
        ----------
        x : Tensor
            R + sigma n, (n * members, hours, y, x), the members of a sample side by side.
        sigma : Tensor
            Noise levels, (n * members,).

        Returns
        -------
        Tensor
            (n * members, hours, c, y / p, x / p), height and width padded with zeros: patches and averages, all of
            about unit variance.
        """
        level = sigma.repeat_interleave(x.shape[1])[:, None, None, None]
        seen = pad_to(x.flatten(0, 1)[:, None], self.patch * UShape.stride)
        smooth = averages(seen, level, self.patch, self.widths)
        return torch.cat([patches(condition_noise(seen, level), self.patch), *smooth], 1).unflatten(0, x.shape[:2])

    def forward(
        self,
        look: Float[Tensor, "m h c v w"],
        sigma: Float[Tensor, " m"],
        condition: Float[Tensor, "n h d v w"],
        scale: Scale,
    ) -> Float[Tensor, "m h y x"]:
        """Network output F for noisy residuals.

        Parameters
        ----------
        look : Tensor
            From :meth:`look`, (n * members, hours, c, y / p, x / p).
        sigma : Tensor
            Noise levels, (n * members,).
        condition : Tensor
            From :meth:`condition`, (n, hours, c, y / p, x / p).
        scale : Scale
            Factor pair.
        """
        (n, hours), square = condition.shape[:2], self.patch**2
        told = condition.repeat_interleave(len(look) // n, dim=0).flatten(0, 1)
        flat = look.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        h = self.noisy(flat) + told
        embedding = self.level(sigma)[:, None] + self.pair(scale.space, scale.time, hours)
        output = exact(self.head(self.body(h, F.silu(embedding).flatten(0, 1), hours)))
        gain, bias, gains = output.split([square, square, len(self.widths)], dim=1)
        fine, smooth = flat.split([square, len(self.widths)], dim=1)
        output, low = unpatch(gain * fine + bias, self.patch), gains * smooth
        low = F.interpolate(low.sum(1, keepdim=True), scale_factor=self.patch, mode="bilinear", align_corners=False)
        return rearrange(output + low, "(n h) 1 y x -> n h y x", h=hours)

    def reach(self) -> int:
        """How many fine pixels an output looks to each side."""
        return self.patch * (1 + 1 + self.body.reach())

    def condition_reach(self) -> int:
        """How many fine pixels a feature of the condition looks to each side."""
        return 2 * self.patch
