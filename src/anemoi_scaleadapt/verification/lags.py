"""Correlation in time: of rain with the rain there some hours earlier, and where it came from an hour earlier.

Every system's rain is followed by its own motion, found as the truth's is. A member moves another way than the truth:
along the truth's motion even a perfect one would correlate less than the truth, to which that motion is fitted.
"""

import numpy as np

from anemoi_scaleadapt.verification.motion import origins
from anemoi_scaleadapt.verification.settings import Scores, Settings, Sums, ratio
from anemoi_scaleadapt.verification.window import Forecast, Window


def tally(forecast: Forecast, settings: Settings) -> Sums:
    """Moments of pairs of hours that end within the window, by lag, (lags, 6), and in moving coordinates, (6,)."""
    window = forecast.window
    masks = [known for _, known in window.hours]
    lags, moving = _moments(forecast.hours, masks, window, settings)
    lags_truth, moving_truth = window.once(_of_truth)
    return {"lags": lags, "lags_truth": lags_truth, "moving": moving, "moving_truth": moving_truth}


def _of_truth(window: Window) -> tuple[np.ndarray, np.ndarray]:
    truth = [rain[None] for rain, _ in window.hours]
    return _moments(truth, [known for _, known in window.hours], window, window.settings)


def _moments(
    hours: list[np.ndarray], masks: list[np.ndarray], window: Window, settings: Settings
) -> tuple[np.ndarray, np.ndarray]:
    lags, moving = np.zeros((settings.lags, 6)), np.zeros(6)
    begin = len(window.past)
    for k in range(begin, len(hours)):
        for lag in range(1, min(settings.lags, k) + 1):
            lags[lag - 1] += moments(hours[k - lag], hours[k], masks[k - lag] & masks[k])
    for k in range(max(begin, 1), len(hours)):
        # of one member: there is but one truth, and finding motion is dear
        before, after = hours[k - 1][0], hours[k][0]
        index, there = origins(before, after, settings)
        known = there & masks[k].ravel() & masks[k - 1].ravel()[index]
        moving += moments(before.ravel()[index], after.ravel(), known)
    return lags, moving


def moments(before: np.ndarray, after: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(n, sum a, sum b, sum aa, sum bb, sum ab) of the known pixels of two hours (..., y, x)."""
    if not known.all():
        before, after = (np.where(known, hour, np.float32(0)) for hour in (before, after))
    number = known.sum() * (before.size // known.size)
    products = (
        np.einsum("...x,...x->...", one, other).sum(dtype="float64")
        for one, other in ((before, before), (after, after), (before, after))
    )
    return np.array([number, before.sum(dtype="float64"), after.sum(dtype="float64"), *products])


def correlation(moments: np.ndarray) -> np.ndarray:
    """Pearson correlation of moments (..., 6); NaN where nothing varies."""
    n, a, b, aa, bb, ab = np.moveaxis(moments, -1, 0)
    variance = (ratio(aa, n) - ratio(a, n) ** 2) * (ratio(bb, n) - ratio(b, n) ** 2)
    return ratio(ratio(ab, n) - ratio(a, n) * ratio(b, n), np.sqrt(np.where(variance > 0, variance, np.nan)))


def score(sums: Sums, settings: Settings) -> Scores:
    """Correlations at each lag, ratios of the first to the truth's, at a pixel and in moving coordinates."""
    lags, moving = correlation(sums["lags"]), correlation(sums["moving"])
    out = {f"lag{k + 1}": lags[..., k] for k in range(settings.lags)}
    out["lag1_ratio"] = ratio(lags[..., 0], correlation(sums["lags_truth"])[..., 0])
    return out | {"lag1_moving": moving, "lag1_moving_ratio": ratio(moving, correlation(sums["moving_truth"]))}


def curves(sums: Sums, settings: Settings) -> dict:
    """Correlation by lag of system and truth."""
    return {"lags": {"value": correlation(sums["lags"]), "truth": correlation(sums["lags_truth"])}}
