"""The pooled distribution of rain: quantiles, distance of distributions, wet fraction, maximum."""

import numpy as np

from anemoi_scaleadapt.verification.settings import Scores, Settings, Sums, ratio
from anemoi_scaleadapt.verification.window import Forecast, Window

#: bins a decade of the histogram, from LEAST over DECADES decades; below LEAST is one bin
PER_DECADE, DECADES, LEAST = 1000, 6, 1e-3
#: bin edges, mm h-1: zero to 0.001, then 0.23 % a bin up to 1000
EDGES = np.concatenate([[0.0], LEAST * 10 ** (np.arange(PER_DECADE * DECADES + 1) / PER_DECADE)])
QUANTILES = {"q99_ratio": 0.99, "q999_ratio": 0.999, "q9999_ratio": 0.9999}
#: probabilities of the quantile plot
PROBABILITIES = (0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999, 0.99995)


def histogram(rain: np.ndarray, more_dry: int = 0) -> np.ndarray:
    """Count values by the bins of ``EDGES``; the last bin takes what lies beyond it too.

    Parameters
    ----------
    rain : ndarray
        mm h-1, any shape.
    more_dry : int
        Dry values that are not in it.
    """
    wet = rain[rain >= LEAST].astype("float64")
    place = 1 + (np.log10(wet / LEAST) * PER_DECADE).astype("int64")
    out = np.bincount(place.clip(1, PER_DECADE * DECADES), minlength=PER_DECADE * DECADES + 1)
    out[0] = rain.size - wet.size + more_dry
    return out


def tally(forecast: Forecast, settings: Settings) -> Sums:
    """Histograms, totals and maxima over all known pixels and hours of a window."""
    members, truth = forecast.cases
    dry = int(forecast.window.known.sum()) - len(truth)
    return {
        "histogram": histogram(members, len(members) * dry),
        "wet": (members >= settings.wet).sum() / len(members),
        "max_predicted": forecast.filled.max(axis=(1, 2, 3)),
        **forecast.window.once(_of_truth),
    }


def _of_truth(window: Window) -> Sums:
    truth = window.truth[window.known]
    return {
        "histogram_truth": histogram(truth),
        "sum_truth": truth.sum(dtype="float64"),
        "wet_truth": (truth >= window.settings.wet).sum(),
        "max_truth": truth.max(initial=0.0),
    }


def quantile(counts: np.ndarray, q: float) -> np.ndarray:
    """Quantile of histograms (..., bins), linear within the bin, mm h-1; zero within the driest bin, NaN of nothing."""
    total = np.cumsum(counts, axis=-1, dtype="float64")
    wanted = q * total[..., -1:]
    k = np.argmax(total >= wanted, axis=-1)[..., None]
    below = np.take_along_axis(total, np.maximum(k - 1, 0), -1)
    share = ratio(wanted - below, np.take_along_axis(total, k, -1) - below)
    found = np.where(k == 0, 0.0, EDGES[k] + share * (EDGES[k + 1] - EDGES[k]))
    return np.where(total[..., -1] > 0, found[..., 0], np.nan)


def earth_mover(counts: np.ndarray, other: np.ndarray) -> np.ndarray:
    """First Wasserstein distance of histograms (..., bins), mm h-1: the integral of the difference of their CDFs."""
    one, two = (np.cumsum(ratio(h, h.sum(axis=-1, keepdims=True)), axis=-1) for h in (counts, other))
    centres = np.concatenate([[0.0], np.sqrt(EDGES[1:-1] * EDGES[2:])])
    return np.abs(one - two)[..., :-1] @ np.diff(centres)


def score(sums: Sums, settings: Settings) -> Scores:
    """Ratios of quantiles, maximum and wet fraction to the truth's, and the distance of the distributions in mm/h."""
    counts = sums["histogram"], sums["histogram_truth"]
    out = {name: ratio(*(quantile(h, q) for h in counts)) for name, q in QUANTILES.items()}
    out["max_ratio"] = ratio(sums["max_predicted"].mean(axis=-1), sums["max_truth"])
    out["emd"] = earth_mover(*counts)
    out["wet_fraction_ratio"] = ratio(sums["wet"], sums["wet_truth"])
    return out


def curves(sums: Sums, settings: Settings) -> dict:
    """Quantiles of system and truth, mm h-1."""
    values, truth = ([float(quantile(sums[key], q)) for q in PROBABILITIES] for key in ("histogram", "histogram_truth"))
    return {"quantiles": {"probability": PROBABILITIES, "value": values, "truth": truth}}
