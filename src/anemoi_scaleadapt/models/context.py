"""What the networks are told of the coarse rain, hour by hour.

Coarse rain lies on an hourly axis: every hour holds the mean rate of the coarse frame of t hours that covers it. The
axis begins REACH hours before a window and ends REACH hours after it, so that every hour sees as far both ways.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from anemoi_scaleadapt.layers.enlarge import enlarge
from anemoi_scaleadapt.scale import Scale

#: hours of context on each side of every hour
REACH = 6
#: channels of `Context.fine` beside the static fields
FINE = 10


class Moving(NamedTuple):
    """Coarse rain that moves.

    Attributes
    ----------
    z : Tensor
        Advected between frames, with the frames' totals, in z on the fine grid, (n, hours, y, x).
    likeness : Tensor
        Correlation that the motion reaches, zero for t = 1, where nothing lies between frames, (n, hours, Y, X).
    """

    z: Float[Tensor, "n h y x"]
    likeness: Float[Tensor, "n h Y X"]


@dataclass(frozen=True)
class Context:
    """Inputs of both networks for every hour of a window.

    Attributes
    ----------
    fine : Tensor
        On the fine grid, (n * hours, FINE + statics, y, x): own frame nearest, its mask, bicubic, first guess (frames
        interpolated linearly in time, bicubic in space), frame before and frame after bilinear (all in z), place of
        the pixel within its coarse cell (row, column), rain carried along by its motion (z), how sure that motion is,
        static fields.
    frames, present : Tensor
        The hourly axis in z at patch resolution and where it is known, (n, axis, y / patch, x / patch).
    seen : Tensor
        Which places of the axis each hour may see, (n, hours, axis).
    """

    fine: Float[Tensor, "nh c y x"]
    frames: Float[Tensor, "n a v w"]
    present: Bool[Tensor, "n a v w"]
    seen: Bool[Tensor, "n h a"]

    @property
    def hours(self) -> int:
        """Hours of the window."""
        return self.seen.shape[1]

    @property
    def base(self) -> Float[Tensor, "nh 1 y x"]:
        """First guess in z, (n * hours, 1, y, x)."""
        return self.fine[:, 3:4]

    @property
    def moved(self) -> Float[Tensor, "nh 1 y x"]:
        """Rain carried along by its motion, in z, (n * hours, 1, y, x)."""
        return self.fine[:, 8:9]

    @property
    def wet(self) -> Bool[Tensor, "nh 1 y x"]:
        """Whether an hour's own coarse cell is wet or unknown, (n * hours, 1, y, x)."""
        return (self.fine[:, :1] > 0) | (self.fine[:, 1:2] == 0)


def frames_round(time: int) -> int:
    """How many frames of t hours the axis needs on each side of a window."""
    return -(-REACH // time)


def hourly_axis(frames: Float[Tensor, "n k y x"], time: int, before: int, hours: int) -> Float[Tensor, "n a y x"]:
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


def visible(scale: Scale, hours: int, device: torch.device | None = None) -> Bool[Tensor, "{hours} a"]:
    """Which places of the axis an hour may see by L and lookahead, (hours, axis)."""
    at = torch.arange(hours + 2 * REACH, device=device) - REACH
    frame = torch.div(at, scale.time, rounding_mode="floor")
    apart = frame[None, :] - frame[REACH : REACH + hours, None]
    near = (at[None, :] - at[REACH : REACH + hours, None]).abs() <= REACH
    return near & (apart >= -(scale.context_length - 1 - scale.lookahead)) & (apart <= scale.lookahead)


def build_context(
    z: Float[Tensor, "n a Y X"],
    present: Bool[Tensor, "n a Y X"],
    moving: Moving,
    scale: Scale,
    patch: int,
    statics: Float[Tensor, "n c y x"] | None = None,
    seen: Bool[Tensor, "n h a"] | None = None,
) -> Context:
    """Bring the coarse rain to the fine grid.

    Parameters
    ----------
    z : Tensor
        Hourly axis in z, (n, REACH + hours + REACH, y / s, x / s); values where data are missing do not matter.
    present : Tensor
        True where they hold data, same shape.
    moving : Moving
        From :func:`anemoi_scaleadapt.models.moving.follow`.
    scale : Scale
        Factor pair, L and lookahead.
    patch : int
        Pixels of a patch each way; height and width are padded to whole patches of the coarse level (twice as wide).
    statics : Tensor, optional
        Static fields on the fine grid, (n, c, y, x).
    seen : Tensor, optional
        Which places each hour may see, (n, hours, axis); by default those of L.
    """
    whole = (0, z.shape[-2] * scale.space, 0, z.shape[-1] * scale.space)
    return tile_context(z, present, moving, scale, patch, tuple(_round_up(n, 2 * patch) for n in whole), statics, seen)


def tile_context(
    z: Float[Tensor, "n a Y X"],
    present: Bool[Tensor, "n a Y X"],
    moving: Moving,
    scale: Scale,
    patch: int,
    tile: tuple[int, ...],
    statics: Float[Tensor, "n c y x"] | None = None,
    seen: Bool[Tensor, "n h a"] | None = None,
) -> Context:
    """Bring the coarse rain of one tile to the fine grid; arguments as in :func:`build_context`.

    Parameters
    ----------
    tile : tuple of int
        First and last row (not included) and column in fine pixels, multiples of twice `patch`; what lies beyond the
        domain is zero.
    """
    (n, axis), (height, width) = z.shape[:2], z.shape[-2:]
    hours, s, t = axis - 2 * REACH, scale.space, scale.time
    y0, y1, x0, x1 = tile
    inside = (..., slice(y0, min(y1, height * s)), slice(x0, min(x1, width * s)))
    rows, columns = (torch.arange(part.start, part.stop, device=z.device) for part in inside[1:])
    pad = (0, x1 - x0 - len(columns), 0, y1 - y0 - len(rows))

    def larger(a: Tensor, mode: str) -> Tensor:
        return enlarge(a, s, mode, rows, columns)

    if seen is None:
        seen = visible(scale, hours, z.device).expand(n, -1, -1)
    z, mask = torch.where(present, z, 0), present.to(z)
    own, hour = z[:, REACH : REACH + hours], torch.arange(hours, device=z.device)

    def beside(by: int) -> Tensor:
        """The frame `by` hours away, the own one where it is missing or not to be seen."""
        known = present[:, REACH + by : REACH + by + hours] & seen[:, hour, hour + REACH + by][:, :, None, None]
        return torch.where(known, z[:, REACH + by : REACH + by + hours], own)

    before, after = beside(-t), beside(t)
    lean = ((hour % t + 0.5) / t - 0.5)[:, None, None].to(z)  # of the hour's centre from its frame's, in frames
    guess = own + lean.abs() * (torch.where(lean < 0, before, after) - own)
    bicubic = larger(torch.cat([own, guess], 1), "bicubic")
    linear = larger(torch.cat([before, after], 1), "bilinear")
    parts = [
        larger(own, "nearest"),
        larger(mask[:, REACH : REACH + hours], "nearest"),
        *bicubic.chunk(2, dim=1),
        *linear.chunk(2, dim=1),
    ]
    for at, shape in ((rows, (-1, 1)), (columns, (1, -1))):
        place = ((at % s).to(z) + 0.5) * 2 / s - 1
        parts.append(place.view(1, 1, *shape).expand_as(parts[0]))
    parts += [moving.z[inside].to(z), larger(moving.likeness.to(z), "nearest")]
    fine = torch.stack(parts, dim=2)
    if statics is not None:
        part = statics[inside].to(z)
        fine = torch.cat([fine, part[:, None].expand(-1, hours, -1, -1, -1)], dim=2)
    small = F.avg_pool2d(F.pad(larger(z, "bilinear"), pad), patch)
    there = F.max_pool2d(F.pad(larger(mask, "nearest"), pad), patch) > 0
    return Context(F.pad(fine.flatten(0, 1), pad), small, there, seen)


def _round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
