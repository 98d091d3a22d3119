"""The charts of the report, each an SVG string, from the curves of a scorecard."""

import io
import itertools
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from anemoi_scaleadapt.report.figure import GREY, INK

#: colour of the system that is verified, of its mean, and of the others in the order of the scorecard: those of Okabe
#: and Ito, which colour-blind people can tell apart, and two more
OWN, MEAN = "#0072b2", "#009e73"
OTHERS = ("#999999", "#e69f00", "#cc79a7", "#000000", "#d55e00", "#56b4e9", "#7a5230", "#5b2a86")
#: and the dashes of their lines, for those who see no colours
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
#: CRPS of single pixels and of what is made of them: score -> label
AGGREGATES = {
    "crps": "pixel, hour",
    "crps_mean_5km": "mean\n5 km",
    "crps_mean_10km": "mean\n10 km",
    "crps_mean_25km": "mean\n25 km",
    "crps_max_10km": "maximum\n10 km",
    "crps_window_max": "maximum\nof window",
    "crps_change": "change\nin 1 h",
}


def colours(card: dict) -> dict[str, str]:
    """Colour of each system of a scorecard, the same in every chart."""
    fixed = {card["name"]: OWN, "mean": MEAN}
    return dict(zip((n for n in card["systems"] if n not in fixed), itertools.cycle(OTHERS), strict=False)) | fixed


def charts(card: dict) -> dict[str, str]:
    """Return title -> SVG for all charts that the scorecard has curves for."""
    drawings = {
        "Rank histogram (wet cases)": _ranks,
        "Reliability": _reliability,
        "Power spectrum over the truth's": _spectra,
        "Quantiles against the truth's": _quantiles,
        "Fractions skill score of the ensemble by scale": _fss,
        "CRPS over the best baseline's": _aggregates,
        "Autocorrelation in time": _lags,
        "Power spectrum in time over the truth's": _spectra_in_time,
        "Extremes": _extremes,
    }
    return {title: svg for title, draw in drawings.items() if (svg := _draw(draw, card))}


def _draw(draw: Callable[[Any, dict], Any], card: dict) -> str | None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    style: Any = {
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 9,
        "axes.edgecolor": "#9aa5b1",
        "axes.labelcolor": GREY,
        "xtick.color": GREY,
        "ytick.color": GREY,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#e9edf1",
        "axes.axisbelow": True,
        "legend.frameon": False,
        "svg.hashsalt": draw.__name__,
    }
    with plt.rc_context(style):
        figure = draw(plt, card)
        if figure is None:
            return None
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
        plt.close(figure)
    svg = buffer.getvalue()[buffer.getvalue().index("<svg") :]
    return re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)


def _line(axes: Any, card: dict, name: str, x: Any, y: Any, **style: Any) -> None:
    own, number = name == card["name"], list(card["systems"]).index(name)
    style = {"ls": "-" if own else DASHES[number % len(DASHES)]} | style
    y = np.array(y, "float64")  # None becomes NaN
    axes.plot(x, y, color=colours(card)[name], lw=2.4 if own else 1.5, label=name, zorder=3 if own else 2, **style)


def _ensembles(card: dict) -> list[str]:
    return [name for name, curve in card["curves"].items() if "rank_histogram" in curve]


def _ranks(plt: Any, card: dict) -> Any:
    names = _ensembles(card)
    if not names:
        return None
    figure, panels = plt.subplots(1, len(names), figsize=(2.1 * len(names) + 0.6, 2.4), sharey=True, squeeze=False)
    for axes, name in zip(panels[0], names, strict=True):
        shares = np.array(card["curves"][name]["rank_histogram"])
        axes.bar(np.arange(len(shares)), shares, color=colours(card)[name], width=0.85)
        axes.axhline(1 / len(shares), color=INK, lw=1, ls="--")
        axes.set_title(name, fontsize=9.5, color=INK)
        axes.set_xlabel("rank of the truth")
        axes.set_xticks(range(0, len(shares), max(1, len(shares) // 5)))
    panels[0][0].set_ylabel("share of wet cases")
    return figure


def _reliability(plt: Any, card: dict) -> Any:
    names = _ensembles(card)
    if not names:
        return None
    thresholds = list(card["curves"][names[0]]["reliability"])
    figure, panels = plt.subplots(1, len(thresholds), figsize=(2.6 * len(thresholds) + 0.4, 2.7), sharey=True)
    for axes, threshold in zip(np.atleast_1d(panels), thresholds, strict=True):
        axes.plot([0, 1], [0, 1], color=INK, lw=1, ls="--")
        for name in names:
            curve = card["curves"][name]["reliability"][threshold]
            _line(axes, card, name, curve["probability"], curve["observed"], marker="o", ms=3)
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="share of members", title=f"≥ {threshold} mm/h")
        axes.title.set(fontsize=9.5, color=INK)
    np.atleast_1d(panels)[0].set_ylabel("observed frequency")
    np.atleast_1d(panels)[0].legend(fontsize=8)
    return figure


def _spectra(plt: Any, card: dict) -> Any:
    figure, axes = _over_truth(plt, card, "spectrum", "wavelength_km")
    axes.set(xscale="log", xlabel="wavelength, km")
    axes.axvline(8, color=GREY, lw=0.8, ls=":")
    axes.xaxis.set_major_locator(plt.LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_formatter(plt.NullFormatter())  # on a small domain it writes numbers into one another
    axes.xaxis.set_major_formatter(plt.FuncFormatter(lambda v, _: f"{v:g}"))
    return figure


def _spectra_in_time(plt: Any, card: dict) -> Any:
    first = next(iter(card["curves"].values()))["spectrum_time"]
    if not any(first["truth"]):
        return None
    figure, axes = _over_truth(plt, card, "spectrum_time", "period_hours")
    axes.set(xscale="log", xlabel="period, hours")
    axes.set_xticks(first["period_hours"], [f"{v:.2g}" for v in first["period_hours"]])
    axes.minorticks_off()
    return figure


def _over_truth(plt: Any, card: dict, spectrum: str, abscissa: str) -> tuple[Any, Any]:
    figure, axes = plt.subplots(figsize=(5.2, 3.2))
    for name, curve in card["curves"].items():
        power, truth = (np.array(curve[spectrum][key], "float64") for key in ("power", "truth"))
        ratio = np.divide(power, truth, out=np.full(len(truth), np.nan), where=truth > 0)
        _line(axes, card, name, curve[spectrum][abscissa], ratio)
    axes.axhline(1, color=INK, lw=1, ls="--")
    axes.set(yscale="log", ylim=(0.05, 20), ylabel="power over the truth's")
    axes.invert_xaxis()
    axes.yaxis.set_major_formatter(plt.FuncFormatter(lambda v, _: f"{v:g}"))
    axes.legend(fontsize=8, ncol=2)
    return figure, axes


def _aggregates(plt: Any, card: dict) -> Any:
    best = card["best_classical"]
    if best is None:
        return None
    figure, axes = plt.subplots(figsize=(7.2, 3.2))
    for name in card["curves"]:
        one, other = (np.array([card["systems"][n].get(k) for k in AGGREGATES], "float64") for n in (name, best))
        ratio = np.divide(one, other, out=np.full(len(one), np.nan), where=other > 0)
        _line(axes, card, name, range(len(ratio)), ratio, marker="o")
    axes.axhline(1, color=INK, lw=1, ls="--")
    axes.set_xticks(range(len(AGGREGATES)), AGGREGATES.values())
    axes.set(ylim=(0, 2), ylabel=f"CRPS over that of {best}")
    axes.legend(fontsize=8, ncol=2)
    return figure


def _quantiles(plt: Any, card: dict) -> Any:
    figure, axes = plt.subplots(figsize=(4.2, 3.4))
    top = 0.1
    for name, curve in card["curves"].items():
        pairs = curve["quantiles"]
        top = max(top, *(v or 0 for v in pairs["truth"]), *(v or 0 for v in pairs["value"]))
        _line(axes, card, name, pairs["truth"], pairs["value"], marker="o", ms=3)
    axes.plot([0.05, top * 1.3], [0.05, top * 1.3], color=INK, lw=1, ls="--")
    axes.set(xscale="log", yscale="log", xlim=(0.05, top * 1.3), ylim=(0.05, top * 1.3))
    axes.set(xlabel="quantile of the truth, mm/h", ylabel="of the system, mm/h")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(plt.FuncFormatter(lambda v, _: f"{v:g}"))
    axes.legend(fontsize=8)
    return figure


def _fss(plt: Any, card: dict) -> Any:
    first = next(iter(card["curves"].values()))
    thresholds = list(first["fss"])
    figure, panels = plt.subplots(1, len(thresholds), figsize=(2.6 * len(thresholds) + 0.4, 2.7), sharey=True)
    for axes, threshold in zip(np.atleast_1d(panels), thresholds, strict=True):
        for name, curve in card["curves"].items():
            _line(axes, card, name, curve["fss_scales_km"], curve["fss"][threshold], marker="o", ms=3)
        axes.set(xscale="log", ylim=(0, 1.02), xlabel="scale, km", title=f"≥ {threshold} mm/h")
        axes.set_xticks(first["fss_scales_km"], [f"{v:g}" for v in first["fss_scales_km"]])
        axes.minorticks_off()
        axes.title.set(fontsize=9.5, color=INK)
    np.atleast_1d(panels)[0].set_ylabel("FSS")
    np.atleast_1d(panels)[-1].legend(fontsize=8)
    return figure


def _lags(plt: Any, card: dict) -> Any:
    figure, axes = plt.subplots(figsize=(4.2, 3.0))
    for name, curve in card["curves"].items():
        _line(axes, card, name, range(len(curve["lags"]["value"]) + 1), [1, *curve["lags"]["value"]], marker="o", ms=3)
    truth = next(iter(card["curves"].values()))["lags"]["truth"]
    truth = [np.nan if v is None else v for v in truth]
    axes.plot(range(len(truth) + 1), [1, *truth], color=INK, lw=1.6, ls="--", label="truth", zorder=4)
    axes.set(xlabel="lag, hours", ylabel="correlation", ylim=(min(0, np.nanmin([0, *truth])), 1.02))
    axes.set_xticks(range(len(truth) + 1))
    axes.legend(fontsize=8)
    return figure


def _extremes(plt: Any, card: dict) -> Any:
    keys = {"q99_ratio": "q99", "q999_ratio": "q99.9", "q9999_ratio": "q99.99", "max_ratio": "maximum"}
    names = list(card["curves"])
    figure, axes = plt.subplots(figsize=(5.2, 2.8))
    width = 0.8 / len(names)
    for k, name in enumerate(names):
        values = [card["systems"][name].get(key) for key in keys]
        places = np.arange(len(keys)) + (k - (len(names) - 1) / 2) * width
        axes.bar(places, [v or 0 for v in values], width * 0.9, color=colours(card)[name], label=name)
    axes.axhline(1, color=INK, lw=1, ls="--")
    axes.set_xticks(range(len(keys)), keys.values())
    axes.set_ylabel("predicted over observed")
    axes.grid(False, axis="x")
    axes.legend(fontsize=8, ncol=4, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure
