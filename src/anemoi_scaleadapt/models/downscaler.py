"""Both networks together: what they learn from a batch, and how they draw members."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from anemoi_scaleadapt.conservation import conserve, nearest
from anemoi_scaleadapt.diffusion import schedule
from anemoi_scaleadapt.diffusion.samplers import draw
from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.layers.tiling import alone, pad_to, plan, run_tiled
from anemoi_scaleadapt.layers.unet import UShape
from anemoi_scaleadapt.models.context import Context, build_context
from anemoi_scaleadapt.models.networks import MeanNetwork, ResidualNetwork
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.models.transform import RainTransform
from anemoi_scaleadapt.scale import Scale

#: how fast the residual's running standard deviation forgets, a step
FORGET = 0.02
#: z that is added to the coarse rain's where it gives the residual's amplitude
FAINT = 0.25
#: noise level from which sampling starts at most, unless told otherwise: that of the largest patterns of a residual
START = 80.0


def just_run(network: nn.Module, run: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    """Compute ``run(*inputs)``."""
    return run(*inputs)


class Downscaler(nn.Module):
    """Conditional mean plus residual diffusion for one factor pair, on any domain.

    Missing values of rain are negative or NaN in every argument, NaN in results.

    Parameters
    ----------
    scale : Scale
        Factor pair, beta, L and f.
    network : NetworkSettings
        Sizes of the two networks.
    sampler : SamplerSettings
        How members are drawn.
    transform : RainTransform
        Space in which the networks work.
    statics : int, optional
        Number of static fields.
    detach_mean : bool, optional
        Whether the residual's loss leaves the mean network alone. By default it does not, as in the paper: at these
        sizes the mean's error falls with it.
    amplitude : float, optional
        The residual's standard deviation grows as the coarse rain's z to this power; 0 for the same one everywhere.
    tile : int, optional
        Inner width of a tile in pixels when members are drawn; larger domains are cut.

    References
    ----------
    arXiv 2604.21903; Karras et al. 2022, arXiv 2206.00364.
    """

    def __init__(
        self,
        scale: Scale,
        network: NetworkSettings,
        sampler: SamplerSettings,
        transform: RainTransform,
        statics: int = 0,
        detach_mean: bool = False,
        amplitude: float = 0.75,
        tile: int = 512,
    ) -> None:
        super().__init__()
        self.scale, self.network, self.sampler, self.transform = scale, network, sampler, transform
        self.detach_mean, self.amplitude, self.tile = detach_mean, amplitude, tile
        self.stride = network.patch * UShape.stride
        still = Context.STILL + statics
        self.mean = MeanNetwork(scale, network, still)
        self.residual = ResidualNetwork(scale, network, still)
        self.to(memory_format=torch.channels_last)
        self.register_buffer("residual_std", torch.ones(scale.time))
        self.register_buffer("levels", schedule.noise_levels(scale.beta).float(), persistent=False)

    @property
    def sigma_max(self) -> float:
        """Noise level at which sampling starts."""
        return self.sampler.sigma_max or min(float(self.levels[-1]), START)

    def context(self, lr: Tensor, statics: Tensor | None = None) -> Context:
        """Context of coarse frames (n, L, y, x) in mm h-1, padded to the networks' stride."""
        present = lr >= 0
        built = build_context(self.transform.forward(torch.where(present, lr, 0)), present, self.scale, statics)
        return Context(*(pad_to(x, self.stride) for x in built.tensors()))

    def current(self, lr: Tensor) -> Tensor:
        """The window's own coarse frame, (n, y, x), NaN where missing."""
        now = lr[:, self.scale.frame_ends.index(0)]
        return torch.where(now >= 0, now, torch.nan)

    def std(self, now: Tensor) -> Tensor:
        """Standard deviation by which a residual is divided, (n, t, y, x), where the current coarse frame is `now`.

        Heavy rain leaves more open than light rain: what falls within a coarse cell of R mm/h has, as a square root, a
        standard deviation of about R to the power 3/8. Divided by that, residuals of drizzle and storm look alike.
        """
        z = self.transform.forward(torch.nan_to_num(now))[:, None]
        if self.scale.space > 1:
            z = F.interpolate(z, scale_factor=self.scale.space, mode="bilinear")
        return self.residual_std[:, None, None] * (z + FAINT) ** self.amplitude

    # -- training ------------------------------------------------------------------------------------------

    def terms(
        self,
        lr: Tensor,
        hr: Tensor,
        statics: Tensor | None = None,
        generator: torch.Generator | None = None,
        sigma: Tensor | None = None,
        runner: Callable[..., Tensor] = just_run,
    ) -> dict[str, tuple[Tensor, Tensor]]:
        """What the losses compare: for each network its output and what it should be, NaN where nothing is to learn.

        Parameters
        ----------
        lr : Tensor
            Coarse frames, (n, L, y / s, x / s), mm h-1.
        hr : Tensor
            Fine hours, (n, t, y, x), mm h-1.
        statics : Tensor, optional
            Static fields, (n, c, y, x).
        generator : torch.Generator, optional
            Makes noise repeatable, for validation.
        sigma : Tensor, optional
            Noise levels, (n,); by default drawn from the levels of beta.
        runner : callable, optional
            ``runner(network, run, *inputs)`` computes ``run(*inputs)``; see
            :class:`anemoi_scaleadapt.training.graphs.Recorder`.

        Returns
        -------
        dict
            ``mean`` and ``residual``: (prediction, target), each (n, t, y, x).
        """
        height, width = hr.shape[-2:]
        context, now = self.context(lr, statics), self.current(lr)
        mean = runner(self.mean, self.mean, *context.tensors())
        # a dry coarse cell is dry in every pixel: nothing to learn there
        known = (hr >= 0) & (nearest(torch.nan_to_num(now), self.scale.space) > 0)[:, None]
        wanted = self.transform.forward(torch.where(hr >= 0, hr, 0))
        given = mean.detach() if self.detach_mean else mean
        residual = torch.where(hr >= 0, wanted - given[..., :height, :width].float(), 0)
        std = self.std(now)
        if self.training:
            self._update_std((residual / std).detach(), known)
        residual = residual / std
        if sigma is None:
            sigma = schedule.draw_levels(self.levels, len(hr), generator)
        sigma = sigma[:, None, None, None]
        noise = torch.randn(hr.shape, device=hr.device, generator=generator)
        noisy = pad_to(residual + sigma * noise, self.stride)
        output = runner(self.residual, self._denoise, *context.tensors(), given, noisy, sigma.flatten())
        aim = schedule.target(residual, noise, sigma)
        return {
            "mean": (mean[..., :height, :width], torch.where(known, wanted, torch.nan)),
            "residual": (output[..., :height, :width], torch.where(known, aim, torch.nan)),
        }

    def _denoise(self, *inputs: Tensor) -> Tensor:
        """The residual network with its condition, from a context's tensors, the mean, noisy residuals and levels."""
        *conditions, x, sigma = inputs
        return self.residual(x, sigma, self.residual.condition(*conditions))

    @torch.no_grad()
    def _update_std(self, residual: Tensor, known: Tensor) -> None:
        """Let the running factor of each hour follow a batch of standardised residuals."""
        count = known.sum((0, 2, 3)).clamp(min=1)
        batch = ((residual * known).square().sum((0, 2, 3)) / count).sqrt()
        self.residual_std.lerp_((self.residual_std * batch).clamp(min=1e-3), FORGET)

    # -- inference -----------------------------------------------------------------------------------------

    @torch.no_grad()
    def predict_mean(self, lr: Tensor, statics: Tensor | None = None) -> Tensor:
        """Conditional mean of z, (n, t, y, x) on the padded domain, tile by tile."""
        return alone(self._mean)(lr, statics)

    def _mean(self, lr: Tensor, statics: Tensor | None) -> Tensor:
        context = self.context(lr, statics)
        n, _, height, width = context.frames.shape
        out = context.base.new_empty(n, self.scale.time, height, width)
        tiles = list(plan(height, width, self.tile, self.mean.reach(), self.stride))
        return run_tiled(self.mean, context.tensors(), [1] * 4, tiles, out)

    @torch.no_grad()
    def mean_rain(self, lr: Tensor, statics: Tensor | None = None, mean: Tensor | None = None) -> Tensor:
        """Rain of the conditional mean with exact coarse totals, (n, t, y, x) in mm h-1.

        `mean` is the result of :meth:`predict_mean`, if it is there already.
        """
        now = self.current(lr)
        z = self.predict_mean(lr, statics) if mean is None else mean
        z = z[..., : now.shape[-2] * self.scale.space, : now.shape[-1] * self.scale.space]
        return alone(lambda z, now: conserve(self.transform.inverse(z), now, self.scale.conservation))(z, now)

    @torch.no_grad()
    def sample(
        self,
        lr: Tensor,
        noise: Callable[[int], Tensor],
        statics: Tensor | None = None,
        sampler: SamplerSettings | None = None,
        mean: Tensor | None = None,
    ) -> Tensor:
        """Draw members.

        Parameters
        ----------
        lr : Tensor
            Coarse frames, (n, L, y / s, x / s), mm h-1.
        noise : callable
            ``noise(k)`` is the k-th draw of standard normal noise, (n, t, members, y, x).
        statics : Tensor, optional
            Static fields, (n, c, y, x).
        sampler : SamplerSettings, optional
            Instead of the model's own.
        mean : Tensor, optional
            The result of :meth:`predict_mean`, if it is there already.

        Returns
        -------
        Tensor
            Members, (n, t, members, y, x) in mm h-1, NaN where the coarse cell is missing.
        """
        sampler = sampler or self.sampler
        now = self.current(lr)
        mean = self.predict_mean(lr, statics) if mean is None else mean
        condition = alone(self._condition)(lr, statics, mean)
        height, width = now.shape[-2] * self.scale.space, now.shape[-1] * self.scale.space
        mean, std = mean[..., :height, :width], alone(self.std)(now)
        inside = self.scale.conservation.inside_sampler

        def denoise(x: Tensor, sigma: Tensor) -> Tensor:
            def each(x: Tensor, condition: Tensor, mean: Tensor, std: Tensor, now: Tensor) -> Tensor:
                output = self._output(x, sigma, condition, now)
                estimate = schedule.denoised(x, sigma.to(x), output)
                return self._bound(estimate, mean, std, now, inside and float(sigma) <= sampler.conserve_below)

            flat = rearrange(x, "n t m y x -> (n m) t y x")
            return rearrange(alone(each)(flat, condition, mean, std, now), "(n m) t y x -> n t m y x", n=len(now))

        residual = draw(denoise, noise, sampler, sampler.sigma_max or self.sigma_max, self.scale.beta)
        rain = alone(self._rain)(rearrange(residual, "n t m y x -> (n m) t y x"), mean, std, now)
        return rearrange(rain, "(n m) t y x -> n t m y x", n=len(now))

    def _condition(self, lr: Tensor, statics: Tensor | None, mean: Tensor) -> Tensor:
        height, width = mean.shape[-2:]
        p, channels = self.network.patch, self.network.residual_channels[0]
        out = mean.new_empty(mean.shape[0], channels, height // p, width // p)
        tiles = plan(height, width, self.tile, self.residual.condition_reach(), self.stride)
        inputs = (*self.context(lr, statics).tensors(), mean)
        return run_tiled(self.residual.condition, inputs, [1] * 5, list(tiles), out, p)

    def _output(self, x: Tensor, sigma: Tensor, condition: Tensor, now: Tensor) -> Tensor:
        """Network output for states (n * m, t, y, x); tiles without a wet coarse cell are left out (zeros)."""
        height, width = x.shape[-2:]
        wet = nearest(torch.nan_to_num(now, nan=1.0), self.scale.space) > 0
        rule = self.scale.conservation
        # what is predicted in dry cells changes other cells if the totals are kept beyond each cell of its own
        apart = not rule.inside_sampler or (rule.scope == "cell" and not rule.smooth)
        flat, level = pad_to(x, self.stride), sigma.to(x).reshape(1)
        out = run_tiled(
            lambda part, told: self.residual(part, level, told),
            (flat, condition),
            (1, self.network.patch),
            list(plan(*flat.shape[-2:], self.tile, self.residual.reach(), self.stride)),
            torch.zeros_like(flat),
            wanted=lambda tile: not apart or bool(wet[..., slice(*tile.inner[:2]), slice(*tile.inner[2:])].any()),
        )
        return out[..., :height, :width]

    def _rain(self, residual: Tensor, mean: Tensor, std: Tensor, now: Tensor) -> Tensor:
        """Rain with exact coarse totals, of residuals (n * m, t, y, x), means and deviations (n, t, y, x)."""
        residual = residual.unflatten(0, (len(now), -1))
        z = mean[:, None] + std[:, None] * residual
        return conserve(self.transform.inverse(z), now[:, None], self.scale.conservation).flatten(0, 1)

    def _bound(self, residual: Tensor, mean: Tensor, std: Tensor, now: Tensor, conserved: bool) -> Tensor:
        """Map residuals (n * m, t, y, x) to the nearest ones that keep the coarse totals, where they are known.

        What is denoised from much noise is the mean of many fields. In the square root's space a mean is less than
        what the totals ask for, and scaling it up would take from the members' variance: not `conserved`, residuals
        only become dry where the coarse cell is.
        """
        members = len(residual) // len(now)
        mean, std = mean.repeat_interleave(members, 0), std.repeat_interleave(members, 0)
        if not conserved:
            dry = nearest(now == 0, self.scale.space).repeat_interleave(members, 0)[:, None]
            return torch.where(dry, -mean / std, residual)
        rain = self._rain(residual, mean, std, torch.nan_to_num(now).repeat_interleave(members, 0))
        known = nearest(~now.isnan(), self.scale.space).repeat_interleave(members, 0)[:, None]
        return torch.where(known, (self.transform.forward(rain) - mean) / std, residual)
