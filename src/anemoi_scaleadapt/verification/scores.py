"""Scores from the sums of :mod:`tally`: pure functions of one dictionary of sums.

A score that is not defined (a spread without an ensemble, a quantile of dry rain, a lag longer than the
period) is None.
"""

import math

import numpy as np

from anemoi_scaleadapt.verification.tally import EDGES, Settings

#: below this wavelength the power counts as small-scale, km
HIGH_KM = 8.0
#: the headline of the scorecard, in the order of the table; the other scores follow it
HEADLINE = (
    "crps",
    "rmse",
    "ssr",
    "fss_1mm_5km",
    "spectra_ratio_high",
    "q99_ratio",
    "q999_ratio",
    "lag1_ratio",
    "wet_fraction_ratio",
    "conservation_error",
)


def ratio(numerator: float, denominator: float) -> float | None:
    """Divide, or None where that is not defined."""
    if not denominator or not math.isfinite(denominator) or not math.isfinite(numerator):
        return None
    return float(numerator / denominator)


def quantile(histogram: np.ndarray, q: float) -> float:
    """Quantile q of a histogram on ``EDGES``, linear within the bin, mm h-1; zero within the driest bin."""
    total = histogram.sum()
    if total == 0:
        return math.nan
    cumulated = np.cumsum(histogram) / total
    k = int(np.searchsorted(cumulated, q))
    if k == 0:
        return 0.0
    below = cumulated[k - 1]
    inside = (q - below) / (cumulated[k] - below)
    return float(EDGES[k] + inside * (EDGES[k + 1] - EDGES[k]))


def earth_mover(histogram: np.ndarray, other: np.ndarray) -> float:
    """First Wasserstein distance of two histograms on ``EDGES``, mm h-1 (integral of the CDF difference)."""
    if histogram.sum() == 0 or other.sum() == 0:
        return math.nan
    difference = np.cumsum(histogram) / histogram.sum() - np.cumsum(other) / other.sum()
    centre = np.sqrt(EDGES[1:-1] * EDGES[2:])
    centre = np.concatenate([[0.0], centre])
    return float(np.sum(np.abs(difference[:-1]) * np.diff(centre)))


def correlation(moments: np.ndarray) -> float:
    """Pearson correlation from (n, sum a, sum b, sum aa, sum bb, sum ab)."""
    n, a, b, aa, bb, ab = moments
    if n == 0:
        return math.nan
    variance = (aa / n - (a / n) ** 2) * (bb / n - (b / n) ** 2)
    return float((ab / n - a * b / n**2) / math.sqrt(variance)) if variance > 0 else math.nan


def wavelengths(rings: int, shape: tuple, pixel_km: float) -> np.ndarray:
    """Wavelength of each ring, km; infinite for the mean."""
    with np.errstate(divide="ignore"):
        return max(shape) * pixel_km / np.arange(rings)


def fss(sums: np.ndarray) -> float | None:
    """Mean over members of the score from (member, 2) sums of squared differences and squares."""
    if (sums[:, 1] == 0).any():
        return None
    return float(np.mean(1 - sums[:, 0] / sums[:, 1]))


def score(sums: dict, shape: tuple, settings: Settings) -> dict:
    """Return all scores of one system.

    Parameters
    ----------
    sums : dict
        Sums over the days to be scored, as :func:`tally.add` makes them.
    shape : tuple of int
        (y, x) of the fine grid.
    settings : Settings
        The same as for the sums.
    """
    n = sums["count"]
    if n == 0:
        return dict.fromkeys(HEADLINE)
    members = sums["fss"].shape[2]
    rmse = math.sqrt(sums["squared_error"] / n)
    out = {"crps": float(sums["crps"] / n), "rmse": rmse}
    spread = math.sqrt((members + 1) / members * sums["variance"] / n)
    out["ssr"] = ratio(spread, rmse) if members > 1 else None
    skill = {
        (threshold, km): fss(sums["fss"][i, j])
        for i, threshold in enumerate(settings.fss_thresholds)
        for j, km in enumerate(settings.fss_scales_km)
    }
    out["fss_1mm_5km"] = skill.get((1.0, 5.0))
    power, power_truth = sums["power"], sums["power_truth"]
    high = wavelengths(len(power), shape, settings.pixel_km) < HIGH_KM
    out["spectra_ratio_high"] = ratio(power[high].sum(), power_truth[high].sum())
    for name, q in (("q99_ratio", 0.99), ("q999_ratio", 0.999)):
        out[name] = ratio(quantile(sums["histogram"], q), quantile(sums["histogram_truth"], q))
    lags = [correlation(m) for m in sums["lags"]]
    lags_truth = [correlation(m) for m in sums["lags_truth"]]
    out["lag1_ratio"] = ratio(lags[0], lags_truth[0])
    out["wet_fraction_ratio"] = ratio(sums["wet"], sums["wet_truth"])
    out["conservation_error"] = float(sums["max_conservation_error"])
    hours = sums["fss_hours"]
    out |= {
        "mae": float(sums["absolute_error"] / n),
        "rmse_median": math.sqrt(sums["squared_error_median"] / n),
        "mae_median": float(sums["absolute_error_median"] / n),
        "bias": float(sums["error"] / n),
        "max_ratio": ratio(float(np.mean(sums["max_predicted"])), float(sums["max_truth"])),
        "emd": earth_mover(sums["histogram"], sums["histogram_truth"]),
        "spectra_ratio_high_mean": _mean_ratio(power[high], power_truth[high]),
    }
    for k, threshold in enumerate(settings.tail_thresholds):
        out[f"twcrps_{threshold:g}mm"] = float(sums["tail_crps"][k] / n)
    for k in range(settings.lags):
        out[f"lag{k + 1}"] = None if math.isnan(lags[k]) else lags[k]
    if 1.0 in settings.fss_thresholds and 5.0 in settings.fss_scales_km:
        i, j = settings.fss_thresholds.index(1.0), settings.fss_scales_km.index(5.0)
        out["fss_1mm_5km_hourly"] = ratio(hours[i, j, 0], hours[i, j, 1])
    for k, name in enumerate(("sal_s", "sal_a", "sal_l", "sal_abs_s", "sal_abs_a"), start=1):
        out[name] = ratio(sums["sal"][k], sums["sal"][0])
    out |= _calibration(sums, settings, members)
    for (threshold, km), value in skill.items():
        if (threshold, km) != (1.0, 5.0):
            out[f"fss_{threshold:g}mm_{km:g}km"] = value
    for i, threshold in enumerate(settings.fss_thresholds):
        for j, km in enumerate(settings.fss_scales_km):
            out[f"fss_ensemble_{threshold:g}mm_{km:g}km"] = fss(sums["fss_ensemble"][i, j][None])
    return out


def _calibration(sums: dict, settings: Settings, members: int) -> dict:
    """Rank (PIT) histogram's distance from flat, and Brier scores of the share of members above thresholds."""
    total = sums["ranks"].sum()
    flat = None
    if members > 1 and total > 0:
        flat = float(np.abs(sums["ranks"] / total - 1 / (members + 1)).sum())
    out = {"rank_deviation": flat}
    p = np.arange(members + 1) / members
    for k, threshold in enumerate(settings.reliability_thresholds):
        given, events = sums["reliability_forecasts"][k], sums["reliability_events"][k]
        out[f"brier_{threshold:g}mm"] = float((p**2 * given - 2 * p * events + events).sum() / sums["count"])
    return out


def _mean_ratio(power: np.ndarray, power_truth: np.ndarray) -> float | None:
    some = power_truth > 0
    return float(np.mean(power[some] / power_truth[some])) if some.any() else None
