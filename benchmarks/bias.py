"""What quantile mapping takes out of the bias of real coarse rain, and of rain biased on purpose, at the coarse scale.

python benchmarks/bias.py DATA [--figures DIR] [--ibicus]

DATA holds RADOLAN RY and RW of July 2018, RADOLAN RW of 2019, IMERG and MRMS of August 2017 as NetCDF (names below).
--ibicus compares with the ibicus library (pip install ibicus; takes ten minutes).
"""

import argparse
import time
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from anemoi_scaleadapt.bias.fit import fit, record_quantiles
from anemoi_scaleadapt.bias.pairs import pairs
from anemoi_scaleadapt.bias.report import compare, plot
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.regrid.records import block_means

RY, RW = "radolan_ry_2018-07-11_12.nc", "radolan_rw_2018-07-11_14.nc"
IMERG, MRMS = "harvey_imerg_early_2017-08-25_09-05.nc", "harvey_mrms_4km_2017-08-25_09-04.nc"
SUMMER = "radolan_rw_2019-06-01_08-20.nc"


def date(text):
    return np.datetime64(text, "s")


def real(data):
    """Name, pairs of the fit, pairs to score."""
    coarse, truth = open_rain(str(data / RY)), open_rain(str(data / RW))
    for s in (10, 25):
        yield (
            f"RADOLAN RY to RW, {s} km, 1 h",
            pairs(coarse, truth, end=date("2018-07-11T23:50"), space=s),
            pairs(coarse, truth, start=date("2018-07-12T00:50"), space=s),
        )
    coarse, truth = open_rain(str(data / IMERG)), open_rain(str(data / MRMS))
    yield (
        "IMERG Early to MRMS (Harvey), 0.2 degrees, 1 h",
        pairs(coarse, truth, end=date("2017-08-28T00"), space=5),
        pairs(coarse, truth, start=date("2017-08-29T01"), space=5),
    )


def drizzle(truth):
    """A tenth of the rain is spread widely and 0.05 mm/h fall wherever that leaves a trace."""
    wide = gaussian_filter(np.nan_to_num(truth), (0, 3, 3))
    return 0.9 * truth + 0.1 * wide + 0.05 * (wide > 0.02)


PURPOSES = {
    "amount (0.7 x^0.8)": lambda truth: 0.7 * truth**0.8,
    "drizzle round rain": drizzle,
    "smoothing over 1.5 cells": lambda truth: gaussian_filter(np.nan_to_num(truth), (0, 1.5, 1.5)) + 0 * truth,
}


def on_purpose(data):
    """The same of two weeks of June to fit and two of August to score, from one record."""
    fine = open_rain(str(data / SUMMER))
    lr = block_means(fine, 25)
    parts = []
    for first, last in (("2019-06-01", "2019-06-15"), ("2019-08-06", "2019-08-20")):
        times = lr.times[(lr.times > date(first)) & (lr.times <= date(last))]
        parts.append((times, np.concatenate([lr.at(t)[0] for t in np.array_split(times, 28)])))
    (fit_times, fit_truth), (times, truth) = parts
    for name, wrong in PURPOSES.items():
        yield name, (wrong(fit_truth), fit_truth, fit_times), (wrong(truth), truth, times)


def show(name, training, test, hours, km, figures):
    mapping = fit(*training, hours=hours, km=km)
    coarse, truth, times = test
    by_value = compare(coarse, truth, times, mapping, mapping.apply(coarse, times))
    record = record_quantiles(mapping, [(times, coarse, None)], coarse.size)
    by_rank = compare(coarse, truth, times, mapping, mapping.apply(coarse, times, record))
    columns = {
        "raw": by_value.columns["raw"],
        "by value": by_value.columns["corrected"],
        "by rank": by_rank.columns["corrected"],
        "truth": by_value.columns["truth"],
    }
    print(f"\n### {name}\n")
    print(by_value.__class__(columns, {}, by_value.ranks, {}, by_value.said).markdown())
    if figures:
        plot(by_value, figures / f"bias-{name.split()[0].lower()}-{km:.0f}km.png", name)


def with_ibicus(training, test):
    from ibicus.debias import QuantileDeltaMapping, ScaledDistributionMapping

    (hist, truth), (sim, later) = ([f[np.isfinite(part[0] + part[1])] for f in part[:2]] for part in (training, test))
    for cls, options in (
        (QuantileDeltaMapping, {"censoring_threshold": 0.1}),
        (ScaledDistributionMapping, {"pr_lower_threshold": 0.1}),
    ):
        method = cls.for_precipitation(**options)
        method.running_window_mode = method.running_window_mode_over_years_of_cm_future = False
        began = time.time()
        out = method.apply(
            *(v.reshape(-1, 1, 1).astype("float64") for v in (truth, hist, sim)), progressbar=False
        ).ravel()
        q = [np.quantile(out, p) / np.quantile(later, p) for p in (0.95, 0.99, 0.999)]
        wet = (out >= 0.1).mean() / (later >= 0.1).mean()
        print(
            f"ibicus {cls.__name__}: mean {out.mean() / later.mean():.3f}, wet {wet:.3f}, "
            f"q95 {q[0]:.3f}, q99 {q[1]:.3f}, q99.9 {q[2]:.3f} of the truth's; {time.time() - began:.0f} s"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--figures", type=Path)
    parser.add_argument("--ibicus", action="store_true")
    args = parser.parse_args()
    for name, training, test in real(args.data):
        three = [(p.coarse, p.truth, p.times) for p in (training, test)]
        show(name, *three, training.hours, training.km, args.figures)
        if args.ibicus:
            with_ibicus(*three)
    for name, training, test in on_purpose(args.data):
        show(f"{name} on purpose, RADOLAN 2019, 25 km, 1 h", training, test, 1.0, 25.0, args.figures)


if __name__ == "__main__":
    main()
