"""Fair CRPS of what a user adds up or waits for: means and maxima over areas, a window's maximum, changes in time."""

from collections import defaultdict

import numpy as np

from anemoi_scaleadapt.verification.boxes import inside, integral, largest
from anemoi_scaleadapt.verification.crps import total_crps
from anemoi_scaleadapt.verification.settings import Scores, Settings, Sums, ratio
from anemoi_scaleadapt.verification.window import Forecast

#: a mean below this is dry: integral images leave so little of nothing, mm h-1
NOTHING = 1e-6


def names(settings: Settings) -> list[str]:
    """What is scored, as the scores call it."""
    means = [f"mean_{km:g}km" for km in settings.mean_scales_km]
    return [*means, f"max_{settings.maximum_km:g}km", "window_max", "change"]


def tally(forecast: Forecast, settings: Settings) -> Sums:
    """Sum of the CRPS and number of cases, (2,), by name.

    Squares lie every half of their width, so that half of them straddle the edges of coarse cells, and count where all
    of their pixels are known; a pixel's maximum over the window counts where all its hours are; a change from one hour
    to the next where both are, that from the last hour before the window included.
    """
    window, rain = forecast.window, forecast.filled
    out: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(2))
    for members, truth, known in zip(rain.swapaxes(0, 1), window.truth, window.known, strict=True):
        images, image, whole = integral(members), integral(truth), integral(known, "int32")
        for km in settings.mean_scales_km:
            if width := settings.pixels(km):
                step, area = max(width // 2, 1), width**2
                mean, mean_truth = (_dry(inside(x, width, step) / area) for x in (images, image))
                out[f"mean_{km:g}km"] += _count(mean, mean_truth, inside(whole, width, step) == area)
        if width := settings.pixels(settings.maximum_km):
            step = max(width // 2, 1)
            peak, peak_truth = (largest(x, width, step) for x in (members, truth))
            complete = inside(whole, width, step) == width**2
            out[f"max_{settings.maximum_km:g}km"] += _count(peak, peak_truth, complete)
    out["window_max"] += _count(rain.max(axis=1), window.truth.max(axis=0), np.all(window.known, axis=0))
    hours, observed = forecast.hours, window.hours
    for k in range(max(len(forecast.past), 1), len(hours)):
        (before, known_before), (after, known) = observed[k - 1 : k + 1]
        out["change"] += _count(hours[k] - hours[k - 1], after - before, known & known_before)
    return {f"crps_{name}": out[name] for name in names(settings)}


def _dry(means: np.ndarray) -> np.ndarray:
    return np.where(means > NOTHING, means, 0)


def _count(members: np.ndarray, truth: np.ndarray, known: np.ndarray) -> np.ndarray:
    return np.array([total_crps(members, truth, known), known.sum()])


def score(sums: Sums, settings: Settings) -> Scores:
    """Means over the cases, mm/h."""
    return {key: ratio(sums[key][..., 0], sums[key][..., 1]) for key in (f"crps_{name}" for name in names(settings))}
