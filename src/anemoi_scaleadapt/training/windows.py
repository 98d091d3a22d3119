"""From the fields of a batch to what the networks learn from: the window of a pair, whole or in crops."""

from dataclasses import dataclass

import torch
from torch import Tensor

from anemoi_scaleadapt.models.context import REACH, hourly_axis
from anemoi_scaleadapt.models.moving import motion_of
from anemoi_scaleadapt.rain.average import coarse_frames
from anemoi_scaleadapt.rain.marks import mark_missing
from anemoi_scaleadapt.scale import Scale
from anemoi_scaleadapt.training.batch import Fields
from anemoi_scaleadapt.training.crops import cut, turn
from anemoi_scaleadapt.training.reading import edge_hours, window_hours

#: width of the square round a crop that tells how the rain moves, fine pixels
ROUND = 300


@dataclass(frozen=True)
class Windows:
    """Windows of one pair, mm h-1, missing negative (beyond the record: NaN).

    Attributes
    ----------
    axis : Tensor
        Coarse rain on the hourly axis, (n, REACH + hours + REACH, Y, X).
    fine : Tensor
        Fine hours, (n, hours, y, x).
    statics : Tensor or None
        Static fields as the dataset holds them, (n, c, y, x).
    """

    axis: Tensor
    fine: Tensor
    statics: Tensor | None


class Fitted:
    """The fields of a batch for one pair: its hours, and whole coarse cells of the domain.

    Parameters
    ----------
    fields : Fields
        What was read.
    scale : Scale
        The pair.
    window, edge : int
        Hours of a window, about, and hours that were read before it.
    shift : tuple of int, optional
        Row and column of the fine pixel at which the first coarse cell begins; 0 where coarse rain is read.
    """

    def __init__(self, fields: Fields, scale: Scale, window: int, edge: int, shift: tuple[int, int] = (0, 0)) -> None:
        s, self.scale, self.hours = scale.space, scale, window_hours(scale.time, window)
        self.edge = edge_hours(scale.time)
        #: fine pixels of a coarse cell in the rain of which frames are made: s, or 1 where coarse rain is read
        self.factor = s if fields.coarse.shape[-2:] == fields.fine.shape[-2:] else 1
        (height, width), (top, left) = fields.fine.shape[-2:], shift
        self.domain = ((height - top) // s, (width - left) // s)

        def whole(x: Tensor, factor: int) -> Tensor:
            y, x0 = top * factor // s, left * factor // s
            return x[..., y : y + self.domain[0] * factor, x0 : x0 + self.domain[1] * factor]

        first, last = edge - self.edge, edge + self.hours + self.edge
        #: frames of the window and round it, (n, frames, Y, X), mm h-1, negative where missing
        self.frames = coarse_frames(whole(fields.coarse[:, first:last], self.factor), self.factor, scale.time)
        self.fine = whole(fields.fine[:, : self.hours], s)
        self.statics = None if fields.statics is None else whole(fields.statics, s)

    def now(self) -> Tensor:
        """The window's own frames, (n, hours / t, Y, X), negative where missing."""
        first = self.edge // self.scale.time
        return self.frames[:, first : first + self.hours // self.scale.time]

    def squares(self, origins: Tensor, size: int, which: Tensor | None = None) -> Windows:
        """Cut squares of `size` coarse cells (count, 3: sample, row, column), turned by `which` of the symmetries."""

        def take(x: Tensor) -> Tensor:
            part = cut(x, origins, size, self.scale.space)
            return part if which is None else turn(part, which)

        return Windows(
            axis=self._axis(origins, size, which),
            fine=mark_missing(take(self.fine)),
            statics=None if self.statics is None else take(self.statics),
        )

    def motion(self, origins: Tensor, size: int, which: Tensor, seen: Tensor) -> Tensor | None:
        """Motion of the rain in and round squares, as :meth:`squares` cuts them; None where frames are hours.

        Parameters
        ----------
        origins, size, which
            As for :meth:`squares`.
        seen : Tensor
            Which places of the axis each hour may see, (count, hours, axis).
        """
        s, t = self.scale.space, self.scale.time
        if t == 1:
            return None
        width = min(max(size, ROUND // s), *self.domain)
        room = torch.tensor(self.domain, device=origins.device) - width
        round_it = (origins[:, 1:] + (size - width) // 2).clamp(min=0).minimum(room)
        axis = self._axis(torch.cat([origins[:, :1], round_it], 1), width, which)
        return motion_of(axis, seen, s, t).mean((-2, -1), keepdim=True)

    def _axis(self, origins: Tensor, size: int, which: Tensor | None) -> Tensor:
        frames = cut(self.frames, origins, size, 1)
        frames, time = frames if which is None else turn(frames, which), self.scale.time
        return hourly_axis(frames, time, self.edge // time, self.hours)


def random_shift(fields: Fields, space: int) -> tuple[int, int]:
    """Where coarse cells begin on the fine grid: anywhere, if they are made of it, so that cells are many."""
    if fields.coarse.shape[-2:] != fields.fine.shape[-2:] or space == 1:
        return 0, 0
    top, left = (int(torch.randint(min(space, n - space + 1), ())) for n in fields.fine.shape[-2:])
    return top, left


def hidden_context(scale: Scale, hours: int, count: int, chance: float, wide: bool, device: torch.device) -> Tensor:
    """Draw which hours of the axis each crop may see.

    A crop sees what L and the lookahead say. With `wide` half of them see all that the networks can, so that another L
    may be asked for later. Some lose frames on a side, as at the ends of a record.

    Parameters
    ----------
    scale : Scale
        Factor pair, L and lookahead.
    hours, count : int
        Hours of a window; crops.
    chance : float
        Chance of losing the frames beyond a random place, on each side.
    wide : bool
        Whether half of the crops see the whole axis.

    Returns
    -------
    Tensor
        bool, (count, hours, axis).
    """
    at = torch.arange(hours + 2 * REACH, device=device) - REACH
    frame, inside = torch.div(at, scale.time, rounding_mode="floor"), slice(REACH, REACH + hours)
    apart = frame[None, :] - frame[inside, None]
    seen = ((at[None, :] - at[inside, None]).abs() <= REACH).expand(count, -1, -1)
    full, all_frames = torch.rand(count, device=device) < 0.5 * wide, edge_hours(scale.time) // scale.time
    for side, most in ((apart, scale.lookahead), (-apart, scale.context_length - 1 - scale.lookahead)):
        limit = torch.where(full, max(most, all_frames), most)
        fewer = (torch.rand(count, device=device) * limit).long()  # one frame less at least
        limit = torch.where(torch.rand(count, device=device) < chance, fewer, limit)
        seen = seen & (side <= limit[:, None, None])
    return seen
