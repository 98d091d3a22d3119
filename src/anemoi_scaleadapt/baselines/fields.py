"""What all baselines share, on numpy arrays: filled, held and refined coarse fields, and members with exact totals."""

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt

from anemoi_scaleadapt import conservation


def exact(fine: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    """Give fine rain its coarse totals, as the package's own members get them.

    Parameters
    ----------
    fine : ndarray, shape (..., t, y, x)
        Rain, mm h-1; negative values count as zero.
    coarse : ndarray, shape (..., y / s, x / s)
        Mean rain of each cell, mm h-1. NaN makes the cell missing.

    Returns
    -------
    ndarray
        ``fine * coarse / mean(fine)`` by cell; the coarse value everywhere in a cell that was dry, zero
        where the coarse value is zero.
    """
    rain, totals = (torch.from_numpy(np.asarray(field, dtype="float64")) for field in (fine, coarse))
    return conservation.conserve(rain, totals, conservation.Conservation()).numpy()


def held(coarse: np.ndarray, t: int, s: int) -> np.ndarray:
    """Repeat each coarse value of (..., Y, X) over its t hours and s x s pixels, (..., t, y, x)."""
    fine = conservation.nearest(torch.from_numpy(np.asarray(coarse)), s).numpy()
    return np.repeat(fine[..., None, :, :], t, axis=-3)


def filled(coarse: np.ndarray) -> np.ndarray:
    """Fill missing cells of (..., Y, X) with the nearest known value (zero without one), for interpolation only."""
    out = np.array(coarse, dtype="float64")
    for frame in out.reshape(-1, *out.shape[-2:]):
        gap = np.isnan(frame)
        if gap.all():
            frame[:] = 0.0
        elif gap.any():
            frame[:] = frame[tuple(distance_transform_edt(gap, return_distances=False, return_indices=True))]
    return out


def refined(frames: np.ndarray, s: int) -> np.ndarray:
    """Interpolate frames (n, Y, X) by cubic convolution (a = -0.75), (n, y, x), not negative; gaps are filled."""
    fine = torch.from_numpy(filled(frames))[:, None]
    if s > 1:
        fine = torch.nn.functional.interpolate(fine, scale_factor=s, mode="bicubic", align_corners=False)
    return fine[:, 0].clamp_min(0).numpy()


def coarsened(fine: np.ndarray, s: int) -> np.ndarray:
    """Mean of (..., y, x) over s x s pixels, float64; what fills no cell is cut off, a gap makes its cell NaN."""
    ny, nx = (n // s * s for n in fine.shape[-2:])
    whole = np.ascontiguousarray(fine[..., :ny, :nx], dtype="float64")
    return conservation.block_mean(torch.from_numpy(whole), s).numpy()
