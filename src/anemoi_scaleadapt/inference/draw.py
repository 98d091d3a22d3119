"""Members from plain arrays: any pair, any number of hours, drawn stretch by stretch."""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from einops import rearrange

from anemoi_scaleadapt.diffusion.noise import draws
from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import ONE_HOUR
from anemoi_scaleadapt.inference.memory import SHARE, batches, enough, keep_freed
from anemoi_scaleadapt.inference.stretches import Stretch, stretches
from anemoi_scaleadapt.models.anemoi import RainModel
from anemoi_scaleadapt.models.context import frames_round, hourly_axis
from anemoi_scaleadapt.models.downscaler import Downscaler
from anemoi_scaleadapt.rain.codes import Cleaner
from anemoi_scaleadapt.scale import Scale


@dataclass(frozen=True)
class Drawn:
    """What was drawn for some hours.

    Attributes
    ----------
    first : int
        First hour, counted from the start of the run.
    numbers : range
        Numbers of the members.
    members : ndarray
        (member, hours, y, x), mm h-1, float32; NaN where the coarse cell is missing.
    mean : ndarray
        The conditional mean with exact totals, (hours, y, x), mm h-1.
    """

    first: int
    numbers: range
    members: np.ndarray
    mean: np.ndarray


def draw_stretches(
    net: Downscaler,
    frames: np.ndarray,
    scale: Scale,
    start: datetime.datetime,
    members: range,
    *,
    before: int = 0,
    after: int = 0,
    hours_at_once: int = 24,
    overlap: int = 6,
    done: int = 0,
    **how: Any,
) -> Iterator[Drawn]:
    """Draw members of a record of coarse frames.

    Parameters
    ----------
    net : Downscaler
        The networks.
    frames : ndarray
        Consecutive coarse frames, (before + k + after, y / s, x / s): means over t hours in mm h-1, NaN where missing.
    scale : Scale
        Factor pair, beta, L and f.
    start : datetime.datetime
        Start of the first frame that is drawn, UTC.
    members : range
        Numbers of the members.
    before, after : int
        How many frames at either end are context only.
    hours_at_once, overlap : int
        See :func:`anemoi_scaleadapt.inference.stretches.stretches`.
    done : int
        Hours from the start on whose stretches are left out: they are there already.
    **how
        ``seed``, ``statics``, ``sampler``, ``members_at_once`` of :func:`draw_stretch`.

    Yields
    ------
    Drawn
        Stretch by stretch, and of each all members, those that fit into memory at a time.
    """
    count = len(frames) - before - after
    if frames.ndim != 3 or count < 1:
        raise ScaleAdaptError(
            f"frames has shape {frames.shape}: (frames, y, x) with at least one beside the {before + after} of context."
        )
    for part in stretches(count * scale.time, scale.time, hours_at_once, overlap):
        if part.kept.stop > done:
            yield from draw_stretch(net, frames, part, scale, start, members, before=before, **how)


def draw_stretch(
    net: Downscaler,
    frames: np.ndarray,
    part: Stretch,
    scale: Scale,
    start: datetime.datetime,
    members: range,
    *,
    before: int = 0,
    seed: int = 0,
    statics: torch.Tensor | None = None,
    sampler: SamplerSettings | None = None,
    members_at_once: int | None = None,
    memory: float = SHARE,
) -> Iterator[Drawn]:
    """Draw members of one stretch of a record: the same whatever else of the record is drawn, before it or elsewhere.

    Parameters
    ----------
    net, frames, scale, start, members, before
        As for :func:`draw_stretches`; of the frames only those of the stretch and round it are read.
    part : Stretch
        Hours to draw, counted from `start`.
    seed : int
        Which ensemble.
    statics : Tensor, optional
        Static fields, (1, c, y, x).
    sampler : SamplerSettings, optional
        Instead of the model's own.
    members_at_once : int, optional
        How many are drawn at once, by default what fits into the memory at hand; it changes no bit on a CPU.
    memory : float, optional
        Share of the free memory that may be used.
    """
    keep_freed()
    device = next(net.parameters()).device
    axis = stretch_axis(frames, part, scale.time, before, frames_round(scale.time)).to(device)
    begin, kept = start + part.first * ONE_HOUR, slice(part.before, part.hours - part.after)
    sizes = (part.hours, *(length * scale.space for length in axis.shape[-2:]))
    some_at_once = batches(members, members_at_once, device, sizes, net, memory)
    with enough(), torch.inference_mode():
        prepared = net.prepare(axis, scale, statics)
        mean = net.mean_rain(axis, scale, statics, prepared)
    known = mean[0, kept].float().cpu().numpy()
    for some in some_at_once:
        with enough(), torch.inference_mode():
            rain = net.sample(axis, scale, draws(seed, some, [begin], mean), statics, sampler, prepared)
        drawn = rearrange(rain[0, kept], "t m y x -> m t y x").float().cpu().numpy()
        yield Drawn(part.kept.start, some, drawn, known)


def stretch_axis(frames: np.ndarray, part: Stretch, time: int, before: int, past: int) -> torch.Tensor:
    """The hourly axis of a stretch, (1, axis, y, x), of frames of which `before` lie before the run."""
    first = before + part.first // time - past
    last = before + (part.first + part.hours) // time + past
    cut = np.array(frames[max(first, 0) : last], dtype=np.float32)  # frames may be a file that is read only
    return hourly_axis(torch.from_numpy(cut)[None], time, past + min(first, 0), part.hours)


def draw_members(
    model: RainModel,
    coarse: np.ndarray,
    start: datetime.datetime,
    scale: Mapping[str, Any] | None = None,
    members: int = 8,
    seed: int = 0,
    allow_untrained: bool = False,
    **how: Any,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw members of coarse rain in memory, the same that ``anemoi-inference run`` draws with these weights.

    Parameters
    ----------
    model : RainModel
        From :func:`anemoi_scaleadapt.pretrained.load`.
    coarse : ndarray, shape (frames, y / s, x / s)
        Coarse rain, mm h-1: means over t hours one after the other; NaN where missing.
    start : datetime.datetime
        Start of the first frame that is drawn, UTC; its hours end at start + 1 h, start + 2 h ...
    scale : Mapping, optional
        Factor pair, ``{"space": 25, "time": 6}``, and what should differ from its recipe; by default the pair
        of a model that knows one only.
    members, seed : int
        How many, and which ensemble.
    allow_untrained : bool
        Whether a pair may be drawn that the model was not trained on.
    **how
        ``before``, ``after``, ``sampler``, ``hours_at_once``, ``overlap``, ``members_at_once`` of
        :func:`draw_stretches`.

    Returns
    -------
    members : ndarray, shape (members, hours, y, x)
        mm h-1, float32, with the totals of every coarse cell; NaN where that is missing.
    mean : ndarray, shape (hours, y, x)
        The conditional mean, likewise.
    """
    if members < 1:
        raise ScaleAdaptError(f"members = {members}: at least one.")
    pair = model.find_scale(scale, allow_untrained)
    coarse = Cleaner("coarse")(np.asarray(coarse, np.float32))
    parts = list(draw_stretches(model.downscaler, coarse, pair, start, range(members), seed=seed, **how))
    mean = np.concatenate([p.mean for p in parts if p.numbers[0] == 0])
    drawn = np.empty((members, *mean.shape), np.float32)
    for part in parts:
        drawn[part.numbers.start : part.numbers.stop, part.first : part.first + len(part.mean)] = part.members
    return drawn, mean
