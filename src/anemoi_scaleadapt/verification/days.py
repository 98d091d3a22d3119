"""Days added up, 95 % intervals by resampling them, and a test of the difference of two systems.

Hours of one storm are not independent, days nearly are: whole days are resampled (Künsch 1989's block bootstrap with
blocks of a day), and the test of Diebold and Mariano (1995, with the small-sample correction of Harvey et al. 1997) is
of daily scores. All systems are resampled with the same days, so that comparisons are paired. With a handful of days
both are rough, and with one day there are none. Own resampling because ``scores`` resamples arrays of values with
numpy's global generator: weights on daily sums need neither the values nor its state.
"""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from anemoi_scaleadapt.verification.scores import score
from anemoi_scaleadapt.verification.settings import Scores, Settings, Sums, ratio

#: scores by which systems are compared begin so: all but ratios of texture, which are no skill
SKILL = ("crps", "twcrps", "rmse", "mae", "brier", "fss", "variogram")
#: resamples made at once
AT_ONCE = 50


class Days:
    """Sums of one system, stacked over days, to be added up with weights again and again."""

    def __init__(self, sums: Sequence[Sums]) -> None:
        """Stack dictionaries of sums."""
        self.stacked = {key: np.stack([day[key] for day in sums]) for key in sums[0]}

    def total(self, weights: np.ndarray) -> Sums:
        """Weighted sums, maxima over the days with weight; (..., day) weights give the sums a leading axis."""
        out = {}
        for key, values in self.stacked.items():
            if key.startswith("max_"):
                there = np.expand_dims(weights > 0, tuple(range(weights.ndim, weights.ndim + values.ndim - 1)))
                out[key] = np.where(there, values, -np.inf).max(axis=weights.ndim - 1)
            else:
                out[key] = np.tensordot(weights, values, axes=1)
        return out


def combine(sums: Sequence[Sums]) -> Sums:
    """Add the sums of days up."""
    return Days(sums).total(np.ones(len(sums)))


def day_weights(days: int, samples: int, seed: int) -> np.ndarray:
    """How often each day is drawn, (samples, days)."""
    return np.random.default_rng(seed).multinomial(days, np.full(days, 1 / days), size=samples).astype("float64")


def resample(
    sums: Mapping[str, Sequence[Sums]],
    settings: Settings,
    samples: int,
    seed: int,
    progress: Callable[[Sequence], Iterable] = iter,
) -> dict[str, Scores]:
    """Scores of resampled periods, system -> score -> (samples,).

    Parameters
    ----------
    sums : mapping
        System -> over days, sums.
    settings : Settings
        As the sums.
    samples, seed : int
        Of the bootstrap.
    progress : callable
        Wraps the loop.
    """
    stacked = {name: Days(values) for name, values in sums.items()}
    weights = day_weights(len(next(iter(sums.values()))), samples, seed)
    parts: dict[str, list[Scores]] = {name: [] for name in sums}
    for start in progress(range(0, samples, AT_ONCE)):
        for name, days in stacked.items():
            parts[name].append(score(days.total(weights[start : start + AT_ONCE]), settings))
    return {name: {key: np.concatenate([p[key] for p in found]) for key in found[0]} for name, found in parts.items()}


def interval(values: np.ndarray) -> list[float] | None:
    """The central 95 % of values, NaN left out; None for fewer than two."""
    known = values[np.isfinite(values)]
    return [float(p) for p in np.percentile(known, [2.5, 97.5])] if len(known) > 1 else None


def compare(one: Sequence[Sums], other: Sequence[Sums], drawn: tuple[Scores, Scores], settings: Settings) -> dict:
    """Differences of the scores of two systems, score -> difference, its interval, p of there being none.

    Parameters
    ----------
    one, other : sequence of Sums
        Over days.
    drawn : tuple of Scores
        Of both, from :func:`resample`.
    settings : Settings
        As the sums.
    """
    whole, daily = (
        [score(Days(sums).total(weights), settings) for sums in (one, other)]
        for weights in (np.ones(len(one)), np.eye(len(one)))
    )
    keys = [key for key in whole[0] if key.startswith(SKILL)]
    p = diebold_mariano(np.array([daily[0][key] - daily[1][key] for key in keys]))
    return {
        key: {
            "difference": whole[0][key] - whole[1][key],
            "interval": interval(drawn[0][key] - drawn[1][key]),
            "p": p[k],
        }
        for k, key in enumerate(keys)
    }


def relative(one: Scores, other: Scores) -> Scores:
    """CRPS and RMSE of one system over those of another."""
    return {key: ratio(one[key], other[key]) for key in ("crps", "rmse")}


def diebold_mariano(differences: np.ndarray) -> np.ndarray:
    """Two-sided p of daily differences (score, day) having no mean; NaN for fewer than three days that differ."""
    from scores.stats.statistical_tests import diebold_mariano as test
    from xarray import DataArray

    out = np.full(len(differences), np.nan)
    usable = np.flatnonzero((np.isfinite(differences) & (differences != 0)).sum(axis=1) >= 3)
    if len(usable):
        series = DataArray(differences[usable], dims=("score", "day"), coords={"h": ("score", np.ones(len(usable)))})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            found = test(series, "score", "h", method="HLN", statistic_distribution="t")
        above = found["confidence_gt_0"].values
        out[usable] = 2 * np.minimum(above, 1 - above)
    return out
