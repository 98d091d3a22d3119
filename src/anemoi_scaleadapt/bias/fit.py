"""Fit a mapping to pairs of coarse rain and truth; the quantiles and factors are xsdba's."""

from collections.abc import Iterable

import numpy as np

from anemoi_scaleadapt.bias.mapping import ALL, SEASONS, Curve, Mapping, season_of, seeded
from anemoi_scaleadapt.errors import ScaleAdaptError

#: frames of a season below which it shares the curve of all (five days of hours)
FEW_HOURS = 120.0
#: values that lie beyond the last rank: below that its factor would be one shower's
BEYOND = 20
#: values kept of a long record, evenly over its frames
KEPT = 10_000_000


def ranks(values: int) -> np.ndarray:
    """Ranks for so many values: even ones, and more of them towards the wet end, as far as 20 values lie beyond."""
    top = max(1 - BEYOND / values, 0.9)
    tail = 1 - np.exp(np.linspace(np.log(0.1), np.log(1 - top), 120))
    return np.unique(np.concatenate([(np.arange(180) + 0.5) / 200, tail]))


def fit(
    coarse: np.ndarray,
    truth: np.ndarray,
    times: np.ndarray,
    *,
    hours: float,
    km: float,
    about: dict[str, str] | None = None,
) -> Mapping:
    """Fit.

    Parameters
    ----------
    coarse, truth : ndarray
        (T, Y, X), mm h-1; NaN where missing. Cells and times at which either is missing are left out.
    times : ndarray of datetime64
        Ends of the intervals, (T,).
    hours : float
        Their length.
    km : float
        Side of the cells.
    about : dict, optional
        Kept with the mapping.

    Raises
    ------
    ScaleAdaptError
        If there are fewer than 1000 pairs, or no rain in one of the two.
    """
    seasons = season_of(times)
    curves = {ALL: _curve(coarse, truth)}
    for season in SEASONS:
        chosen = seasons == season
        if chosen.sum() * hours >= FEW_HOURS and not chosen.all():
            curves[season] = _curve(coarse[chosen], truth[chosen])
        elif chosen.all():
            curves[season] = curves[ALL]
    return Mapping(curves, hours, km, about or {})


def _curve(coarse: np.ndarray, truth: np.ndarray) -> Curve:
    both = np.isfinite(coarse) & np.isfinite(truth)
    number = int(both.sum())
    if number < 1000:
        raise ScaleAdaptError(f"{number} pairs of coarse rain and truth are too few to fit a bias: at least 1000.")
    wet = [float((field[both] > 0).mean()) for field in (coarse, truth)]
    if not min(wet) > 0:
        raise ScaleAdaptError("the coarse rain or the truth is dry throughout: there is no bias to fit.")
    seeds = wet[0] < wet[1]
    pairs = [(seeded(coarse) if seeds else coarse)[both], truth[both]]
    nodes = ranks(number)
    factor, quantiles = _xsdba(pairs[0], pairs[1], nodes)
    return Curve(nodes, quantiles, factor, float(pairs[0].max()), seeds, number)


def _xsdba(coarse: np.ndarray, truth: np.ndarray, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Factors and quantiles of the coarse rain at some ranks, as xsdba trains an empirical quantile mapping."""
    import xarray as xr
    import xsdba

    every = max(1, -(-len(coarse) // KEPT))
    both = []
    for values in (truth, coarse):
        kept = values[::every].astype("float64")
        time = np.datetime64("2000-01-01", "ns") + np.arange(len(kept)) * np.timedelta64(60_000_000_000, "ns")
        both.append(xr.DataArray(kept, {"time": time}, "time", attrs={"units": "mm h-1"}))
    trained = xsdba.EmpiricalQuantileMapping.train(*both, nquantiles=nodes, kind="*", group="time").ds
    factor, quantiles = (np.asarray(trained[name].values, "float64").ravel() for name in ("af", "hist_q"))
    return np.where(np.isfinite(factor) & (quantiles > 0), factor, np.nan), quantiles


def record_quantiles(
    mapping: Mapping, frames: Iterable[tuple[np.ndarray, np.ndarray]], values: int
) -> dict[str, np.ndarray]:
    """Quantiles by season of a whole record, for :meth:`Mapping.apply` with its change kept.

    Parameters
    ----------
    mapping : Mapping
        Gives the ranks.
    frames : iterable of tuple
        Times (T,) and rain (..., T, Y, X) of the record, piece by piece.
    values : int
        How many there are in all; of more than ten million an even share is taken.
    """
    every = max(1, -(-values // KEPT))
    kept: dict[str, list[np.ndarray]] = {}
    for times, rain in frames:
        seasons = season_of(times)
        for season in map(str, np.unique(seasons)):
            part = rain[..., seasons == season, :, :]
            part = seeded(part) if mapping.curve(season).seeds else part
            kept.setdefault(season, []).append(part[np.isfinite(part)][::every].astype("float32"))
    found = {season: np.concatenate(parts) for season, parts in kept.items()}
    return {
        season: np.quantile(pooled, mapping.curve(season).ranks) if len(pooled) else mapping.curve(season).coarse
        for season, pooled in found.items()
    }
