"""RainFARM of pysteps, as it comes: in space, hour by hour, with the spectral slope of the coarse field itself."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from anemoi_scaleadapt.baselines.fields import exact, filled


def rainfarm(frames: np.ndarray, now: np.ndarray, s: int, members: int, seed: tuple[int, ...]) -> np.ndarray:
    """RainFARM (Rebora et al. 2006, doi 10.1175/JHM517.1) with independent noise for every hour and exact totals.

    Parameters
    ----------
    frames : ndarray, shape (t, Y, X)
        Coarse rain of every hour, mm h-1; gaps are filled.
    now : ndarray, shape (Y, X)
        Mean over the hours, whose totals the members get; NaN where missing.
    s : int
        Space factor, 2 or more.
    members : int
        How many.
    seed : tuple of int
        Not negative, below 2**32. Member and hour are added to it.

    Returns
    -------
    ndarray, shape (member, t, y, x)
        mm h-1.
    """
    from anemoi_scaleadapt.baselines.pysteps import downscale

    coarse = filled(frames)
    fine = np.zeros((members, len(frames), *(n * s for n in now.shape)))
    for number, hour in np.ndindex(fine.shape[:2]):
        if (field := coarse[hour]).any():
            # a flat spectrum divides by zero in pysteps, and anemoi-datasets makes numpy raise on that
            with numpy_seed((*seed, number, hour)), np.errstate(all="ignore"):
                fine[number, hour] = downscale(field, ds_factor=s, kernel_type="gaussian", alpha=slope(field))
    return exact(np.nan_to_num(fine).clip(min=0), now)


def slope(field: np.ndarray) -> float | None:
    """Give pysteps a spectral slope of 2 where the few coarse cells leave it nothing to fit one to; else None."""
    return 2.0 if min(field.shape) < 4 or np.ptp(field) == 0 else None


@contextmanager
def numpy_seed(seed: tuple[int, ...]) -> Iterator[None]:
    """Seed numpy's global generator, which pysteps draws from, and put its state back afterwards."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
