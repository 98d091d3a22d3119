"""Sufficient statistics: what one window of rain adds to each score.

Every score of the scorecard is a function of sums (or maxima) over windows. A window gives a dictionary of
arrays, days add theirs up (:func:`add`), and :mod:`scores` turns the sums of any set of days into scores.
That keeps memory at one window however long the period, and makes a block bootstrap over days a weighted sum.
Keys that begin with ``max_`` are maxima, all others sums.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter

from anemoi_scaleadapt.verification.sal import tally_sal

#: bin edges of the pooled distribution of rain, mm h-1: zero to 0.001, then 0.23 % a bin up to 1000
EDGES = np.concatenate([[0.0], np.geomspace(1e-3, 1e3, 6001)])


@dataclass(frozen=True)
class Settings:
    """What is scored.

    Parameters
    ----------
    pixel_km : float
        Grid spacing, km.
    wet : float
        Rain from which an hour and pixel is wet, mm h-1.
    fss_thresholds, fss_scales_km : tuple of float
        mm h-1; width of the square neighbourhood, km.
    tail_thresholds : tuple of float
        Thresholds of the threshold-weighted CRPS, mm h-1.
    reliability_thresholds : tuple of float
        mm h-1.
    lags : int
        Lags of the autocorrelation, hours.
    """

    pixel_km: float = 1.0
    wet: float = 0.1
    fss_thresholds: tuple = (0.1, 1.0, 5.0)
    fss_scales_km: tuple = (1.0, 5.0, 10.0, 25.0, 50.0)
    tail_thresholds: tuple = (1.0, 5.0)
    reliability_thresholds: tuple = (0.1, 1.0, 5.0)
    lags: int = 3

    def fss_pixels(self) -> list[int]:
        """Widths of the FSS neighbourhoods in pixels, at least 1."""
        return [max(1, round(km / self.pixel_km)) for km in self.fss_scales_km]


def add(total: dict | None, new: dict) -> dict:
    """Add the statistics of a window to those of its day."""
    if total is None:
        return {key: np.array(value, dtype="float64") for key, value in new.items()}
    for key, value in new.items():
        if key.startswith("max_"):
            total[key] = np.fmax(total[key], value)
        else:
            total[key] = total[key] + value
    return total


def tally(forecast, truth, coarse, settings: Settings, previous=None) -> dict:
    """Count one window of one system.

    Parameters
    ----------
    forecast : ndarray, shape (member, t, y, x)
        mm h-1; a pixel and hour that is NaN in any member leaves all scores.
    truth : ndarray, shape (t, y, x)
        mm h-1; NaN leaves all scores.
    coarse : ndarray, shape (Y, X)
        Mean rain of the coarse cells, mm h-1.
    settings : Settings
        What is scored.
    previous : tuple of ndarray, optional
        Up to ``lags`` hours of (forecast, truth) just before the window, for the autocorrelation.

    Returns
    -------
    dict of ndarray
        Sums over the window.
    """
    valid = ~np.isnan(truth) & ~np.isnan(forecast).any(axis=0)
    return {
        "windows": 1.0,
        **_pointwise(forecast, truth, valid, settings),
        **_distribution(forecast, truth, valid, settings),
        **_ranks(forecast, truth, valid, settings),
        **_fss(np.where(valid, forecast, 0), np.where(valid, truth, 0), settings),
        **_spectra(np.where(valid, forecast, 0), np.where(valid, truth, 0)),
        **_lags(forecast, truth, settings, previous),
        **tally_sal(np.where(valid, forecast, 0), np.where(valid, truth, 0), settings.wet),
        **_conservation(forecast, coarse),
    }


def _pointwise(forecast, truth, valid, settings) -> dict:
    members = len(forecast)
    mean, median = forecast.mean(axis=0), np.median(forecast, axis=0)
    spread = forecast.var(axis=0, ddof=1) if members > 1 else np.zeros_like(mean)
    highest = np.where(valid, np.maximum(forecast.max(axis=0), truth), 0)

    def total(values):
        return values[valid].sum(dtype="float64")

    return {
        "count": valid.sum(),
        "crps": _crps(forecast, truth, highest, 0.0),
        "tail_crps": np.array([_crps(forecast, truth, highest, k) for k in settings.tail_thresholds]),
        "error": total(mean - truth),
        "squared_error": total((mean - truth) ** 2),
        "absolute_error": total(np.abs(mean - truth)),
        "squared_error_median": total((median - truth) ** 2),
        "absolute_error_median": total(np.abs(median - truth)),
        "variance": total(spread),
    }


def _crps(forecast, truth, highest, threshold) -> float:
    """Sum over pixels of the fair CRPS of rain above a threshold (the absolute error of a single member).

    Pixels where neither truth nor any member exceeds the threshold add nothing and are not computed; hour by
    hour, because the library holds all pairs of members.
    """
    from scores.probability import tail_tw_crps_for_ensemble
    from xarray import DataArray

    method = "fair" if len(forecast) > 1 else "ecdf"
    total = 0.0
    for hour in range(len(truth)):
        where = highest[hour] > threshold
        if where.any():
            f = DataArray(forecast[:, hour][:, where].astype("float64"), dims=("member", "pixel"))
            o = DataArray(truth[hour][where].astype("float64"), dims="pixel")
            total += where.sum() * float(tail_tw_crps_for_ensemble(f, o, "member", threshold, method=method))
    return total


def _distribution(forecast, truth, valid, settings) -> dict:
    predicted, observed = forecast[:, valid].ravel(), truth[valid]
    return {
        "histogram": np.histogram(predicted.clip(0, EDGES[-1]), EDGES)[0],
        "histogram_truth": np.histogram(observed.clip(0, EDGES[-1]), EDGES)[0],
        "sum": predicted.sum(dtype="float64"),
        "sum_truth": observed.sum(dtype="float64"),
        "wet": (predicted >= settings.wet).sum() / len(forecast),
        "wet_truth": (observed >= settings.wet).sum(),
        "max_predicted": forecast[:, valid].max(axis=1, initial=0.0),
        "max_truth": observed.max(initial=0.0),
    }


def _ranks(forecast, truth, valid, settings) -> dict:
    """Rank histogram of the wet cases (any member or the truth) and reliability counts per probability."""
    from scores.probability import rank_histogram
    from xarray import DataArray

    members = len(forecast)
    wet = valid & ((truth >= settings.wet) | (forecast >= settings.wet).any(axis=0))
    ranks = np.zeros(members + 1)
    if wet.any():
        f = DataArray(forecast[:, wet], dims=("member", "case"))
        ranks = wet.sum() * rank_histogram(f, DataArray(truth[wet], dims="case"), "member").values
    forecasts, events = [], []
    for threshold in settings.reliability_thresholds:
        votes = (forecast[:, valid] >= threshold).sum(axis=0)
        event = truth[valid] >= threshold
        forecasts.append(np.bincount(votes, minlength=members + 1))
        events.append(np.bincount(votes, weights=event, minlength=members + 1))
    return {
        "ranks": ranks,
        "reliability_forecasts": np.array(forecasts),
        "reliability_events": np.array(events),
    }


def _fss(forecast, truth, settings) -> dict:
    """Sums of the fractions skill score (Roberts and Lean 2008), zero-padded edges.

    ``fss`` has shape (threshold, scale, member, 2): sum of squared differences of the fractions, and sum of
    their squares. ``fss_ensemble`` (threshold, scale, 2): the same of the members' mean fraction, the neighbourhood
    ensemble probability (Schwartz et al. 2010, doi:10.1175/2009WAF2222267.1). ``fss_hours``: the members' score of the
    hours with the event in the truth (mean over members), summed, with their count.
    """
    widths = settings.fss_pixels()
    out = np.zeros((len(settings.fss_thresholds), len(widths), len(forecast), 2))
    ensemble, hours = out[:, :, 0].copy(), out[:, :, 0].copy()
    for i, threshold in enumerate(settings.fss_thresholds):
        event, event_truth = (forecast >= threshold).astype("float32"), (truth >= threshold).astype("float32")
        if not event.any() and not event_truth.any():
            continue
        for j, width in enumerate(widths):
            observed = uniform_filter(event_truth, (0, width, width), mode="constant")
            predicted = [uniform_filter(member, (0, width, width), mode="constant") for member in event]
            pairs = np.array([_squares(member, observed) for member in predicted])  # member, 2, hour
            out[i, j] = pairs.sum(axis=2)
            ensemble[i, j] = _squares(np.mean(predicted, axis=0), observed).sum(axis=1)
            with np.errstate(invalid="ignore"):
                hourly = 1 - pairs[:, 0] / pairs[:, 1]
            rainy = event_truth.any(axis=(1, 2))
            hours[i, j] = hourly[:, rainy].sum() / len(event), rainy.sum()
    return {"fss": out, "fss_ensemble": ensemble, "fss_hours": hours}


def _squares(predicted, observed) -> np.ndarray:
    """Sum of squared differences and sum of squares of fractions (hour, y, x), as (2, hour)."""
    pair = (predicted - observed) ** 2, predicted**2 + observed**2
    return np.array([part.sum(axis=(1, 2), dtype="float64") for part in pair])


def wavenumbers(shape: tuple) -> np.ndarray:
    """Ring of each Fourier mode of a (y, x) field, in cycles per its longer side, rounded."""
    longest = max(shape)
    ky, kx = (np.fft.fftfreq(n) * longest for n in shape)
    return np.round(np.hypot(ky[:, None], kx[None, :])).astype(int)


def spectrum(fields: np.ndarray) -> np.ndarray:
    """Sum over fields (n, y, x) of the power in each ring of wavenumbers, (max(y, x) // 2 + 1,)."""
    shape = fields.shape[-2:]
    ring = wavenumbers(shape).ravel()
    keep = max(shape) // 2 + 1
    power = np.zeros(shape)
    for field in fields:
        power += np.abs(np.fft.fft2(field)) ** 2
    return np.bincount(ring, power.ravel(), minlength=keep)[:keep] / power.size


def _spectra(forecast, truth) -> dict:
    members = len(forecast)
    return {
        "power": spectrum(forecast.reshape(-1, *truth.shape[-2:])) / members,
        "power_truth": spectrum(truth),
    }


def _lags(forecast, truth, settings, previous) -> dict:
    """Moments of (rain at hour h, rain at hour h + lag), by lag, for forecast and truth alike."""
    if previous is not None:
        forecast = np.concatenate([previous[0], forecast], axis=1)
        truth = np.concatenate([previous[1], truth], axis=0)
        old = previous[1].shape[0]
    else:
        old = 0
    out, out_truth = np.zeros((settings.lags, 6)), np.zeros((settings.lags, 6))
    for lag in range(1, settings.lags + 1):
        first = max(old - lag, 0)  # pairs that end within this window
        a, b = truth[first : len(truth) - lag], truth[first + lag :]
        if not len(a):
            continue
        fa, fb = forecast[:, first : len(truth) - lag], forecast[:, first + lag :]
        good = ~(np.isnan(a) | np.isnan(b) | np.isnan(fa).any(axis=0) | np.isnan(fb).any(axis=0))
        out[lag - 1] = _moments(fa[:, good], fb[:, good])
        out_truth[lag - 1] = _moments(a[good], b[good])
    return {"lags": out, "lags_truth": out_truth}


def _moments(a, b) -> list:
    a, b = a.astype("float64"), b.astype("float64")
    return [a.size, a.sum(), b.sum(), (a * a).sum(), (b * b).sum(), (a * b).sum()]


def _conservation(forecast, coarse) -> dict:
    """Worst relative error of a coarse total, over cells and members; below 1e-3 mm h-1 relative to that."""
    s = forecast.shape[-1] // coarse.shape[-1]
    members, t = forecast.shape[:2]
    cells = forecast.reshape(members, t, coarse.shape[0], s, coarse.shape[1], s).astype("float64")
    error = np.abs(cells.mean(axis=(1, 3, 5)) - coarse) / np.maximum(coarse, 1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        worst = np.nanmax(error)
    return {"max_conservation_error": 0.0 if np.isnan(worst) else worst}
