"""The fractions skill score of members and of the ensemble.

Own code because those of ``scores`` and pysteps count again for each width, and the truth again for each member: a
twelfth and a quarter of their time (``benchmarks/verification_libraries.py``).

References
----------
Roberts and Lean 2008, https://doi.org/10.1175/2007MWR2123.1; of ensembles: Schwartz et al. 2010,
https://doi.org/10.1175/2009WAF2222267.1.
"""

import numpy as np

from anemoi_scaleadapt.verification.boxes import around, integral
from anemoi_scaleadapt.verification.settings import Scores, Settings, Sums, ratio
from anemoi_scaleadapt.verification.window import Forecast


def tally(forecast: Forecast, settings: Settings) -> Sums:
    """Sums over pixels and hours of a window, nothing beyond the edges.

    ``fss`` has shape (threshold, scale, member, 2): sum of squared differences of the fractions, and sum of their
    squares. ``fss_ensemble`` (threshold, scale, 2) is the same of the members' mean fraction, the neighbourhood
    probability of the ensemble.
    """
    members, widths = len(forecast.members), [settings.pixels(km) for km in settings.fss_scales_km]
    out = np.zeros((len(settings.fss_thresholds), len(widths), members + 1, 2))
    for i, threshold in enumerate(settings.fss_thresholds):
        for rain, truth in zip(forecast.filled.swapaxes(0, 1), forecast.window.truth, strict=True):
            events, observed = rain >= threshold, truth >= threshold
            if not events.any() and not observed.any():
                continue
            images, image = integral(events, "int32"), integral(observed, "int32")
            for j, width in enumerate(widths):
                if width:
                    out[i, j] += _squares(images, image, width)
    return {"fss": out[:, :, :-1], "fss_ensemble": out[:, :, -1]}


def _squares(images: np.ndarray, image: np.ndarray, width: int) -> np.ndarray:
    """Sums of squared differences and of squares of fractions: of each member, and of their mean, (member + 1, 2)."""
    observed = around(image, width).astype("float32")
    mean, out = np.zeros_like(observed), np.empty((len(images) + 1, 2))
    square = _dot(observed, observed)
    for k, part in enumerate(images):
        fractions = around(part, width).astype("float32")
        mean += fractions
        both = _dot(fractions, fractions) + square
        out[k] = both - 2 * _dot(fractions, observed), both
    mean /= len(images)
    both = _dot(mean, mean) + square
    out[-1] = both - 2 * _dot(mean, observed), both
    return out / width**4


def _dot(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.einsum("yx,yx->y", one, other).sum(dtype="float64"))


def fss(sums: np.ndarray) -> np.ndarray:
    """Score from sums (..., 2) of squared differences and squares."""
    return 1 - ratio(sums[..., 0], sums[..., 1])


def score(sums: Sums, settings: Settings) -> Scores:
    """FSS by threshold and width: mean over members, and of the ensemble; NaN where there is no event."""
    out = {}
    for name in ("", "ensemble_"):
        for i, threshold in enumerate(settings.fss_thresholds):
            for j, km in enumerate(settings.fss_scales_km):
                found = fss(sums["fss_ensemble"][..., i, j, :] if name else sums["fss"][..., i, j, :, :])
                out[f"fss_{name}{threshold:g}mm_{km:g}km"] = found if name else found.mean(axis=-1)
    return out


def curves(sums: Sums, settings: Settings) -> dict:
    """FSS of the ensemble by threshold and scale."""
    found = fss(sums["fss_ensemble"])
    by_threshold = {f"{threshold:g}": found[i] for i, threshold in enumerate(settings.fss_thresholds)}
    return {"fss": by_threshold, "fss_scales_km": settings.fss_scales_km}
