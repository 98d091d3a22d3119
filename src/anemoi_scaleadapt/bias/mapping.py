"""Quantile mapping of coarse rain, per season and pooled in space: what is fitted, and how it is applied.

An amount x is multiplied by the factor of its rank: q_truth(p) / q_coarse(p). By value the rank is that in the coarse
rain of the fit, p = F_fit(x): right for forecasts, and known field by field. With the change kept (quantile delta
mapping) it is the rank in the record that is corrected, p = F_record(x), so that a climate's change in every quantile
stays in: right for a long run of another climate.

The wet frequency comes with it: ranks that are dry in truth have the factor 0. Where the coarse rain is dry too often,
the dry cells nearest to rain get a trace first (:func:`seeded`), so that they have ranks, too.

References
----------
Cannon et al. (2015): Bias correction of GCM precipitation by quantile mapping: how well do methods preserve changes in
quantiles and extremes?, J. Climate 28, 6938-6959, doi:10.1175/JCLI-D-14-00754.1.
Themessl et al. (2012): Empirical-statistical downscaling and error correction of regional climate models and its impact
on the climate change signal, Climatic Change 112, 449-468 (the wet frequency of a model that is too dry).
"""

import json
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.files import whole
from anemoi_scaleadapt.rain.told import Leads

SEASONS = ("DJF", "MAM", "JJA", "SON")
ALL = "all"
#: mm h-1: a trace, which dry cells near rain are seeded with; real rain below it is a trace, too
TRACE = 1e-3
#: cells: how far from rain a dry cell can become wet
REACH = 3


def season_of(times: np.ndarray) -> np.ndarray:
    """Name of the season of each time, (T,)."""
    month = np.asarray(times, "datetime64[M]").astype(int) % 12
    names: np.ndarray = np.asarray(SEASONS)[(month + 1) % 12 // 3]
    return names


def group_name(leads: Leads) -> str:
    """How a range of lead times is called, such as ``24-48 h``."""
    return f"{leads[0]:g}-{leads[1]:g} h"


def seeded(rain: np.ndarray) -> np.ndarray:
    """Give dry cells within 3 cells of rain a trace that falls with the distance: an order among dry cells.

    Parameters
    ----------
    rain : ndarray
        (..., Y, X), mm h-1, NaN where missing.

    Returns
    -------
    ndarray
        The same with values below 0.001 mm h-1 in place of zeros near rain.
    """
    known = np.where(np.isfinite(rain), rain, 0.0)
    widths = (0,) * (rain.ndim - 2) + (REACH / 3,) * 2
    near = gaussian_filter(known, widths, mode="constant", truncate=3.0)
    return np.where(rain < TRACE, np.maximum(rain, TRACE * (1 - np.exp(-10 * near))), rain)


@dataclass(frozen=True, eq=False)
class Curve:
    """The mapping of one season.

    Parameters
    ----------
    ranks : ndarray
        (Q,), between 0 and 1, rising.
    coarse : ndarray
        Quantiles of the coarse rain of the fit at these ranks, (Q,), mm h-1.
    factor : ndarray
        By what amounts of these ranks are multiplied, (Q,); NaN where the coarse rain is dry.
    most : float
        Largest coarse rain of the fit, mm h-1.
    seeds : bool
        Whether dry cells near rain are seeded first.
    values : int
        Number of pairs.
    """

    ranks: np.ndarray
    coarse: np.ndarray
    factor: np.ndarray
    most: float
    seeds: bool
    values: int

    def at(self, rain: np.ndarray, quantiles: np.ndarray | None = None) -> np.ndarray:
        """Corrected rain.

        Parameters
        ----------
        rain : ndarray
            (..., Y, X), mm h-1.
        quantiles : ndarray, optional
            Of the record in place of those of the fit, (Q,): the change is kept.
        """
        rain = np.asarray(rain, "float64")
        rain = seeded(rain) if self.seeds else rain
        amounts = self.coarse if quantiles is None else quantiles
        known = np.isfinite(self.factor) & (amounts > 0)
        if not known.any():
            return rain
        at, first = np.unique(amounts[known], return_index=True)
        factor = np.add.reduceat(self.factor[known], first) / np.diff(np.append(first, known.sum()))
        return np.asarray(rain * np.interp(rain, at, factor))


@dataclass(frozen=True, eq=False)
class Mapping:
    """Curves by season, and by lead time where the fit was told so, and what they hold for.

    Parameters
    ----------
    curves : mapping of str to Curve
        By season, and of all pairs under ``all``; those of some lead times under ``JJA 24-48 h`` and ``all 24-48 h``.
    hours : float
        Length of the intervals of the fit: rain of other lengths has another distribution.
    km : float
        Side of its cells.
    about : mapping of str to str
        Files, period and library of the fit, for the report and for the output's attributes.
    leads : tuple of (float, float)
        Ranges of lead time that were fitted apart, in hours: later than the first, up to the second.
    """

    curves: Table[str, Curve]
    hours: float
    km: float
    about: Table[str, str] = field(default_factory=dict)
    leads: tuple[Leads, ...] = ()

    def curve(self, kind: str) -> Curve:
        """The curve of a kind (:meth:`kinds`), or the next wider one that the fit had enough pairs for."""
        season, _, group = kind.partition(" ")
        wider = (kind, f"{ALL} {group}", season, ALL)
        return next(self.curves[name] for name in wider if name in self.curves)

    def kinds(self, times: np.ndarray, leads: np.ndarray | None = None) -> np.ndarray:
        """Season, and where it matters and is known the range of lead times, of each frame: ``JJA 24-48 h``, (T,).

        Parameters
        ----------
        times : ndarray of datetime64
            Ends of the intervals, (T,).
        leads : ndarray, optional
            Their lead times, hours, (T,). Those beyond the last range belong to it.
        """
        seasons = season_of(times)
        if not self.leads or leads is None:
            return seasons
        at = np.searchsorted([last for _, last in self.leads], leads).clip(max=len(self.leads) - 1)
        groups = [group_name(group) for group in self.leads]
        return np.array([f"{season} {groups[k]}" for season, k in zip(seasons, at, strict=True)])

    def apply(
        self,
        rain: np.ndarray,
        times: np.ndarray,
        record: Table[str, np.ndarray] | None = None,
        leads: np.ndarray | None = None,
    ) -> np.ndarray:
        """Correct frames.

        Parameters
        ----------
        rain : ndarray
            (..., T, Y, X), mm h-1, NaN where missing.
        times : ndarray of datetime64
            Ends of the intervals, (T,).
        record : mapping of str to ndarray, optional
            Quantiles by kind of the whole record (:func:`anemoi_scaleadapt.bias.fit.record_quantiles`): the change
            from the fit to the record is kept.
        leads : ndarray, optional
            Lead times of the frames, hours, (T,).

        Returns
        -------
        ndarray
            Same shape, float32.
        """
        out = np.empty(rain.shape, "float32")
        kinds = self.kinds(times, leads)
        for kind in np.unique(kinds):
            chosen = kinds == kind
            amounts = None if record is None else record[str(kind)]
            out[..., chosen, :, :] = self.curve(str(kind)).at(rain[..., chosen, :, :], amounts)
        return out

    def check(self, hours: float, km: float | None, where: str) -> None:
        """Raise ScaleAdaptError if rain of such intervals and cells is not what the mapping was fitted to."""
        if abs(hours - self.hours) > 1e-6:
            raise ScaleAdaptError(
                f"{where} has means over {hours:g} h; the bias was fitted to means over {self.hours:g} h, which have "
                "another distribution. Fit it again, or average the rain."
            )
        if km is not None and abs(np.log(km / self.km)) > 0.2:
            raise ScaleAdaptError(
                f"{where} has cells of {km:.3g} km; the bias was fitted to cells of {self.km:.3g} km. Fit it again."
            )

    def save(self, path: Path) -> None:
        """Write one JSON file of some kilobytes."""
        curves = {
            name: {
                "ranks": [round(float(v), 9) for v in curve.ranks],
                "coarse": [round(float(v), 6) for v in curve.coarse],
                "factor": [round(float(v), 6) if np.isfinite(v) else None for v in curve.factor],
                "most": curve.most,
                "seeds": curve.seeds,
                "values": curve.values,
            }
            for name, curve in self.curves.items()
        }
        content = {
            "format": "anemoi-scaleadapt bias 1",
            "about": dict(self.about),
            "hours": self.hours,
            "km": self.km,
            "leads": self.leads,
            "curves": curves,
        }
        with whole(Path(path)) as part:
            part.write_text(json.dumps(content, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Mapping":
        """Read a mapping.

        Raises
        ------
        ScaleAdaptError
            If the file is not there or is none of :meth:`save`.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            if not content["format"].startswith("anemoi-scaleadapt bias"):
                raise KeyError("format")
            curves = {
                name: Curve(
                    np.array(curve["ranks"], "float64"),
                    np.array(curve["coarse"], "float64"),
                    np.array([np.nan if v is None else v for v in curve["factor"]], "float64"),
                    float(curve["most"]),
                    bool(curve["seeds"]),
                    int(curve["values"]),
                )
                for name, curve in content["curves"].items()
            }
            if ALL not in curves:
                raise KeyError(ALL)
            leads = tuple((float(first), float(last)) for first, last in content["leads"])
            return cls(curves, float(content["hours"]), float(content["km"]), content["about"], leads)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ScaleAdaptError(f"{path} is no file of `anemoi-scaleadapt bias fit`: {error!r}") from error
