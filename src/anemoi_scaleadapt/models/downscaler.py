"""Both networks together: what they learn from a batch, and how they draw members."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor, nn

from anemoi_scaleadapt.conservation import conserve, nearest
from anemoi_scaleadapt.diffusion import schedule
from anemoi_scaleadapt.diffusion.noise import remembered
from anemoi_scaleadapt.diffusion.samplers import draw
from anemoi_scaleadapt.diffusion.settings import SamplerSettings, Tuned
from anemoi_scaleadapt.layers.tiling import Tile, alone, pad_to, parts_of, plan
from anemoi_scaleadapt.layers.unet import UShape
from anemoi_scaleadapt.models.calibrated import Calibrated
from anemoi_scaleadapt.models.context import REACH, Context, Moving, build_context, tile_context
from anemoi_scaleadapt.models.moving import follow
from anemoi_scaleadapt.models.networks import MeanNetwork, ResidualNetwork
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.models.spread import ResidualSpread
from anemoi_scaleadapt.models.transform import RainTransform
from anemoi_scaleadapt.scale import Scale

#: z that is added to the coarse rain's where it gives the residual's amplitude
FAINT = 0.25
#: noise level from which sampling starts at most, unless told otherwise: that of the largest patterns of a residual
START = 160.0


@dataclass(frozen=True)
class Prepared:
    """What all members of a window have in common.

    Attributes
    ----------
    mean : Tensor
        Conditional mean of z, (n, hours, y, x) on the domain padded to the networks' stride.
    condition : Tensor
        What the residual network is told of it and of the coarse rain, (n, hours, c, y / patch, x / patch).
    """

    mean: Float[Tensor, "n h v w"]
    condition: Float[Tensor, "n h c p q"]


class Downscaler(nn.Module):
    """Conditional mean plus residual diffusion for any factor pair, on any domain, for any number of hours.

    Coarse rain comes on an hourly axis, (n, REACH + hours + REACH, y / s, x / s) in mm h-1: every hour holds the frame
    that covers it (:func:`anemoi_scaleadapt.models.context.hourly_axis`), and the drawn hours begin with a frame.
    Missing values of rain are negative or NaN in every argument, NaN in results.

    Parameters
    ----------
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
        Inner width of a tile in pixels, about, when members are drawn; larger domains are cut. By default they are cut
        into `parts`, one unless somebody looks at the memory (:mod:`anemoi_scaleadapt.inference.memory`). On a CPU no
        bit of a member hangs on it.

    References
    ----------
    arXiv 2604.21903; Karras et al. 2022, arXiv 2206.00364.
    """

    def __init__(
        self,
        network: NetworkSettings,
        sampler: SamplerSettings,
        transform: RainTransform,
        statics: int = 0,
        detach_mean: bool = False,
        amplitude: float = 0.75,
        tile: int | None = None,
    ) -> None:
        super().__init__()
        self.network, self.sampler, self.transform = network, sampler, transform
        self.statics, self.detach_mean, self.amplitude, self.tile = statics, detach_mean, amplitude, tile
        self.parts = (1, 1)
        self.stride = network.patch * UShape.stride
        self.mean = MeanNetwork(network, statics)
        self.residual = ResidualNetwork(network, statics)
        self.spread = ResidualSpread()
        self.calibrated = Calibrated()
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it

    @staticmethod
    def sigma_max(scale: Scale) -> float:
        """Largest noise level of a pair: that of beta's schedule, but at most that of a residual's largest patterns."""
        return min(float(schedule.noise_levels(scale.beta)[-1]), START)

    def chosen(self, sampler: SamplerSettings, scale: Scale) -> SamplerSettings:
        """A sampler's settings with what they leave open: as calibrated for the pair, else the usual."""
        tuned = self.calibrated(scale.space, scale.time) or Tuned(self.sigma_max(scale))
        found = {**tuned._asdict(), "sigma_max": max(tuned.sigma_max, 2 * sampler.sigma_min)}
        return sampler.model_copy(update={key: value for key, value in found.items() if getattr(sampler, key) is None})

    @staticmethod
    def current(axis: Float[Tensor, "n a Y X"]) -> Float[Tensor, "n h Y X"]:
        """The frame that covers each hour, (n, hours, y / s, x / s) in mm h-1, NaN where missing."""
        own = axis[:, REACH : axis.shape[1] - REACH]
        return torch.where(own >= 0, own, torch.nan)

    def std(self, now: Float[Tensor, "n h Y X"], scale: Scale) -> Float[Tensor, "n h y x"]:
        """Standard deviation by which a residual is divided, (n, hours, y, x), where the frames are `now`.

        Heavy rain leaves more open than light rain: what falls within a coarse cell of R mm/h has, as a square root, a
        standard deviation of about R to the power 3/8. Divided by that, residuals of drizzle and storm look alike.
        """
        z = self.transform.forward(torch.nan_to_num(now))
        if scale.space > 1:
            z = F.interpolate(z, scale_factor=scale.space, mode="bilinear")
        return self.spread(scale.space, scale.time, now.shape[1])[:, None, None] * (z + FAINT) ** self.amplitude

    def _coarse(self, axis: Tensor) -> tuple[Tensor, Tensor]:
        """The axis in z, and where it is known."""
        present = axis >= 0
        return self.transform.forward(torch.where(present, axis, 0)), present

    # -- training ------------------------------------------------------------------------------------------

    def terms(
        self,
        axis: Float[Tensor, "n a Y X"],
        hr: Float[Tensor, "n h y x"],
        scale: Scale,
        statics: Float[Tensor, "n c y x"] | None = None,
        seen: Bool[Tensor, "n h a"] | None = None,
        generator: torch.Generator | None = None,
        sigma: Float[Tensor, " n"] | None = None,
        motion: Float[Tensor, "n f 3 v w"] | None = None,
    ) -> dict[str, tuple[Tensor, Tensor]]:
        """What the losses compare: for each network its output and what it should be, NaN where nothing is to learn.

        Parameters
        ----------
        axis : Tensor
            Coarse rain on the hourly axis, (n, REACH + hours + REACH, y / s, x / s), mm h-1.
        hr : Tensor
            Fine hours, (n, hours, y, x), mm h-1.
        scale : Scale
            Factor pair, beta and L.
        statics : Tensor, optional
            Static fields, (n, c, y, x).
        seen : Tensor, optional
            Which places of the axis each hour may see, (n, hours, axis); by default those of L.
        generator : torch.Generator, optional
            Makes noise repeatable, for validation.
        sigma : Tensor, optional
            Noise levels, (n,); by default drawn from the levels of beta.
        motion : Tensor, optional
            From :func:`anemoi_scaleadapt.models.moving.motion_of`, of what lies round a crop; by default of the axis.

        Returns
        -------
        dict
            ``mean`` and ``residual``: (prediction, target), each (n, hours, y, x).
        """
        height, width = hr.shape[-2:]
        moving = follow(axis, scale, self.transform, seen, motion)
        context = build_context(*self._coarse(axis), moving, scale, self.network.patch, statics, seen)
        now = self.current(axis)
        mean = self.mean(context, scale)
        # a dry coarse cell is dry in every pixel: nothing to learn there
        known = (hr >= 0) & (nearest(torch.nan_to_num(now), scale.space) > 0)
        wanted = self.transform.forward(torch.where(hr >= 0, hr, 0))
        given = mean.detach() if self.detach_mean else mean
        residual = torch.where(hr >= 0, wanted - given[..., :height, :width], 0)
        if self.training:
            told = (residual.detach() / self.std(now, scale)) * known
            self.spread.update(told.square().sum((0, 2, 3)), known.sum((0, 2, 3)), scale.space, scale.time)
        residual = residual / self.std(now, scale)
        if sigma is None:
            levels = schedule.noise_levels(scale.beta).float().to(hr.device)
            sigma = schedule.draw_levels(levels, len(hr), generator)
        level = sigma[:, None, None, None]
        noise = torch.randn(hr.shape, device=hr.device, generator=generator)
        look = self.residual.look(residual + level * noise, sigma)
        output = self.residual(look, sigma, self.residual.condition(context, given), scale)
        aim = schedule.target(residual, noise, level)
        return {
            "mean": (mean[..., :height, :width], torch.where(known, wanted, torch.nan)),
            "residual": (output[..., :height, :width], torch.where(known, aim, torch.nan)),
        }

    # -- inference -----------------------------------------------------------------------------------------

    def _tiles(self, shape: tuple[int, int], reach: int) -> list[Tile]:
        """Tiles of a fine domain (y, x), which is padded to the networks' stride."""
        height, width = (-(-n // self.stride) * self.stride for n in shape)
        parts = self.parts if self.tile is None else parts_of((height, width), max(self.tile, self.stride))
        return list(plan(height, width, parts, reach, self.stride))

    def halo(self) -> int:
        """Pixels that a tile reads beyond its own on each side where there are others."""
        return -(-max(self.mean.reach(), self.residual.reach()) // self.stride) * self.stride

    def _moving(self, axis: Tensor, scale: Scale) -> Moving:
        """Rain that moves, sample by sample, so that none depends on those beside it."""
        each = [follow(one, scale, self.transform) for one in axis.split(1)]
        return Moving(*map(torch.cat, zip(*each, strict=True)))

    def _context(self, axis: Tensor, moving: Moving, scale: Scale, statics: Tensor | None, tile: Tile) -> Context:
        return tile_context(*self._coarse(axis), moving, scale, self.network.patch, tile.outer, statics)

    def _fine(self, axis: Tensor, scale: Scale) -> tuple[int, int]:
        return axis.shape[-2] * scale.space, axis.shape[-1] * scale.space

    @torch.no_grad()
    def prepare(
        self, axis: Float[Tensor, "n a Y X"], scale: Scale, statics: Float[Tensor, "n c y x"] | None = None
    ) -> Prepared:
        """Compute what all members have in common, tile by tile.

        Parameters
        ----------
        axis : Tensor
            Coarse rain on the hourly axis, (n, REACH + hours + REACH, y / s, x / s), mm h-1.
        scale : Scale
            Factor pair and L.
        statics : Tensor, optional
            Static fields, (n, c, y, x).
        """
        moving = self._moving(axis, scale)
        mean = self._mean(axis, moving, scale, statics)

        def each(axis: Tensor, statics: Tensor | None, mean: Tensor, *moving: Tensor) -> Tensor:
            return self._condition(axis, Moving(*moving), statics, mean, scale)

        return Prepared(mean, alone(each)(axis, statics, mean, *moving))

    @torch.no_grad()
    def predict_mean(
        self, axis: Float[Tensor, "n a Y X"], scale: Scale, statics: Float[Tensor, "n c y x"] | None = None
    ) -> Float[Tensor, "n h v w"]:
        """Conditional mean of z, (n, hours, y, x) on the domain padded to the networks' stride, tile by tile."""
        return self._mean(axis, self._moving(axis, scale), scale, statics)

    def _mean(self, axis: Tensor, moving: Moving, scale: Scale, statics: Tensor | None) -> Tensor:
        def each(axis: Tensor, statics: Tensor | None, *moving: Tensor) -> Tensor:
            blank = axis.new_empty(len(axis), axis.shape[1] - 2 * REACH, *self._fine(axis, scale))
            out = torch.empty_like(pad_to(blank, self.stride), dtype=torch.promote_types(axis.dtype, torch.float32))
            for tile in self._tiles(self._fine(axis, scale), self.mean.reach()):
                context = self._context(axis, Moving(*moving), scale, statics, tile)
                tile.put(out, self.mean(context, scale))
            return out

        return alone(each)(axis, statics, *moving)

    @torch.no_grad()
    def mean_rain(
        self,
        axis: Float[Tensor, "n a Y X"],
        scale: Scale,
        statics: Float[Tensor, "n c y x"] | None = None,
        prepared: Prepared | None = None,
    ) -> Float[Tensor, "n h y x"]:
        """Rain of the conditional mean with exact coarse totals, (n, hours, y, x) in mm h-1.

        `prepared` is the result of :meth:`prepare`, if it is there already.
        """
        z = self.predict_mean(axis, scale, statics) if prepared is None else prepared.mean
        height, width = self._fine(axis, scale)
        keep = alone(lambda z, now: self._conserve(self.transform.inverse(z), now, scale))
        return keep(z[..., :height, :width], self.current(axis))

    @torch.no_grad()
    def sample(
        self,
        axis: Float[Tensor, "n a Y X"],
        scale: Scale,
        noise: Callable[[int], Tensor],
        statics: Float[Tensor, "n c y x"] | None = None,
        sampler: SamplerSettings | None = None,
        prepared: Prepared | None = None,
    ) -> Float[Tensor, "n h m y x"]:
        """Draw members.

        Parameters
        ----------
        axis : Tensor
            Coarse rain on the hourly axis, (n, REACH + hours + REACH, y / s, x / s), mm h-1.
        scale : Scale
            Factor pair, L and f.
        noise : callable
            ``noise(k)`` is the k-th draw of standard normal noise, (n, 1 + hours, members, y, x), from the hour before
            the first on.
        statics : Tensor, optional
            Static fields, (n, c, y, x).
        sampler : SamplerSettings, optional
            Instead of the model's own.
        prepared : Prepared, optional
            The result of :meth:`prepare`, if it is there already.

        Returns
        -------
        Tensor
            Members, (n, hours, members, y, x) in mm h-1, NaN where the coarse cell is missing.
        """
        sampler = sampler or self.sampler
        now, (height, width) = self.current(axis), self._fine(axis, scale)
        prepared = self.prepare(axis, scale, statics) if prepared is None else prepared
        condition = prepared.condition
        mean, std = prepared.mean[..., :height, :width], alone(lambda now: self.std(now, scale))(now)
        inside = scale.conservation.inside_sampler

        def denoise(x: Tensor, sigma: Tensor) -> Tensor:
            def each(x: Tensor, condition: Tensor, mean: Tensor, std: Tensor, now: Tensor) -> Tensor:
                output = self._output(x, sigma, condition, now, scale)
                estimate = schedule.denoised(x, sigma.to(x), output)
                return self._bound(estimate, mean, std, now, scale, inside and float(sigma) <= sampler.conserve_below)

            flat = rearrange(x, "n t m y x -> (n m) t y x")
            return rearrange(alone(each)(flat, condition, mean, std, now), "(n m) t y x -> n t m y x", n=len(now))

        chosen = self.chosen(sampler, scale)
        residual = draw(denoise, lambda k: remembered(noise(k), chosen.noise_memory or 0), chosen, scale.beta)
        flat = rearrange(residual, "n t m y x -> (n m) t y x")
        rain = alone(lambda flat, mean, std, now: self._rain(flat, mean, std, now, scale))(flat, mean, std, now)
        return rearrange(rain, "(n m) t y x -> n t m y x", n=len(now))

    def _condition(self, axis: Tensor, moving: Moving, statics: Tensor | None, mean: Tensor, scale: Scale) -> Tensor:
        p, channels = self.network.patch, self.network.residual_channels[0]
        (n, hours), (height, width) = mean.shape[:2], mean.shape[-2:]
        out = mean.new_empty(n, hours, channels, height // p, width // p)
        for tile in self._tiles((height, width), self.residual.condition_reach()):
            told = self.residual.condition(self._context(axis, moving, scale, statics, tile), tile.read(mean))
            tile.put(out, told, p)
        return out

    def _output(self, x: Tensor, sigma: Tensor, condition: Tensor, now: Tensor, scale: Scale) -> Tensor:
        """Network output for states (n * m, hours, y, x); tiles without a wet coarse cell are left out (zeros)."""
        height, width = x.shape[-2:]
        wet = (torch.nan_to_num(now, nan=1.0) > 0).any(dim=1)
        rule, p = scale.conservation, self.network.patch
        # what is predicted in dry cells changes other cells if the totals are kept beyond each cell of its own
        apart = not rule.inside_sampler or (rule.scope == "cell" and not rule.smooth)
        level = sigma.to(x).reshape(1).expand(len(x))
        look = self.residual.look(x, level)
        out = x.new_zeros(*x.shape[:2], *(p * length for length in look.shape[-2:]))
        for tile in self._tiles((height, width), self.residual.reach()):
            y0, y1, x0, x1 = (edge // scale.space for edge in tile.inner)
            if not apart or wet[..., y0 : y1 + 1, x0 : x1 + 1].any():
                tile.put(out, self.residual(tile.read(look, p), level, tile.read(condition, p), scale))
        return out[..., :height, :width]

    def _conserve(self, rain: Tensor, now: Tensor, scale: Scale) -> Tensor:
        """Give rain (..., hours, y, x) the totals of the frames that cover its hours, (..., hours, y / s, x / s)."""
        frames = now[..., :: scale.time, :, :]
        kept = conserve(rain.unflatten(-3, (-1, scale.time)), frames, scale.conservation)
        return kept.flatten(-4, -3)

    def _rain(self, residual: Tensor, mean: Tensor, std: Tensor, now: Tensor, scale: Scale) -> Tensor:
        """Rain with exact coarse totals, of residuals (n * m, hours, y, x), means and deviations (n, hours, y, x)."""
        residual = residual.unflatten(0, (len(now), -1))
        z = mean[:, None] + std[:, None] * residual
        return self._conserve(self.transform.inverse(z), now[:, None], scale).flatten(0, 1)

    def _bound(self, residual: Tensor, mean: Tensor, std: Tensor, now: Tensor, scale: Scale, conserved: bool) -> Tensor:
        """Map residuals (n * m, hours, y, x) to the nearest ones that keep the coarse totals, where they are known.

        What is denoised from much noise is the mean of many fields. In the square root's space a mean is less than
        what the totals ask for, and scaling it up would take from the members' variance: not `conserved`, residuals
        only become dry where the coarse cell is. Missing cells take no part: known ones keep all of their rain.
        """
        members = len(residual) // len(now)
        if conserved:
            rain = self._rain(residual, mean, std, now, scale)
        mean, std, now = (x.repeat_interleave(members, 0) for x in (mean, std, now))
        if not conserved:
            return torch.where(nearest(now == 0, scale.space), -mean / std, residual)
        return torch.where(rain.isnan(), residual, (self.transform.forward(rain) - mean) / std)
