"""What the networks are told of the coarse rain, hour by hour.

Coarse rain lies on an hourly axis: every hour holds the mean rate of the coarse frame of t hours that covers it. The
axis begins REACH hours before a window and ends REACH hours after it, so that every hour sees as far both ways.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from anemoi_scaleadapt.scale import Scale

#: hours of context on each side of every hour
REACH = 6
#: channels of `Context.fine` beside the static fields
FINE = 8


@dataclass(frozen=True)
class Context:
    """Inputs of both networks for every hour of a window.

    Attributes
    ----------
    fine : Tensor
        On the fine grid, (n * hours, FINE + statics, y, x): own frame nearest, its mask, bicubic, first guess (frames
        interpolated linearly in time, bicubic in space), frame before and frame after bilinear (all in z), place of
        the pixel within its coarse cell (row, column), static fields.
    frames, present : Tensor
        The hourly axis in z at patch resolution and where it is known, (n, axis, y / patch, x / patch).
    seen : Tensor
        Which places of the axis each hour may see, (n, hours, axis).
    """

    fine: Tensor
    frames: Tensor
    present: Tensor
    seen: Tensor

    @property
    def hours(self) -> int:
        """Hours of the window."""
        return self.seen.shape[1]

    @property
    def base(self) -> Tensor:
        """First guess in z, (n * hours, 1, y, x)."""
        return self.fine[:, 3:4]

    @property
    def wet(self) -> Tensor:
        """Whether an hour's own coarse cell is wet or unknown, (n * hours, 1, y, x)."""
        return (self.fine[:, :1] > 0) | (self.fine[:, 1:2] == 0)


def hourly_axis(frames: Tensor, time: int, before: int, hours: int) -> Tensor:
    """Spread frames of t hours over the hourly axis of a window.

    Parameters
    ----------
    frames : Tensor
        (n, k, y, x); the window begins with frame number `before`.
    time, before, hours : int
        t; frames before the window; hours of the window.

    Returns
    -------
    Tensor
        (n, REACH + hours + REACH, y, x); hours without a frame are NaN.
    """
    at = torch.div(torch.arange(-REACH, hours + REACH, device=frames.device), time, rounding_mode="floor") + before
    there = (at >= 0) & (at < frames.shape[1])
    axis = frames[:, at.clamp(0, frames.shape[1] - 1)]
    return torch.where(there[:, None, None], axis, torch.nan)


def visible(scale: Scale, hours: int, device: torch.device | None = None) -> Tensor:
    """Which places of the axis an hour may see by L and lookahead, (hours, axis)."""
    at = torch.arange(hours + 2 * REACH, device=device) - REACH
    frame = torch.div(at, scale.time, rounding_mode="floor")
    apart = frame[None, :] - frame[REACH : REACH + hours, None]
    near = (at[None, :] - at[REACH : REACH + hours, None]).abs() <= REACH
    return near & (apart >= -(scale.context_length - 1 - scale.lookahead)) & (apart <= scale.lookahead)


def build_context(
    z: Tensor, present: Tensor, scale: Scale, patch: int, statics: Tensor | None = None, seen: Tensor | None = None
) -> Context:
    """Bring the coarse rain to the fine grid.

    Parameters
    ----------
    z : Tensor
        Hourly axis in z, (n, REACH + hours + REACH, y / s, x / s); values where data are missing do not matter.
    present : Tensor
        True where they hold data, same shape.
    scale : Scale
        Factor pair, L and lookahead.
    patch : int
        Pixels of a patch each way; height and width are padded to whole patches of twice this size.
    statics : Tensor, optional
        Static fields on the fine grid, (n, c, y, x).
    seen : Tensor, optional
        Which places each hour may see, (n, hours, axis); by default those of L.
    """
    n, axis = z.shape[:2]
    hours, s, t = axis - 2 * REACH, scale.space, scale.time
    if seen is None:
        seen = visible(scale, hours, z.device).expand(n, -1, -1)
    z = torch.where(present, z, 0)

    def larger(a: Tensor, mode: str) -> Tensor:
        return F.interpolate(a, scale_factor=s, mode=mode) if s > 1 else a

    own = z[:, REACH : REACH + hours]
    rows = torch.arange(hours, device=z.device)

    def beside(by: int) -> tuple[Tensor, Tensor]:
        """The frame `by` hours away, the own one where it is missing or not to be seen; and where it is known."""
        at = slice(REACH + by, REACH + by + hours)
        known = present[:, at] & seen[:, rows, rows + REACH + by][:, :, None, None]
        return torch.where(known, z[:, at], own), known

    before, after = beside(-t)[0], beside(t)[0]
    lean = ((rows % t + 0.5) / t - 0.5)[:, None, None]  # of the hour's centre from its frame's, in frames
    guess = own + lean.abs() * (torch.where(lean < 0, before, after) - own)
    mask = present.to(z)
    bicubic = larger(torch.cat([own, guess], 1), "bicubic")
    linear = larger(torch.cat([before, after], 1), "bilinear")
    parts = [
        larger(own, "nearest"), larger(mask[:, REACH : REACH + hours], "nearest"),
        bicubic[:, :hours], bicubic[:, hours:], linear[:, :hours], linear[:, hours:],
    ]  # fmt: skip
    height, width = parts[0].shape[-2:]
    for length, shape in ((height, (-1, 1)), (width, (1, -1))):
        place = ((torch.arange(length, device=z.device, dtype=z.dtype) % s) + 0.5) * 2 / s - 1
        parts.append(place.view(1, 1, *shape).expand(n, hours, height, width))
    fine = torch.stack(parts, dim=2)
    if statics is not None:
        fine = torch.cat([fine, statics.to(z)[:, None].expand(-1, hours, -1, -1, -1)], dim=2)
    pad = (0, -width % (2 * patch), 0, -height % (2 * patch))
    small = F.avg_pool2d(F.pad(larger(z, "bilinear"), pad), patch)
    there = F.max_pool2d(F.pad(larger(mask, "nearest"), pad), patch) > 0
    return Context(F.pad(fine.flatten(0, 1), pad), small, there, seen)
