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
from anemoi_scaleadapt.inference.stretches import Stretch, stretches
from anemoi_scaleadapt.models.anemoi import RainModel
from anemoi_scaleadapt.models.context import frames_round, hourly_axis
from anemoi_scaleadapt.models.downscaler import Downscaler
from anemoi_scaleadapt.scale import Scale

HOUR = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class Drawn:
    """What was drawn for some hours.

    Attributes
    ----------
    first : int
        First hour, counted from the start of the run.
    members : ndarray
        (member, hours, y, x), mm h-1, float32; NaN where the coarse cell is missing.
    mean : ndarray
        The conditional mean with exact totals, (hours, y, x), mm h-1.
    """

    first: int
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
    seed: int = 0,
    statics: torch.Tensor | None = None,
    sampler: SamplerSettings | None = None,
    hours_at_once: int = 24,
    overlap: int = 6,
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
    seed : int
        Which ensemble.
    statics : Tensor, optional
        Static fields, (1, c, y, x).
    sampler : SamplerSettings, optional
        Instead of the model's own.
    hours_at_once, overlap : int
        See :func:`anemoi_scaleadapt.inference.stretches.stretches`.

    Yields
    ------
    Drawn
        Stretch by stretch.
    """
    t, device = scale.time, next(net.parameters()).device
    count, past = len(frames) - before - after, frames_round(scale.time)
    if frames.ndim != 3 or count < 1:
        raise ScaleAdaptError(
            f"frames has shape {frames.shape}: (frames, y, x) with at least one beside the {before + after} of context."
        )
    for part in stretches(count * t, t, hours_at_once, overlap):
        axis = stretch_axis(frames, part, t, before, past).to(device)
        begin = start + part.first * HOUR
        with torch.inference_mode():
            z = net.predict_mean(axis, scale, statics)
            mean = net.mean_rain(axis, scale, statics, z)
            noise = draws(seed, members, [begin], mean)
            rain = net.sample(axis, scale, noise, statics, sampler, z)
        kept = slice(part.before, part.hours - part.after)
        drawn = rearrange(rain[0, kept], "t m y x -> m t y x").float().cpu().numpy()
        yield Drawn(part.kept.start, drawn, mean[0, kept].float().cpu().numpy())


def stretch_axis(frames: np.ndarray, part: Stretch, time: int, before: int, past: int) -> torch.Tensor:
    """The hourly axis of a stretch, (1, axis, y, x), of frames of which `before` lie before the run."""
    first = before + part.first // time - past
    last = before + (part.first + part.hours) // time + past
    cut = np.ascontiguousarray(frames[max(first, 0) : last], dtype=np.float32)
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
        ``before``, ``after``, ``sampler``, ``hours_at_once``, ``overlap`` of :func:`draw_stretches`.

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
    parts = list(draw_stretches(model.downscaler, coarse, pair, start, range(members), seed=seed, **how))
    return np.concatenate([p.members for p in parts], axis=1), np.concatenate([p.mean for p in parts])
