"""The charts of the report, each an SVG string, from the curves of a scorecard."""

import io
import re

import numpy as np

from anemoi_scaleadapt.report.figure import GREY, INK

PALETTE = {
    "mean": "#2a9d8f",
    "nearest": "#9aa5b1",
    "bicubic": "#e08e0b",
    "rainfarm": "#8e5bb5",
    "rainfarm_ar1": "#c2407e",
    "analog": "#7a5230",
}
SYSTEM = "#1f6fb5"


def colour(name: str) -> str:
    """Colour of a system, the same in every chart."""
    return PALETTE.get(name, SYSTEM)


def charts(card: dict) -> dict[str, str]:
    """Return title -> SVG for all charts that the scorecard has curves for."""
    drawings = {
        "Rank histogram (wet cases)": _ranks,
        "Reliability": _reliability,
        "Power spectrum over the truth's": _spectra,
        "Quantiles against the truth's": _quantiles,
        "Fractions skill score by scale": _fss,
        "Autocorrelation in time": _lags,
        "Extremes": _extremes,
    }
    return {title: svg for title, draw in drawings.items() if (svg := _draw(draw, card))}


def _draw(draw, card: dict) -> str | None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    style = {
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


def _line(axes, name, x, y, **style):
    width = 2.4 if name not in PALETTE else 1.5
    y = [np.nan if v is None else v for v in y]
    axes.plot(x, y, color=colour(name), lw=width, label=name, zorder=3 if width > 2 else 2, **style)


def _ensembles(card: dict) -> list[str]:
    return [name for name, curve in card["curves"].items() if "rank_histogram" in curve]


def _ranks(plt, card):
    names = _ensembles(card)
    if not names:
        return None
    figure, panels = plt.subplots(1, len(names), figsize=(2.1 * len(names) + 0.6, 2.4), sharey=True, squeeze=False)
    for axes, name in zip(panels[0], names, strict=True):
        shares = np.array(card["curves"][name]["rank_histogram"])
        axes.bar(np.arange(len(shares)), shares, color=colour(name), width=0.85)
        axes.axhline(1 / len(shares), color=INK, lw=1, ls="--")
        axes.set_title(name, fontsize=9.5, color=INK)
        axes.set_xlabel("rank of the truth")
        axes.set_xticks(range(0, len(shares), max(1, len(shares) // 5)))
    panels[0][0].set_ylabel("share of wet cases")
    return figure


def _reliability(plt, card):
    names = _ensembles(card)
    if not names:
        return None
    thresholds = list(card["curves"][names[0]]["reliability"])
    figure, panels = plt.subplots(1, len(thresholds), figsize=(2.6 * len(thresholds) + 0.4, 2.7), sharey=True)
    for axes, threshold in zip(np.atleast_1d(panels), thresholds, strict=True):
        axes.plot([0, 1], [0, 1], color=INK, lw=1, ls="--")
        for name in names:
            curve = card["curves"][name]["reliability"][threshold]
            _line(axes, name, curve["probability"], curve["observed"], marker="o", ms=3)
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="share of members", title=f"≥ {threshold} mm/h")
        axes.title.set(fontsize=9.5, color=INK)
    np.atleast_1d(panels)[0].set_ylabel("observed frequency")
    np.atleast_1d(panels)[0].legend(fontsize=8)
    return figure


def _spectra(plt, card):
    figure, axes = plt.subplots(figsize=(5.2, 3.2))
    for name, curve in card["curves"].items():
        spectrum = curve["spectrum"]
        truth = np.array(spectrum["truth"])
        ratio = np.divide(spectrum["power"], truth, out=np.full(len(truth), np.nan), where=truth > 0)
        _line(axes, name, spectrum["wavelength_km"], ratio)
    axes.axhline(1, color=INK, lw=1, ls="--")
    axes.set(xscale="log", yscale="log", ylim=(0.05, 20), xlabel="wavelength, km", ylabel="power over the truth's")
    axes.invert_xaxis()
    axes.axvline(8, color=GREY, lw=0.8, ls=":")
    axes.xaxis.set_major_formatter(plt.FuncFormatter(lambda v, _: f"{v:g}"))
    axes.yaxis.set_major_formatter(plt.FuncFormatter(lambda v, _: f"{v:g}"))
    axes.legend(fontsize=8, ncol=2)
    return figure


def _quantiles(plt, card):
    figure, axes = plt.subplots(figsize=(4.2, 3.4))
    top = 0.1
    for name, curve in card["curves"].items():
        pairs = curve["quantiles"]
        top = max(top, *(v or 0 for v in pairs["truth"]), *(v or 0 for v in pairs["value"]))
        _line(axes, name, pairs["truth"], pairs["value"], marker="o", ms=3)
    axes.plot([0.05, top * 1.3], [0.05, top * 1.3], color=INK, lw=1, ls="--")
    axes.set(xscale="log", yscale="log", xlim=(0.05, top * 1.3), ylim=(0.05, top * 1.3))
    axes.set(xlabel="quantile of the truth, mm/h", ylabel="of the system, mm/h")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(plt.FuncFormatter(lambda v, _: f"{v:g}"))
    axes.legend(fontsize=8)
    return figure


def _fss(plt, card):
    first = next(iter(card["curves"].values()))
    thresholds = list(first["fss"])
    figure, panels = plt.subplots(1, len(thresholds), figsize=(2.6 * len(thresholds) + 0.4, 2.7), sharey=True)
    for axes, threshold in zip(np.atleast_1d(panels), thresholds, strict=True):
        for name, curve in card["curves"].items():
            _line(axes, name, curve["fss_scales_km"], curve["fss"][threshold], marker="o", ms=3)
        axes.set(xscale="log", ylim=(0, 1.02), xlabel="scale, km", title=f"≥ {threshold} mm/h")
        axes.set_xticks(first["fss_scales_km"], [f"{v:g}" for v in first["fss_scales_km"]])
        axes.minorticks_off()
        axes.title.set(fontsize=9.5, color=INK)
    np.atleast_1d(panels)[0].set_ylabel("FSS")
    np.atleast_1d(panels)[-1].legend(fontsize=8)
    return figure


def _lags(plt, card):
    figure, axes = plt.subplots(figsize=(4.2, 3.0))
    for name, curve in card["curves"].items():
        _line(axes, name, range(len(curve["lags"]["value"]) + 1), [1, *curve["lags"]["value"]], marker="o", ms=3)
    truth = next(iter(card["curves"].values()))["lags"]["truth"]
    truth = [np.nan if v is None else v for v in truth]
    axes.plot(range(len(truth) + 1), [1, *truth], color=INK, lw=1.6, ls="--", label="truth", zorder=4)
    axes.set(xlabel="lag, hours", ylabel="correlation", ylim=(min(0, np.nanmin([0, *truth])), 1.02))
    axes.set_xticks(range(len(truth) + 1))
    axes.legend(fontsize=8)
    return figure


def _extremes(plt, card):
    keys = {"q99_ratio": "q99", "q999_ratio": "q99.9", "max_ratio": "maximum"}
    names = list(card["curves"])
    figure, axes = plt.subplots(figsize=(5.2, 2.8))
    width = 0.8 / len(names)
    for k, name in enumerate(names):
        values = [card["systems"][name].get(key) for key in keys]
        places = np.arange(len(keys)) + (k - (len(names) - 1) / 2) * width
        axes.bar(places, [v or 0 for v in values], width * 0.9, color=colour(name), label=name)
    axes.axhline(1, color=INK, lw=1, ls="--")
    axes.set_xticks(range(len(keys)), keys.values())
    axes.set_ylabel("predicted over observed")
    axes.grid(False, axis="x")
    axes.legend(fontsize=8, ncol=4, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure
