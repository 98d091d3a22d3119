"""What the networks are told: the L coarse frames, brought to the fine grid in several ways."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from anemoi_scaleadapt.scale import Scale


@dataclass(frozen=True)
class Context:
    """Inputs of both networks on the fine grid, computed once a sample.

    Attributes
    ----------
    frames : Tensor
        The L frames in z, bilinear, (n, L, y, x).
    present : Tensor
        1 where a frame holds data, (n, L, y, x).
    base : Tensor
        First guess: frames interpolated linearly in time to each hour, bicubic in space, (n, t, y, x) in z.
    still : Tensor
        What belongs to the window as a whole, (n, c, y, x): current frame nearest and bicubic in z, its mask,
        place of the pixel within its coarse cell (row, column), then static fields.
    """

    frames: Tensor
    present: Tensor
    base: Tensor
    still: Tensor

    #: channels of `still` beside the static fields
    STILL = 5

    def tensors(self) -> tuple[Tensor, ...]:
        """The four tensors, in order; all have the same (y, x)."""
        return self.frames, self.present, self.base, self.still


def hour_centres(scale: Scale) -> Tensor:
    """Centres of the t hours, in hours after the window's start: 0.5, 1.5, ... (t,)."""
    return torch.arange(scale.time, dtype=torch.float32) + 0.5


def frame_centres(scale: Scale) -> Tensor:
    """Centres of the L frames, in hours after the window's start, (L,)."""
    return (torch.tensor(scale.frame_ends, dtype=torch.float32) + 0.5) * scale.time


def time_weights(scale: Scale) -> Tensor:
    """Weights (t, L) that interpolate the frames linearly to the hours; beyond the outer frames they hold.

    Examples
    --------
    For t = 3 and frames -1, 0, 1 the middle hour is the current frame alone, the first one takes a third of
    the frame before.
    """
    hours, frames = hour_centres(scale), frame_centres(scale)
    if len(frames) == 1:
        return torch.ones(len(hours), 1)
    right = torch.searchsorted(frames, hours).clamp(1, len(frames) - 1)
    share = ((hours - frames[right - 1]) / (frames[right] - frames[right - 1])).clamp(0, 1)
    weights = torch.zeros(len(hours), len(frames))
    rows = torch.arange(len(hours))
    weights[rows, right - 1] = 1 - share
    weights[rows, right] += share
    return weights


def build_context(z: Tensor, present: Tensor, scale: Scale, statics: Tensor | None = None) -> Context:
    """Bring the coarse frames to the fine grid.

    Parameters
    ----------
    z : Tensor
        The L coarse frames in z, (n, L, y / s, x / s); values where data are missing do not matter.
    present : Tensor
        True where they hold data, same shape.
    scale : Scale
        Factor pair and context length.
    statics : Tensor, optional
        Static fields on the fine grid, (n, c, y, x).

    Returns
    -------
    Context
    """
    current = scale.frame_ends.index(0)
    z = torch.where(present, z, 0)
    # a missing neighbour in time says nothing: the current frame stands in for it
    filled = torch.where(present, z, z[:, current : current + 1])
    guess = torch.einsum("tl,nlyx->ntyx", time_weights(scale).to(z), filled)
    s = scale.space
    enlarge = {
        mode: (lambda a, m=mode: F.interpolate(a, scale_factor=s, mode=m)) if s > 1 else (lambda a: a)
        for mode in ("nearest", "bilinear", "bicubic")
    }
    now, mask = z[:, current : current + 1], present.to(z)
    still = [enlarge["nearest"](now), enlarge["bicubic"](now), enlarge["nearest"](mask[:, current : current + 1])]
    n, _, height, width = still[0].shape
    for axis, length in (("y", height), ("x", width)):
        phase = ((torch.arange(length, device=z.device, dtype=z.dtype) % s) + 0.5) * 2 / s - 1
        shape = (1, 1, length, 1) if axis == "y" else (1, 1, 1, length)
        still.append(phase.view(shape).expand(n, 1, height, width))
    if statics is not None:
        still.append(statics.to(z))
    return Context(
        frames=enlarge["bilinear"](z),
        present=enlarge["nearest"](mask),
        base=enlarge["bicubic"](guess),
        still=torch.cat(still, dim=1),
    )
