"""95 % intervals: resample whole days (Künsch 1989's block bootstrap with blocks of a day).

Hours of one storm are not independent, days nearly are. All systems are resampled with the same days, so that
the ratios of one system to the others are paired. With a handful of days the intervals are rough, and with
one day there are none.
"""

import numpy as np

from anemoi_scaleadapt.verification.scores import score
from anemoi_scaleadapt.verification.tally import Settings


def combine(sums: list, weights: np.ndarray | None = None) -> dict:
    """Add the sums of days up, each as often as its weight says (maxima: over days with any weight)."""
    return Days(sums).total(np.ones(len(sums)) if weights is None else weights)


class Days:
    """Sums of one system, stacked over days, to be added up with weights again and again."""

    def __init__(self, sums: list):
        """Stack a list (over days) of dictionaries of sums."""
        self.stacked = {key: np.stack([day[key] for day in sums]) for key in sums[0]}

    def total(self, weights: np.ndarray) -> dict:
        """Weighted sums, (day,) weights; maxima over the days with weight."""
        return {
            key: v[weights > 0].max(axis=0) if key.startswith("max_") else np.tensordot(weights, v, axes=1)
            for key, v in self.stacked.items()
        }


def day_weights(days: int, samples: int, seed: int) -> np.ndarray:
    """How often each day is drawn, (samples, days)."""
    draw = np.random.default_rng(seed)
    return draw.multinomial(days, np.full(days, 1 / days), size=samples).astype("float64")


def intervals(
    sums: dict, shape: tuple, settings: Settings, samples: int, seed: int, own: str, progress=iter
) -> tuple[dict, dict]:
    """Percentile intervals of all scores, and of one system's CRPS and RMSE over those of the others.

    Parameters
    ----------
    sums : dict
        System -> list over days of sums.
    shape : tuple of int
        (y, x).
    settings : Settings
        As the sums.
    samples, seed : int
        Of the bootstrap.
    own : str
        System in the numerator of the ratios.
    progress : callable
        Wraps the loop.

    Returns
    -------
    tuple of dict
        system -> score -> [2.5 %, 97.5 %]; other system -> "crps" or "rmse" -> [2.5 %, 97.5 %] of the ratio.
        Empty for fewer than two days.
    """
    days = len(next(iter(sums.values())))
    if days < 2 or samples < 1:
        return {}, {}
    stacked = {name: Days(values) for name, values in sums.items()}
    drawn: dict = {name: [] for name in sums}
    for weights in progress(day_weights(days, samples, seed)):
        for name, values in stacked.items():
            drawn[name].append(score(values.total(weights), shape, settings))
    plain = {name: _percentiles(values) for name, values in drawn.items()}
    ratios = {}
    for other, values in drawn.items():
        if other != own:
            pairs = zip(drawn[own], values, strict=True)
            ratios[other] = _percentiles([relative(one, reference) for one, reference in pairs])
    return plain, ratios


def relative(one: dict, other: dict) -> dict:
    """CRPS and RMSE of one system over those of another; None where undefined."""
    return {k: one[k] / other[k] if one[k] is not None and other[k] else None for k in ("crps", "rmse")}


def _percentiles(values: list) -> dict:
    out = {}
    for key in values[0]:
        known = [v[key] for v in values if v.get(key) is not None]
        out[key] = [float(p) for p in np.percentile(known, [2.5, 97.5])] if len(known) > 1 else None
    return out
