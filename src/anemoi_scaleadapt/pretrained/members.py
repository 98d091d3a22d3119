"""Members of one window from plain arrays."""

import datetime

import numpy as np
import torch
from einops import rearrange

from anemoi_scaleadapt.diffusion.noise import draws
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.models.downscaler import Downscaler


def draw_members(
    model: Downscaler, frames: np.ndarray, start: datetime.datetime, members: int = 8, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the members of one window, the same that ``anemoi-inference run`` draws with these weights.

    Parameters
    ----------
    model : Downscaler
        From :func:`anemoi_scaleadapt.pretrained.load`.
    frames : ndarray, shape (L, y / s, x / s)
        Coarse rain, mm h-1: means over t hours, in the order of ``model.scale.frame_ends`` (0 is the window itself);
        NaN where missing.
    start : datetime.datetime
        Start of the window, UTC; its hours end at start + 1 h ... start + t h.
    members, seed : int
        How many, and which ensemble.

    Returns
    -------
    members : ndarray, shape (members, t, y, x)
        mm h-1, float32, with the totals of every coarse cell; NaN where that is missing.
    mean : ndarray, shape (t, y, x)
        The conditional mean, likewise.

    Raises
    ------
    ScaleAdaptError
        For another number of frames than L, or no member.
    """
    scale = model.scale
    if frames.ndim != 3 or len(frames) != scale.context_length:
        raise ScaleAdaptError(
            f"frames has shape {frames.shape}: this model takes (L, y, x) with L = {scale.context_length} means over "
            f"{scale.time} h, at places {scale.frame_ends} in units of {scale.time} h (0: the window itself)."
        )
    if members < 1:
        raise ScaleAdaptError(f"members = {members}: at least one.")
    lr = torch.from_numpy(np.ascontiguousarray(frames, "float32"))[None]
    with torch.inference_mode():
        z = model.predict_mean(lr)
        mean = model.mean_rain(lr, mean=z)
        rain = model.sample(lr, draws(seed, range(members), [start], mean), mean=z)
    return rearrange(rain[0], "t m y x -> m t y x").numpy(), mean[0].numpy()
