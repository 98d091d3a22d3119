"""Classical downscaling that any trained system must beat, all but ``nearest`` with exact coarse totals.

Each takes the coarse rain of one window and gives members of shape (member, t, y, x), mm h-1:

``nearest``
    the coarse value, repeated in space and time;
``bicubic``
    coarse frames interpolated linearly in time, then bicubic in space (cubic convolution, a = -0.75), clipped;
``rainfarm``
    the same frames, downscaled by RainFARM (Rebora et al. 2006, doi 10.1175/JHM517.1, as pysteps implements
    it) with independent noise for every hour.

The last two are then rescaled to the coarse totals of every t x s x s cell.
"""

from contextlib import contextmanager, redirect_stdout
from io import StringIO

import numpy as np
from scipy.ndimage import distance_transform_edt


def conserve(fine: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    """Rescale fine rain so that the mean of every t x s x s cell is the coarse value, as the model's own members are.

    Parameters
    ----------
    fine : ndarray, shape (..., t, y, x)
        Rain, not negative, mm h-1.
    coarse : ndarray, shape (y / s, x / s)
        Mean rain of each cell, mm h-1. NaN makes the cell missing.

    Returns
    -------
    ndarray
        ``fine * coarse / mean(fine)`` by cell; the coarse value everywhere in a cell that was dry, zero
        where the coarse value is zero.
    """
    import torch

    from anemoi_scaleadapt.conservation import Conservation
    from anemoi_scaleadapt.conservation import conserve as give_back

    fine, coarse = (torch.from_numpy(np.asarray(field, dtype="float64")) for field in (fine, coarse))
    return give_back(fine, coarse, Conservation()).numpy()


def enlarge(coarse: np.ndarray, s: int) -> np.ndarray:
    """Repeat each coarse value s x s times in the last two axes."""
    return np.repeat(np.repeat(coarse, s, axis=-2), s, axis=-1)


def filled(coarse: np.ndarray) -> np.ndarray:
    """Fill missing cells of (..., Y, X) with the nearest valid value, for interpolation only."""
    out = np.asarray(coarse, dtype="float64").copy()
    for frame in out.reshape(-1, *out.shape[-2:]):
        gap = np.isnan(frame)
        if gap.all():
            frame[:] = 0.0
        elif gap.any():
            frame[:] = frame[tuple(distance_transform_edt(gap, return_distances=False, return_indices=True))]
    return out


def nearest(now: np.ndarray, t: int, s: int) -> np.ndarray:
    """Repeat one coarse frame (Y, X) in space and time, (1, t, y, x)."""
    return np.repeat(enlarge(now, s)[None, None], t, axis=1)


def bicubic(frames: np.ndarray, now: np.ndarray, s: int) -> np.ndarray:
    """Bicubic interpolation of frames (t, Y, X) with exact totals of ``now`` (Y, X), (1, t, y, x)."""
    import torch

    fine = torch.from_numpy(filled(frames))[:, None]
    if s > 1:
        fine = torch.nn.functional.interpolate(fine, scale_factor=s, mode="bicubic", align_corners=False)
    return conserve(fine[:, 0].clamp_min(0).numpy(), now)[None]


def rainfarm(frames: np.ndarray, now: np.ndarray, s: int, members: int, seed: int) -> np.ndarray | None:
    """RainFARM of frames (t, Y, X) with exact totals of ``now`` (Y, X), (member, t, y, x); None for s=1."""
    if s == 1:
        return None
    downscale = pysteps_rainfarm()
    coarse = filled(frames)
    fine = np.zeros((members, len(frames), *(n * s for n in now.shape)))
    # a flat spectrum divides by zero in pysteps, and anemoi-datasets makes numpy raise on that
    with numpy_seed(seed), np.errstate(all="ignore"):
        for member in fine:
            for hour, field in zip(member, coarse, strict=True):
                if (field > 0).any():
                    hour[:] = downscale(field, ds_factor=s, kernel_type="gaussian", **slope(field))
    return conserve(np.nan_to_num(fine).clip(min=0), now)


def pysteps_rainfarm():
    """Import RainFARM without the lines that pysteps prints when it is imported."""
    with redirect_stdout(StringIO()):
        from pysteps.downscaling.rainfarm import downscale
    return downscale


def slope(field: np.ndarray) -> dict:
    """Give pysteps a spectral slope of 2 where the few coarse cells leave it nothing to fit one to."""
    return {"alpha": 2.0} if min(field.shape) < 4 or np.ptp(field) == 0 else {}


@contextmanager
def numpy_seed(seed: int):
    """Seed numpy's global generator, which pysteps draws from, and put its state back afterwards."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed % 2**32)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
