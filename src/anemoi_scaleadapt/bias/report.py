"""What a mapping does to rain of which the truth is known: at the coarse scale, before and after."""

from collections.abc import Mapping as Table
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from anemoi_scaleadapt.bias.mapping import ALL, Mapping, group_name
from anemoi_scaleadapt.rain.intervals import within
from anemoi_scaleadapt.rain.told import Leads

QUANTILES = (0.9, 0.95, 0.99, 0.999)
#: bands of wavelengths in cells
BANDS = {"2 to 4 cells": (2, 4), "4 to 8 cells": (4, 8), "8 to 16 cells": (8, 16)}
#: mm h-1
WET = (0.1, 1.0)


@dataclass(frozen=True, eq=False)
class Report:
    """Numbers of the raw and the corrected rain beside the truth.

    Parameters
    ----------
    columns : mapping of str to mapping of str to float
        ``raw``, ``corrected`` and ``truth``: numbers by name; amounts in mm h-1, powers over that of the truth.
    quantiles : mapping of str to ndarray
        Of each column at :attr:`ranks`, for the figure.
    ranks : ndarray
        Between 0 and 1.
    power : mapping of str to ndarray
        Mean power by wavenumber of each column.
    said : tuple of str
        What the numbers do not say: rain beyond the sample of the fit, seasons without a curve, dry cells.
    leads : tuple of tuple of str
        Rows by lead time; none where there is one day of them, or they are not known.
    """

    columns: Table[str, Table[str, float]]
    quantiles: Table[str, np.ndarray]
    ranks: np.ndarray
    power: Table[str, np.ndarray]
    said: tuple[str, ...]
    leads: tuple[tuple[str, ...], ...] = ()

    def markdown(self) -> str:
        """A table, and what is to be said, as Markdown."""
        names = list(self.columns)
        lines = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
        for row in self.columns["raw"]:
            cells = [f"{v[row]:.4g}" if row in v and np.isfinite(v[row]) else "" for v in self.columns.values()]
            lines.append(f"| {row} | " + " | ".join(cells) + " |")
        if self.leads:
            each = " / ".join(names)
            heads = ["lead time", "frames", f"mean: {each}", f"wet share, {WET[0]:g} mm h-1", "mean absolute error"]
            lines += ["", *(f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *self.leads))]
        return "\n".join([*lines, "", *(f"* {words}" for words in self.said)]) + "\n"


def compare(
    coarse: np.ndarray,
    truth: np.ndarray,
    times: np.ndarray,
    mapping: Mapping | None = None,
    corrected: np.ndarray | None = None,
    leads: np.ndarray | None = None,
) -> Report:
    """Compare raw rain, and rain without its bias, with the truth.

    Parameters
    ----------
    coarse, truth : ndarray
        (T, Y, X), mm h-1; cells and times at which one is missing are left out of all.
    times : ndarray
        (T,).
    mapping, corrected : optional
        What took the bias out, and what it made of `coarse`.
    leads : ndarray, optional
        Lead times, hours, (T,).
    """
    given = {"raw": coarse, "corrected": corrected, "truth": truth}
    fields = {name: field for name, field in given.items() if field is not None}
    known = np.all([np.isfinite(field) for field in fields.values()], axis=0)
    true = truth[known].astype("float64")
    power = {name: _power(np.where(known, field, 0.0)) for name, field in fields.items()}
    columns = {}
    for name, field in fields.items():
        values = field[known].astype("float64")
        numbers = {"mean (mm h-1)": float(values.mean())}
        numbers |= {f"wet share, {wet:g} mm h-1": float((values >= wet).mean()) for wet in WET}
        numbers |= {f"q{100 * q:g} (mm h-1)": float(np.quantile(values, q)) for q in QUANTILES}
        numbers["maximum (mm h-1)"] = float(values.max())
        numbers |= {
            f"power, {band}": _band(power[name], power["truth"], coarse.shape[1:], b) for band, b in BANDS.items()
        }
        if name != "truth":
            numbers["mean absolute error (mm h-1)"] = float(np.abs(values - true).mean())
            numbers["root mean square error (mm h-1)"] = float(np.sqrt(((values - true) ** 2).mean()))
            numbers["correlation"] = float(np.corrcoef(values, true)[0, 1])
        columns[name] = numbers
    ranks = 1 - np.logspace(0, -5, 101)[1:]
    quantiles = {name: np.quantile(field[known], ranks) for name, field in fields.items()}
    said = [] if mapping is None else _said(mapping, coarse, known, times, leads)
    groups = () if leads is None else _groups(mapping, leads)
    rows = tuple(_row(group, within(leads, group), fields, known) for group in groups) if leads is not None else ()
    return Report(columns, quantiles, ranks, power, tuple(said), rows)


def _groups(mapping: Mapping | None, leads: np.ndarray) -> tuple[Leads, ...]:
    """Ranges of lead time of the fit, or days, of which there are any; none if all are of one day."""
    days = tuple((24.0 * k, 24.0 * (k + 1)) for k in range(int(-(-leads.max() // 24))))
    found = tuple(group for group in (mapping and mapping.leads) or days if within(leads, group).any())
    return found if len(found) > 1 or (mapping and mapping.leads) else ()


def _row(group: Leads, inside: np.ndarray, fields: Table[str, np.ndarray], known: np.ndarray) -> tuple[str, ...]:
    """Lead times, their frames, and of each field mean, wet share and mean absolute error."""
    some = known[inside]
    values = {name: field[inside][some].astype("float64") for name, field in fields.items()}
    means = [f"{each.mean():.3g}" for each in values.values()]
    wet = [f"{(each >= WET[0]).mean():.3g}" for each in values.values()]
    errors = [f"{np.abs(each - values['truth']).mean():.3g}" for name, each in values.items() if name != "truth"]
    return group_name(group), str(int(inside.sum())), *(" / ".join(cell) for cell in (means, wet, errors))


def _said(
    mapping: Mapping, coarse: np.ndarray, known: np.ndarray, times: np.ndarray, leads: np.ndarray | None
) -> list[str]:
    out, seasons = [], mapping.kinds(times, leads)
    if mapping.leads and leads is None:
        out.append("The rain does not say when its forecasts began: the curve of all lead times is used.")
    if mapping.leads and leads is not None and leads.max() > mapping.leads[-1][1]:
        out.append(
            f"Lead times beyond {mapping.leads[-1][1]:g} h: the curve of {group_name(mapping.leads[-1])} is used."
        )
    for group in mapping.leads:
        if f"{ALL} {group_name(group)}" not in mapping.curves:
            out.append(f"{group_name(group)}: the fit had too little of these lead times; they share the curve of all.")
    for season in map(str, np.unique(seasons)):
        curve, chosen = mapping.curve(season), seasons == season
        values = coarse[chosen][known[chosen]]
        if season.partition(" ")[0] not in mapping.curves:
            out.append(f"{season}: the fit had too little of this season; the curve of all its pairs is used.")
        beyond = values > curve.most
        if beyond.any():
            water = values[beyond].sum() / values.sum()
            factor = curve.factor[np.isfinite(curve.factor)][-1]
            out.append(
                f"{season}: {beyond.mean():.2g} of the values ({water:.1%} of the water) lie beyond the largest of the "
                f"fit, {curve.most:.3g} mm h-1; they are multiplied by the factor of its last rank, {factor:.3g}."
            )
        if curve.seeds:
            out.append(f"{season}: the coarse rain is dry too often; dry cells within 3 cells of rain can become wet.")
    return out


def _power(fields: np.ndarray) -> np.ndarray:
    from anemoi_scaleadapt.verification.spectra import spectrum

    return np.asarray(spectrum(fields) / max(len(fields), 1))


def _band(power: np.ndarray, truth: np.ndarray, shape: tuple[int, ...], band: tuple[int, int]) -> float:
    longest = max(shape)
    waves = np.arange(len(power))
    inside = (waves > longest / band[1]) & (waves <= longest / band[0])
    return float(power[inside].sum() / truth[inside].sum()) if truth[inside].sum() > 0 else float("nan")


def plot(report: Report, path: Path, title: str = "") -> None:
    """A figure: quantiles against those of the truth, and spectra."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    styles: dict[str, dict[str, Any]] = {"raw": {"color": "C3"}, "corrected": {"color": "C0"}}
    true = report.quantiles["truth"]
    wet = true > 0.05
    panels[0].loglog(true[wet], true[wet], color="0.6", label="truth")
    for name in [name for name in styles if name in report.columns]:
        style = styles[name]
        panels[0].loglog(true[wet], np.maximum(report.quantiles[name][wet], 1e-3), label=name, **style)
        ratio = report.power[name][1:] / np.where(report.power["truth"][1:] > 0, report.power["truth"][1:], np.nan)
        waves = np.arange(1, len(report.power[name]))
        panels[1].loglog(2 * (len(waves)) / waves, ratio, label=name, **style)
    panels[1].axhline(1, color="0.6")
    panels[0].set(xlabel="quantile of the truth (mm h$^{-1}$)", ylabel="same quantile (mm h$^{-1}$)")
    panels[1].set(xlabel="wavelength (cells)", ylabel="power over that of the truth", ylim=(0.05, 20))
    panels[0].legend()
    figure.suptitle(title)
    figure.savefig(path, dpi=110, format=path.suffix.lstrip(".") or "png")
    plt.close(figure)
