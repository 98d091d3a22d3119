"""Fit a mapping to pairs of coarse rain and truth; the quantiles and factors are xsdba's."""

from collections.abc import Iterable

import numpy as np

from anemoi_scaleadapt.bias.mapping import ALL, SEASONS, Curve, Mapping, group_name, season_of, seeded
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.intervals import within
from anemoi_scaleadapt.rain.told import Leads

#: frames of a season below which it shares the curve of all (five days of hours)
FEW_HOURS = 120.0
#: pairs of cells that a curve needs
FEWEST = 1000
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
    leads: np.ndarray | None = None,
    groups: tuple[Leads, ...] = (),
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
    leads : ndarray, optional
        Lead times, hours, (T,).
    groups : tuple of (float, float)
        Ranges of lead time that get curves of their own: later than the first, up to the second. One with less than
        five days of frames, 1000 pairs or any rain gets none.

    Raises
    ------
    ScaleAdaptError
        If there are fewer than 1000 pairs in all, or no rain in one of the two; if there are groups without lead times.
    """
    seasons, curves = season_of(times), dict[str, Curve]()
    every = np.full(len(times), True)
    if groups and leads is None:
        raise ScaleAdaptError("lead times: the coarse rain does not say when its forecasts began.")
    parts = {"": every} | {f" {group_name(group)}": within(leads, group) for group in groups if leads is not None}
    for name, part in parts.items():
        if name and (part.sum() * hours < FEW_HOURS or _lack(coarse[part], truth[part])):
            continue
        curves[ALL + name] = _curve(coarse[part], truth[part])
        for season in SEASONS:
            chosen = part & (seasons == season)
            if (chosen == part).all():
                curves[season + name] = curves[ALL + name]
            elif chosen.sum() * hours >= FEW_HOURS and not (name and _lack(coarse[chosen], truth[chosen])):
                curves[season + name] = _curve(coarse[chosen], truth[chosen])
    return Mapping(curves, hours, km, about or {}, groups)


def _lack(coarse: np.ndarray, truth: np.ndarray) -> str | None:
    """What pairs lack to be fitted, in words; None if nothing."""
    both = np.isfinite(coarse) & np.isfinite(truth)
    if both.sum() < FEWEST:
        return f"{int(both.sum())} pairs of coarse rain and truth are too few to fit a bias: at least {FEWEST}."
    if not min(field[both].max() for field in (coarse, truth)) > 0:
        return "the coarse rain or the truth is dry throughout: there is no bias to fit."
    return None


def _curve(coarse: np.ndarray, truth: np.ndarray) -> Curve:
    if lack := _lack(coarse, truth):
        raise ScaleAdaptError(lack)
    both = np.isfinite(coarse) & np.isfinite(truth)
    number = int(both.sum())
    wet = [float((field[both] > 0).mean()) for field in (coarse, truth)]
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
    mapping: Mapping, frames: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray | None]], values: int
) -> dict[str, np.ndarray]:
    """Quantiles by kind of a whole record, for :meth:`Mapping.apply` with its change kept.

    Parameters
    ----------
    mapping : Mapping
        Gives the ranks.
    frames : iterable of tuple
        Times (T,), rain (..., T, Y, X) and lead times (T,) in hours, or None, of the record, piece by piece.
    values : int
        How many there are in all; of more than ten million an even share is taken.
    """
    every = max(1, -(-values // KEPT))
    kept: dict[str, list[np.ndarray]] = {}
    for times, rain, leads in frames:
        kinds = mapping.kinds(times, leads)
        for kind in map(str, np.unique(kinds)):
            part = rain[..., kinds == kind, :, :]
            part = seeded(part) if mapping.curve(kind).seeds else part
            kept.setdefault(kind, []).append(part[np.isfinite(part)][::every].astype("float32"))
    found = {kind: np.concatenate(parts) for kind, parts in kept.items()}
    return {
        kind: np.quantile(pooled, mapping.curve(kind).ranks) if len(pooled) else mapping.curve(kind).coarse
        for kind, pooled in found.items()
    }
