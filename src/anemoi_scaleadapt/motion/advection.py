"""Hours between coarse frames by advection: rain that keeps moving, with the totals of every frame.

Frames that are held for their t hours have the right totals and the wrong motion. Moved along with the rain, the hours
before and after an hour should look like it. So the mean of an hour and its moved neighbours takes its place, then
every frame gets its totals back, a few times over: projections in turn on what moves steadily and on what has the
totals. It sharpens rain that a mean over t hours had smeared along its way.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from anemoi_scaleadapt.conservation import Conservation, conserve

#: how often the neighbours are heard, and the weight of what an hour was itself
REPEATS, KEPT = 3, 0.3


def trajectories(flow: Float[Tensor, "n 2 y x"], hours: float) -> Float[Tensor, "n 2 y x"]:
    """Where the rain of each pixel was `hours` ago, rows and columns, by two steps of the midpoint rule.

    Parameters
    ----------
    flow : Tensor
        Pixels h-1 along y and x, (n, 2, y, x).
    hours : float
        Negative for where it will be.
    """
    rows, columns = (torch.arange(length, device=flow.device, dtype=flow.dtype) for length in flow.shape[-2:])
    places = torch.stack(torch.meshgrid(rows, columns, indexing="ij")).expand_as(flow)
    # the same everywhere; of one motion that was expanded this is known without a look, for which a GPU would wait
    if flow.stride()[-2:] == (0, 0) or (flow == flow[..., :1, :1]).all():
        return places - hours * flow
    for _ in range(2):
        half = places - hours / 4 * moved(flow, places)
        places = places - hours / 2 * moved(flow, half)
    return places


def moved(fields: Float[Tensor, "n c y x"], places: Float[Tensor, "n 2 y x"]) -> Float[Tensor, "n c y x"]:
    """Take fields (n, c, y, x) from `places`, linear between pixels; beyond the edge the last pixel is held."""
    y, x = ((2 * place + 1) / length - 1 for place, length in zip(places.unbind(1), fields.shape[-2:], strict=True))
    return F.grid_sample(fields, torch.stack([x, y], -1), padding_mode="border", align_corners=False)


def advected(frames: Float[Tensor, "n 3 Y X"], flow: Float[Tensor, "n 2 y x"], t: int) -> Float[Tensor, "n {t} y x"]:
    """Hourly rain of the middle one of three frames, (n, t, y, x), mm h-1.

    Parameters
    ----------
    frames : Tensor
        Mean rain of the frame and those before and after, (n, 3, Y, X), mm h-1, no gaps.
    flow : Tensor
        Motion on the fine grid, pixels h-1 along y and x, (n, 2, y, x).
    t : int
        Hours of a frame. For t = 1 nothing lies between frames and this is the refined frame.
    """
    s = flow.shape[-1] // frames.shape[-1]
    fine = frames if s == 1 else F.interpolate(frames, scale_factor=s, mode="bicubic").clamp(min=0)
    rule = Conservation()
    if t == 1:
        return conserve(fine[:, 1:2], frames[:, 1], rule)
    rain = conserve(fine[:, :, None].expand(-1, -1, t, -1, -1), frames, rule)
    ago, ahead = trajectories(flow, 1), trajectories(flow, -1)
    for _ in range(REPEATS):
        hours = rain.flatten(1, 2)
        from_before = torch.cat([hours[:, :1], moved(hours[:, :-1], ago)], 1)
        from_after = torch.cat([moved(hours[:, 1:], ahead), hours[:, -1:]], 1)
        hours = KEPT * hours + (1 - KEPT) / 2 * (from_before + from_after)
        rain = conserve(hours.unflatten(1, (3, t)), frames, rule)
    return rain[:, 1]
