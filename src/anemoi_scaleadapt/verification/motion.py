"""Where the rain of an hour came from: motion between two hours, for correlations that move with the rain."""

from contextlib import redirect_stdout
from io import StringIO

import numpy as np
from scipy.signal import correlate

from anemoi_scaleadapt.verification.settings import Settings

#: width of the cells whose means are followed, km; fastest motion, km/h; least cells a side for more than one shift
CELL_KM, FASTEST_KM, LEAST = 4.0, 100.0, 16
#: the larger, the rougher the field of motion may be (pysteps' ``lam``)
SMOOTHNESS = 50.0


def whole_shift(before: np.ndarray, after: np.ndarray, most: float) -> tuple[int, int]:
    """Shift (y, x) of a whole field in cells by cross-correlation of the roots of the rain, at most ``most`` cells."""
    roots = [np.sqrt(f.clip(min=0)) for f in (after, before)]
    found = correlate(*roots, mode="full", method="fft")
    shifts = [np.arange(n) - n // 2 for n in found.shape]
    found[np.hypot(shifts[0][:, None], shifts[1]) > most] = -np.inf
    peak = np.unravel_index(np.argmax(found), found.shape)
    return int(shifts[0][peak[0]]), int(shifts[1][peak[1]])


def moved(field: np.ndarray, shift: tuple[int, int]) -> np.ndarray:
    """Shift a field (y, x) by whole cells; what comes in is dry."""
    out = np.zeros_like(field)
    to, of = zip(*(_overlap(k, n) for k, n in zip(shift, field.shape, strict=True)), strict=True)
    out[to] = field[of]
    return out


def _overlap(shift: int, size: int) -> tuple[slice, slice]:
    shift = min(max(shift, -size), size)
    return slice(max(shift, 0), size + min(shift, 0)), slice(max(-shift, 0), size - max(shift, 0))


def motion(before: np.ndarray, after: np.ndarray, most: float) -> np.ndarray:
    """Motion of the rain of coarse fields, (2, y, x): cells along y and x that it has come since ``before``.

    The shift of the whole field, and what pysteps' anisotropic diffusion method (Proesmans et al. 1994) sees beyond it.
    """
    shift = whole_shift(before, after, most) if before.any() and after.any() else (0, 0)
    field = np.zeros((2, *before.shape)) + np.reshape(shift, (2, 1, 1))
    if min(before.shape) >= LEAST and before.any() and after.any():
        with redirect_stdout(StringIO()):  # pysteps prints when it is imported
            from pysteps.motion.proesmans import proesmans
        decibels = [np.log10(np.maximum(f, 0.1)) + 1 for f in (moved(before, shift), after)]
        levels = min(6, int(np.log2(min(before.shape) / 4)) + 1)  # of a pyramid; pysteps fails below 2 cells a side
        field += proesmans(np.stack(decibels).astype("float64"), lam=SMOOTHNESS, num_levels=levels)[::-1]
    return field


def origins(before: np.ndarray, after: np.ndarray, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Where the rain of an hour was an hour before, by the motion between the two fields (y, x) in mm h-1.

    Returns
    -------
    tuple of ndarray
        Flat indices (y * x,) of the pixels that the rain of each pixel was at, and where these are within the grid.
    """
    ny, nx = before.shape
    edge = max(1, settings.pixels(CELL_KM))
    cell = [np.minimum(np.arange(n) // edge, max(n // edge, 1) - 1) for n in (ny, nx)]
    step = motion(_means(before, edge), _means(after, edge), FASTEST_KM / settings.pixel_km / edge)
    y, x = (np.rint(part[np.ix_(*cell)] * edge).astype(int) for part in step)
    y, x = np.arange(ny)[:, None] - y, np.arange(nx) - x
    there = (y >= 0) & (y < ny) & (x >= 0) & (x < nx)
    return (y.clip(0, ny - 1) * nx + x.clip(0, nx - 1)).ravel(), there.ravel()


def _means(field: np.ndarray, edge: int) -> np.ndarray:
    ny, nx = (max(n // edge, 1) for n in field.shape)
    cut = field[: ny * edge, : nx * edge]
    return cut.reshape(ny, -1, nx, cut.shape[1] // nx).mean(axis=(1, 3))
