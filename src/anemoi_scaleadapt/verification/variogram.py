"""Variogram score: are pixels some way apart as alike as in the truth, whatever their rain?

References
----------
Scheuerer and Hamill 2015, https://doi.org/10.1175/MWR-D-14-00269.1, with p = 0.5.
"""

import numpy as np

from anemoi_scaleadapt.verification.settings import Scores, Settings, Sums, ratio
from anemoi_scaleadapt.verification.window import Forecast


def tally(forecast: Forecast, settings: Settings) -> Sums:
    """Sums over the pairs of pixels of a window that lie some km apart along y or x, and their numbers, (distance, 2).

    A pair adds the square of the root of the truth's absolute difference less the members' mean of the same, less what
    the finite ensemble adds to that square on average: their variance over their number, as for the fair CRPS.
    """
    out = np.zeros((len(settings.variogram_km), 2))
    for k, km in enumerate(settings.variogram_km):
        if not (shift := settings.pixels(km)):
            continue
        for axis in (-1, -2):
            known = _pairs(forecast.window.known, shift, axis, np.logical_and)
            roots = np.sqrt(np.abs(_pairs(forecast.filled, shift, axis, np.subtract)))
            truth = np.sqrt(np.abs(_pairs(forecast.window.truth, shift, axis, np.subtract)))
            error = np.square(roots.mean(axis=0) - truth)
            if len(roots) > 1:
                error -= roots.var(axis=0, ddof=1) / len(roots)
            out[k] += error.sum(where=known, dtype="float64"), known.sum()
    return {"variogram": out}


def _pairs(fields: np.ndarray, shift: int, axis: int, combine: np.ufunc) -> np.ndarray:
    size = fields.shape[axis]
    first, second = (np.arange(max(size - shift, 0)) + k for k in (0, shift))
    return combine(fields.take(second, axis), fields.take(first, axis))


def score(sums: Sums, settings: Settings) -> Scores:
    """Mean over pairs, mm/h (the root's square)."""
    pairs = sums["variogram"]
    return {
        f"variogram_{km:g}km": ratio(pairs[..., k, 0], pairs[..., k, 1]) for k, km in enumerate(settings.variogram_km)
    }
