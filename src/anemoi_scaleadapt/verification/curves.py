"""What the report draws: one set of curves a system, from the same sums as the scores."""

import numpy as np

from anemoi_scaleadapt.verification.scores import correlation, fss, quantile, wavelengths
from anemoi_scaleadapt.verification.tally import Settings

#: probabilities of the quantile plot
QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)


def curves(sums: dict, shape: tuple, settings: Settings) -> dict:
    """Return the curves of one system as plain lists (None where undefined).

    ``rank_histogram``: share of wet cases in each rank; ``reliability``: by threshold the forecast
    probabilities, how often each was given and how often it rained; ``spectrum``: wavelength (km) and power of
    system and truth; ``quantiles``: mm h-1 of system and truth; ``fss``: threshold by scale; ``lags``:
    autocorrelation of system and truth.
    """
    out: dict = {}
    members = sums["fss"].shape[2]
    total = sums["ranks"].sum()
    if members > 1 and total > 0:
        out["rank_histogram"] = (sums["ranks"] / total).tolist()
        probability = np.arange(members + 1) / members
        out["reliability"] = {
            f"{threshold:g}": {
                "probability": probability.tolist(),
                "forecasts": sums["reliability_forecasts"][k].tolist(),
                "observed": _share(sums["reliability_events"][k], sums["reliability_forecasts"][k]),
            }
            for k, threshold in enumerate(settings.reliability_thresholds)
        }
    length = wavelengths(len(sums["power"]), shape, settings.pixel_km)
    out["spectrum"] = {
        "wavelength_km": length[1:].tolist(),
        "power": sums["power"][1:].tolist(),
        "truth": sums["power_truth"][1:].tolist(),
    }
    out["quantiles"] = {
        "probability": list(QUANTILES),
        "value": [quantile(sums["histogram"], q) for q in QUANTILES],
        "truth": [quantile(sums["histogram_truth"], q) for q in QUANTILES],
    }
    out["fss"] = {
        f"{threshold:g}": [fss(sums["fss"][i, j]) for j in range(len(settings.fss_scales_km))]
        for i, threshold in enumerate(settings.fss_thresholds)
    }
    out["fss_scales_km"] = list(settings.fss_scales_km)
    out["lags"] = {
        "value": [correlation(m) for m in sums["lags"]],
        "truth": [correlation(m) for m in sums["lags_truth"]],
    }
    return out


def _share(part: np.ndarray, whole: np.ndarray) -> list:
    return [float(p / w) if w > 0 else None for p, w in zip(part, whole, strict=True)]
