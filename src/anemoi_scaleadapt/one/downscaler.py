"""Both networks together: what they learn from a batch, and how they draw members."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from anemoi_scaleadapt.diffusion import schedule as diffusion
from anemoi_scaleadapt.conservation import conserve, nearest
from anemoi_scaleadapt.layers.tiling import pad_to
from anemoi_scaleadapt.diffusion.samplers import draw
from anemoi_scaleadapt.one.blocks import UShape
from anemoi_scaleadapt.one.context import REACH, Context, build_context
from anemoi_scaleadapt.one.networks import MeanNetwork, ResidualNetwork
from anemoi_scaleadapt.one.spread import ResidualSpread
from anemoi_scaleadapt.scale import Scale
from anemoi_scaleadapt.models.transform import RainTransform

FAINT = 0.25
START = 80.0


@dataclass(frozen=True)
class NetworkSettings:
    patch: int = 4
    mean_channels: tuple[int, int] = (48, 64)
    residual_channels: tuple[int, int] = (64, 96)
    frame_channels: int = 16
    blocks: int = 2
    heads: int = 4
    window: int = 5
    hours: int = 5
    averages: tuple[int, ...] = (1, 3, 7, 15)


class Downscaler(nn.Module):
    def __init__(self, network: NetworkSettings, transform: RainTransform, statics: int = 0, amplitude: float = 0.75):
        super().__init__()
        self.network, self.transform, self.amplitude = network, transform, amplitude
        self.stride = network.patch * UShape.stride
        self.mean = MeanNetwork(network, statics)
        self.residual = ResidualNetwork(network, statics)
        self.spread = ResidualSpread()
        self.to(memory_format=torch.channels_last)

    def context(self, axis: Tensor, scale: Scale, statics=None, seen=None) -> Context:
        present = axis >= 0
        z = self.transform.forward(torch.where(present, axis, 0))
        return build_context(z, present, scale, self.network.patch, statics, seen)

    def current(self, axis: Tensor) -> Tensor:
        """Own frame of every hour (n, hours, Y, X), NaN where missing."""
        own = axis[:, REACH:-REACH]
        return torch.where(own >= 0, own, torch.nan)

    def std(self, now: Tensor, scale: Scale) -> Tensor:
        z = self.transform.forward(torch.nan_to_num(now))
        if scale.space > 1:
            z = F.interpolate(z, scale_factor=scale.space, mode="bilinear")
        return self.spread(scale.space, scale.time, now.shape[1])[:, None, None] * (z + FAINT) ** self.amplitude

    def terms(self, axis, hr, scale, statics=None, seen=None, generator=None, sigma=None):
        height, width = hr.shape[-2:]
        context, now = self.context(axis, scale, statics, seen), self.current(axis)
        mean = self.mean(context, scale)
        known = (hr >= 0) & (nearest(torch.nan_to_num(now), scale.space) > 0)
        wanted = self.transform.forward(torch.where(hr >= 0, hr, 0))
        residual = torch.where(hr >= 0, wanted - mean[..., :height, :width], 0)
        std = self.std(now, scale)
        if self.training:
            told = (residual / std).detach() * known
            self.spread.update(told.square().sum((0, 2, 3)), known.sum((0, 2, 3)), scale.space, scale.time)
            std = self.std(now, scale)
        residual = residual / std
        if sigma is None:
            levels = diffusion.noise_levels(scale.beta).float().to(hr.device)
            sigma = diffusion.draw_levels(levels, len(hr), generator)
        level = sigma[:, None, None, None]
        noise = torch.randn(hr.shape, device=hr.device, generator=generator)
        noisy = pad_to(residual + level * noise, self.stride)
        output = self.residual(noisy, sigma, context, mean, scale)
        aim = diffusion.target(residual, noise, level)
        return {
            "mean": (mean[..., :height, :width], torch.where(known, wanted, torch.nan)),
            "residual": (output[..., :height, :width], torch.where(known, aim, torch.nan)),
        }

    # simple whole-domain sampler for evaluation
    @torch.no_grad()
    def sample(self, axis, scale, noise, settings, statics=None, sigma_max=None):
        now = self.current(axis)
        context = self.context(axis, scale, statics)
        mean = self.mean(context, scale)
        height, width = now.shape[-2] * scale.space, now.shape[-1] * scale.space
        small, std = mean[..., :height, :width].float(), self.std(now, scale)
        n, t = len(now), scale.time
        lr = now[:, ::t][:, None]

        def rain(res):  # n m h y x
            z = small[:, None] + std[:, None] * res
            r = self.transform.inverse(z).unflatten(2, (-1, t))
            return conserve(r, lr, scale.conservation).flatten(2, 3)

        dry = nearest(now == 0, scale.space)[:, None]

        def denoise(x, sigma):
            flat = rearrange(x, "n h m y x -> (n m) h y x")
            m = x.shape[2]
            out = self.residual(pad_to(flat, self.stride), sigma.to(flat).reshape(1).expand(len(flat)), context, mean, scale)
            est = diffusion.denoised(flat, sigma.to(flat), out[..., :height, :width]).unflatten(0, (n, m))
            if float(sigma) <= settings.conserve_below:
                est = (self.transform.forward(rain(est)) - small[:, None]) / std[:, None]
            else:
                est = torch.where(dry, (-small / std)[:, None], est)
            return rearrange(est, "n m h y x -> n h m y x")

        top = sigma_max or min(float(diffusion.noise_levels(scale.beta)[-1]), START)
        res = draw(denoise, noise, settings, top, scale.beta)
        return rearrange(rain(rearrange(res, "n h m y x -> n m h y x")), "n m h y x -> n h m y x"), conserve(
            self.transform.inverse(small).unflatten(1, (-1, t)), now[:, ::t], scale.conservation).flatten(1, 2)
