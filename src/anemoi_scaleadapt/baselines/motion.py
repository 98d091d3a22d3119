"""Motion of coarse rain: where the frames before and after look most alike.

The methods of pysteps are made for radar images minutes apart: on coarse fields hours apart their motion carried
hourly rain forward worse than this one did (docs/explanation/rivals.md). Here is one displacement for each part of
the domain, that with the highest correlation, the pairs of several frames taken together because rain keeps its motion
longer than its shape.
"""

from itertools import pairwise

import numpy as np
from scipy.fft import irfft2, rfft2
from scipy.ndimage import map_coordinates

from anemoi_scaleadapt.baselines.fields import coarsened

#: fastest rain, pixels h-1
FASTEST = 100.0
#: frames on either side that count, and how much less the pair of the next ones does
REACH, FADE = 3, 0.5
#: share of the cells that two fields must still have in common when one is displaced
OVERLAP = 0.1
#: width of a part of the domain with a motion of its own, pixels
PART = 250


def displacement(
    pairs: list[tuple[np.ndarray, np.ndarray]], weights: list[float], most: float
) -> tuple[float, float] | None:
    """Displacement with the highest correlation between earlier and later fields, over all pairs together.

    Parameters
    ----------
    pairs : list of (ndarray, ndarray), shape (Y, X)
        Earlier and later rain; NaN where it is missing, which takes no part.
    weights : list of float
        Of the pairs.
    most : float
        Longest displacement allowed, cells.

    Returns
    -------
    tuple of float or None
        Cells (y, x), refined by a parabola along each axis; None where rain is everywhere the same or none.
    """
    size = [2 * n for n in pairs[0][0].shape]  # zero padding: no wrap-around
    sums = np.zeros((4, *size))
    for (one, other), weight in zip(pairs, weights, strict=True):
        sums += weight * _moments(one, other, size)
    count, covariance, variance, variance_later = sums
    norm = np.sqrt(variance * variance_later)
    steps = [np.round(np.fft.fftfreq(n) * n).astype(int) for n in size]
    near = np.hypot(steps[0][:, None], steps[1]) <= most
    allowed = near & (count >= OVERLAP * count.max()) & (norm > 1e-6 * max(norm.max(), 1e-6))
    if not allowed.any():
        return None
    likeness = np.where(allowed, covariance / np.where(norm > 0, norm, 1), -np.inf)
    peak = np.unravel_index(np.argmax(likeness), likeness.shape)
    lines = likeness[:, peak[1]], likeness[peak[0]]
    y, x = (float(step[k] + _summit(line, int(k))) for step, line, k in zip(steps, lines, peak, strict=True))
    return y, x


def _moments(one: np.ndarray, other: np.ndarray, size: list[int]) -> np.ndarray:
    """Count, covariance and both variances of two fields by displacement, where both are known, (4, *size)."""
    parts = []
    for field in (one, other):
        known = np.isfinite(field)
        root = np.sqrt(np.where(known, field, 0).clip(min=0))
        parts.append([rfft2(part, size) for part in (known.astype("float64"), root, root**2)])
    (k, a, aa), (m, b, bb) = parts
    products = ((k, m), (a, m), (k, b), (aa, m), (k, bb), (a, b))
    n, sum_a, sum_b, sum_aa, sum_bb, sum_ab = (irfft2(np.conj(p) * q, size) for p, q in products)
    n = np.maximum(np.round(n), 0)
    some = np.maximum(n, 1)
    covariance = sum_ab - sum_a * sum_b / some
    variances = [square - total**2 / some for square, total in ((sum_aa, sum_a), (sum_bb, sum_b))]
    variances = [np.where(v > 1e-9 * aa.max(), v, 0) for v, aa in zip(variances, (sum_aa, sum_bb), strict=True)]
    return np.array([n, covariance, *variances])


def _summit(line: np.ndarray, k: int) -> float:
    """Where between the neighbours of the highest point the parabola through the three is highest."""
    low, mid, high = line[k - 1], line[k], line[(k + 1) % len(line)]
    curve = low - 2 * mid + high
    return 0.5 * (low - high) / curve if np.isfinite(curve) and curve < 0 else 0.0


def flow(frames: list[np.ndarray], place: int, s: int, t: int) -> np.ndarray:
    """Motion of the rain in frame ``place`` on the fine grid, (2, y, x): pixels h-1 along x and along y.

    Parameters
    ----------
    frames : list of ndarray, shape (Y, X)
        Frames in a row, t hours apart, mm h-1; NaN where missing.
    place : int
        Which of them is meant; those further away count less.
    s, t : int
        Factor pair.

    Returns
    -------
    ndarray
        As ``pysteps.extrapolation`` takes it; zero where no motion is seen.
    """
    ny, nx = frames[0].shape
    thin = max(1, min(5 // s, ny, nx))  # at s = 1 cells of 5 pixels are followed
    frames = [coarsened(frame, thin) for frame in frames]
    pairs = list(pairwise(frames))
    weights = [FADE ** max(place - 1 - k, k - place) for k in range(len(pairs))]
    cell = s * thin
    most = FASTEST * t / cell

    def seen(rows: slice, columns: slice) -> tuple[float, float] | None:
        parts = [(one[rows, columns], other[rows, columns]) for one, other in pairs]
        return displacement(parts, weights, most) if pairs else None

    whole = seen(slice(None), slice(None)) or (0.0, 0.0)
    parts = [max(1, round(n * s / PART)) for n in (ny, nx)]
    grid = np.empty((2, *parts))
    for y in range(parts[0]):
        for x in range(parts[1]):
            spans = [_span(k, n, m) for k, n, m in zip((y, x), parts, frames[0].shape, strict=True)]
            grid[:, y, x] = whole if parts == [1, 1] else seen(*spans) or whole
    rows, columns = (
        ((np.arange(n * s) + 0.5) / (n * s) * m - 0.5).clip(0, m - 1) for n, m in zip((ny, nx), parts, strict=True)
    )
    places = np.meshgrid(rows, columns, indexing="ij")
    return np.stack([map_coordinates(part, places, order=1) for part in grid[::-1]]) * (cell / t)


def _span(k: int, parts: int, cells: int) -> slice:
    """Cells of part k and half a part on either side."""
    width = cells / parts
    return slice(max(0, round((k - 0.5) * width)), min(cells, round((k + 1.5) * width)))
