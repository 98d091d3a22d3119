"""Scores of pixels and hours one by one: CRPS, errors of mean and median, spread, ranks, reliability, Brier."""

import numpy as np

from anemoi_scaleadapt.verification.crps import crps_of_sorted
from anemoi_scaleadapt.verification.settings import Scores, Settings, Sums, ratio
from anemoi_scaleadapt.verification.window import Cases, Forecast


def tally(forecast: Forecast, settings: Settings) -> Sums:
    """Sums over all known pixels and hours of a window."""
    members, truth = cases = forecast.cases
    count = forecast.window.known.sum()
    mean, (low, high) = members.mean(axis=0), (members[(len(members) - k) // 2] for k in (1, 0))
    errors = {"": mean - truth, "_median": (low + high) / 2 - truth}
    spread = members.var(axis=0, ddof=1) if len(members) > 1 else np.zeros(0)
    out = {
        "count": count,
        "crps": _crps_above(cases, 0.0),
        "tail_crps": np.array([_crps_above(cases, threshold) for threshold in settings.tail_thresholds]),
        "error": errors[""].sum(dtype="float64"),
        "variance": spread.sum(dtype="float64"),
        "ranks": count_ranks(cases, settings.wet),
    }
    for name, error in errors.items():
        out[f"squared_error{name}"] = np.square(error, dtype="float64").sum()
        out[f"absolute_error{name}"] = np.abs(error).sum(dtype="float64")
    return out | _votes(cases, count, settings.reliability_thresholds)


def _crps_above(cases: Cases, threshold: float) -> float:
    """Sum of the fair CRPS of max(rain, threshold): sorted members stay sorted."""
    where = np.maximum(cases.members[-1], cases.truth) > threshold
    members, truth = (np.maximum(x, np.float32(threshold)) for x in (cases.members[:, where], cases.truth[where]))
    return crps_of_sorted(members, truth).sum(dtype="float64")


def count_ranks(cases: Cases, wet: float) -> np.ndarray:
    """Rank histogram of the cases with a wet member or truth, a tie shared by its ranks, (member + 1,).

    Own code because the one in ``scores`` makes arrays of cases times ranks: a gigabyte for a window of a country.
    """
    some = np.maximum(cases.members[-1], cases.truth) >= wet
    members, truth = cases.members[:, some], cases.truth[some]
    lowest, highest = (members < truth).sum(axis=0), (members <= truth).sum(axis=0)
    share = 1 / (highest - lowest + 1)
    begin, end = (np.bincount(k, share, len(members) + 2) for k in (lowest, highest + 1))
    return np.cumsum(begin - end)[:-1]


def _votes(cases: Cases, count: int, thresholds: tuple[float, ...]) -> Sums:
    """How often each number of members was at a threshold or above, and how often the truth was then."""
    size = len(cases.members) + 1
    votes = [(cases.members >= threshold).sum(axis=0) for threshold in thresholds]
    events = [cases.truth >= threshold for threshold in thresholds]
    given = np.array([np.bincount(v, minlength=size) for v in votes])
    given[:, 0] += count - len(cases.truth)
    hits = np.array([np.bincount(v, e, size) for v, e in zip(votes, events, strict=True)])
    return {"reliability_forecasts": given, "reliability_events": hits}


def score(sums: Sums, settings: Settings) -> Scores:
    """CRPS, errors and spread in mm/h, spread-skill ratio, distance of the ranks from flat, Brier scores."""
    count, ranks = sums["count"], sums["ranks"]
    members = ranks.shape[-1] - 1
    out = {"crps": ratio(sums["crps"], count)}
    for name in ("", "_median"):
        out[f"rmse{name}"] = np.sqrt(ratio(sums[f"squared_error{name}"], count))
        out[f"mae{name}"] = ratio(sums[f"absolute_error{name}"], count)
    out["bias"] = ratio(sums["error"], count)
    spread = np.sqrt((members + 1) / members * ratio(sums["variance"], count))
    out["ssr"] = ratio(spread, out["rmse"]) if members > 1 else np.full_like(spread, np.nan)
    share = ratio(ranks, ranks.sum(axis=-1, keepdims=True))
    out["rank_deviation"] = np.abs(share - 1 / (members + 1)).sum(axis=-1) if members > 1 else out["ssr"]
    for k, threshold in enumerate(settings.tail_thresholds):
        out[f"twcrps_{threshold:g}mm"] = ratio(sums["tail_crps"][..., k], count)
    probability = np.arange(members + 1) / members
    for k, threshold in enumerate(settings.reliability_thresholds):
        given, events = (sums[f"reliability_{name}"][..., k, :] for name in ("forecasts", "events"))
        squares = given * probability**2 + events * (1 - 2 * probability)
        out[f"brier_{threshold:g}mm"] = ratio(squares.sum(axis=-1), count)
    return out


def curves(sums: Sums, settings: Settings) -> dict:
    """Rank histogram and reliability of an ensemble."""
    ranks = sums["ranks"]
    members = len(ranks) - 1
    if members < 2 or not ranks.sum():
        return {}
    given, events = sums["reliability_forecasts"], sums["reliability_events"]
    reliability = {
        f"{threshold:g}": {
            "probability": np.arange(members + 1) / members,
            "forecasts": given[k],
            "observed": ratio(events[k], given[k]),
        }
        for k, threshold in enumerate(settings.reliability_thresholds)
    }
    return {"rank_histogram": ranks / ranks.sum(), "reliability": reliability}
