"""What the networks are told of motion: the coarse rain carried to every hour."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from anemoi_scaleadapt.models.context import REACH, Moving, frames_round, visible
from anemoi_scaleadapt.models.transform import RainTransform
from anemoi_scaleadapt.motion.advection import advected
from anemoi_scaleadapt.motion.flow import everywhere, flow
from anemoi_scaleadapt.scale import Scale


def frames_of(
    axis: Float[Tensor, "n a Y X"], seen: Bool[Tensor, "n h a"], time: int
) -> tuple[Float[Tensor, "n k Y X"], Bool[Tensor, "n f k"]]:
    """Frames on an hourly axis, NaN where missing, and which of them each of the window's own frames may see.

    Parameters
    ----------
    axis : Tensor
        (n, REACH + hours + REACH, Y, X), mm h-1; the window begins with frame number ``frames_round(time)``.
    seen : Tensor
        Which places of the axis each hour may see, (n, hours, axis).
    time : int
        t.
    """
    length = axis.shape[1]
    count, round_it = (length - 2 * REACH) // time, frames_round(time)
    first = REACH + time * torch.arange(-round_it, count + round_it, device=axis.device)
    by_frame = seen.unflatten(1, (count, time)).any(2)
    usable = by_frame[..., first.clamp(min=0)] | by_frame[..., (first + time - 1).clamp(max=length - 1)]
    frames = axis[:, first.clamp(min=0)]
    return torch.where(frames >= 0, frames, torch.nan), usable


@torch.no_grad()
def motion_of(
    axis: Float[Tensor, "n a Y X"], seen: Bool[Tensor, "n h a"], space: int, time: int
) -> Float[Tensor, "n f 3 v w"]:
    """Motion of the rain in every frame of a window, of coarse rain on an hourly axis (:func:`frames_of`).

    `space` is the width of its cells in fine pixels. The result is that of :func:`anemoi_scaleadapt.motion.flow.flow`.
    """
    frames, usable = frames_of(axis, seen, time)
    around, count = frames_round(time), usable.shape[1]
    with torch.autocast(axis.device.type, enabled=False):
        return flow(frames, usable, list(range(around, around + count)), space, time)


@torch.no_grad()
def follow(
    axis: Float[Tensor, "n a Y X"],
    scale: Scale,
    transform: RainTransform,
    seen: Bool[Tensor, "n h a"] | None = None,
    motion: Float[Tensor, "n f 3 v w"] | None = None,
) -> Moving:
    """Carry the coarse rain of a window to each of its hours.

    Parameters
    ----------
    axis : Tensor
        Coarse rain on the hourly axis, (n, REACH + hours + REACH, Y, X), mm h-1, missing negative or NaN.
    scale : Scale
        Factor pair, L and lookahead.
    transform : RainTransform
        Space in which the networks work.
    seen : Tensor, optional
        Which places of the axis each hour may see, (n, hours, axis); by default those of L.
    motion : Tensor, optional
        From :func:`motion_of`; a crop knows its motion better from what lies round it. By default that of the axis.
    """
    (n, length), (height, width) = axis.shape[:2], axis.shape[-2:]
    s, t, hours = scale.space, scale.time, length - 2 * REACH
    if seen is None:
        seen = visible(scale, hours, axis.device).expand(n, -1, -1)
    if motion is None and t > 1:
        motion = motion_of(axis, seen, s, t)
    frames, usable = frames_of(axis, seen, t)
    fine = (height * s, width * s)
    parts, likeness = [], []
    with torch.autocast(axis.device.type, enabled=False):
        for k in range(hours // t):
            place = frames_round(t) + k
            now = torch.nan_to_num(frames[:, place])
            sides = []
            for by in (-1, 1):
                other = frames[:, place + by]
                sides.append(torch.where(usable[:, k, place + by, None, None] & ~other.isnan(), other, now))
            if motion is None:
                flow_here, alike = now.new_zeros(n, 2, *fine), now.new_zeros(n, 1, height, width)
            else:
                flow_here, alike = everywhere(motion[:, k, :2], fine), everywhere(motion[:, k, 2:], (height, width))
            rain = advected(torch.stack([sides[0], now, sides[1]], 1), flow_here.to(now), t)
            parts.append(transform.forward(rain))
            likeness.append(alike.to(now).expand(-1, t, -1, -1))
    return Moving(torch.cat(parts, 1), torch.cat(likeness, 1))
