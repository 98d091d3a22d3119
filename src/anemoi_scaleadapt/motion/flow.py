"""Motion of the rain in every frame, each part of a domain with its own."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from anemoi_scaleadapt.motion.displacement import displacement

#: speed that rain seldom has more of, pixels h-1
USUAL = 70.0
#: frames on either side that count, and how much less the pair of the next ones does
REACH, FADE = 3, 0.75
#: width of a part of the domain with a motion of its own, pixels
PART = 250
#: least width of the cells that are followed, pixels
CELL = 5


def flow(
    frames: Float[Tensor, "n k Y X"], usable: Bool[Tensor, "n f k"], places: list[int], s: int, t: int
) -> Float[Tensor, "n f 3 v w"]:
    """Motion of the rain in some frames.

    Parameters
    ----------
    frames : Tensor
        Frames in a row, t hours apart, (n, k, Y, X), mm h-1; NaN where missing.
    usable : Tensor
        Which of them may tell the motion of each frame that is asked for, (n, f, k).
    places : list of int
        Which frames are asked for; those further away count less.
    s, t : int
        Factor pair.

    Returns
    -------
    Tensor
        (n, f, 3, v, w) for v x w parts of the domain: pixels h-1 along y and along x, and the correlation that the
        motion reaches; zero where none is seen.
    """
    thin = max(1, min(CELL // s, *frames.shape[-2:]))
    frames = _mean(frames, thin)
    ny, nx = frames.shape[-2:]
    cell = s * thin
    pair = torch.arange(frames.shape[1] - 1, device=frames.device)
    place = torch.tensor(places, device=frames.device)[:, None]
    apart = torch.maximum(place - 1 - pair, pair - place)
    weights = torch.where(apart < REACH, FADE ** apart.to(frames), 0) * (usable[..., 1:] & usable[..., :-1])
    usual = USUAL * t / cell
    whole = displacement(frames, weights, usual)
    parts = [max(1, round(length * cell / PART)) for length in (ny, nx)]
    out = whole[..., None, None].repeat(1, 1, 1, *parts)
    if parts != [1, 1]:
        for y in range(parts[0]):
            for x in range(parts[1]):
                cells = (..., _span(y, parts[0], ny), _span(x, parts[1], nx))
                own = displacement(frames[cells], weights, usual)
                out[..., y, x] = torch.where(own[..., 2:] > 0, own, whole)
    out[:, :, :2] *= cell / t
    return out


def everywhere(flow: Float[Tensor, "*b c v w"], shape: tuple[int, int]) -> Float[Tensor, "*b c y x"]:
    """Values of parts, linear between their middles, on the fine grid."""
    if flow.shape[-2:] == (1, 1):
        return flow.expand(*flow.shape[:-2], *shape)
    flat = flow.reshape(-1, *flow.shape[-3:])
    return F.interpolate(flat, shape, mode="bilinear").unflatten(0, flow.shape[:-3])


def _mean(frames: Tensor, size: int) -> Tensor:
    """Mean over size x size cells; what fills none is cut off, a gap makes its cell missing."""
    return frames if size == 1 else F.avg_pool2d(frames, size)


def _span(k: int, parts: int, cells: int) -> slice:
    """Cells of part k and half a part on either side."""
    width = cells / parts
    return slice(max(0, round((k - 0.5) * width)), min(cells, round((k + 1.5) * width)))
