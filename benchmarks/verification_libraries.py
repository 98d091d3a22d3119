"""What the scores' own code saves beside the libraries' on one hour of invented rain: seconds, best of three.

python benchmarks/verification_libraries.py [--size 400 500 --members 8]
"""

import argparse
import time
import warnings

import numpy as np
import pyproj  # noqa: F401
from pysteps.utils.spectral import rapsd
from pysteps.verification.salscores import sal as pysteps_sal
from pysteps.verification.spatialscores import fss_accum, fss_init
from scipy.ndimage import gaussian_filter, maximum_filter1d
from scores.probability import crps_for_ensemble, rank_histogram
from scores.spatial import fss_2d
from xarray import DataArray

from anemoi_scaleadapt.verification import fractions
from anemoi_scaleadapt.verification.boxes import largest
from anemoi_scaleadapt.verification.crps import fair_crps
from anemoi_scaleadapt.verification.objects import describe, sal
from anemoi_scaleadapt.verification.pointwise import count_ranks
from anemoi_scaleadapt.verification.settings import Settings
from anemoi_scaleadapt.verification.spectra import spectrum
from anemoi_scaleadapt.verification.window import Cases, Forecast, Window


def seconds(function):
    times = []
    for _ in range(3):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, nargs=2, default=(400, 500))
    parser.add_argument("--members", type=int, default=8)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    draw = np.random.default_rng(0)
    rain = np.stack([gaussian_filter(draw.standard_normal(args.size), 8) for _ in range(args.members + 1)])
    truth, *members = np.maximum(40 * rain - 0.3, 0).astype("float32")
    members, settings = np.stack(members), Settings(tuple(args.size))
    forecast = Forecast(
        Window(truth[None], np.ones((1, *args.size), bool), np.zeros((1, 1)), settings), members[:, None]
    )
    case_truth, case_members = truth.ravel(), np.sort(members.reshape(args.members, -1), axis=0)
    arrays = DataArray(case_members, dims=("member", "case")), DataArray(case_truth, dims="case")
    fields = DataArray(members, dims=("member", "y", "x")), DataArray(truth, dims=("y", "x"))
    widths, thresholds = settings.fss_scales_km, settings.fss_thresholds

    def fss_of_scores():
        for threshold in thresholds:
            for width in map(int, widths):
                options = dict(window_size=(width, width), spatial_dims=("y", "x"), zero_padding=True)
                fss_2d(*fields, event_threshold=threshold, **options)

    def fss_of_pysteps():
        for threshold in thresholds:
            for width in map(int, widths):
                for member in members:
                    fss_accum(fss_init(threshold, width), member, truth)

    rows = {
        "fair CRPS, scores": (
            lambda: fair_crps(members, truth),
            lambda: crps_for_ensemble(*fields, "member", method="fair", preserve_dims="all"),
        ),
        "rank histogram, scores": (
            lambda: count_ranks(Cases(case_members, case_truth), 0.1),
            lambda: rank_histogram(*arrays, "member"),
        ),
        "FSS, scores": (lambda: fractions.tally(forecast, settings), fss_of_scores),
        "FSS, pysteps": (lambda: fractions.tally(forecast, settings), fss_of_pysteps),
        "maxima over 10 km, scipy": (
            lambda: largest(truth, 10),
            lambda: maximum_filter1d(maximum_filter1d(truth, 10, axis=0), 10, axis=1),
        ),
        "spectrum, pysteps": (lambda: spectrum(truth[None]), lambda: rapsd(truth, fft_method=np.fft)),
        "SAL, pysteps": (
            lambda: sal(describe(members[0]), describe(truth), settings.shape),
            lambda: pysteps_sal(members[0].astype("f8"), truth.astype("f8"), 1 / 15, 0.95),
        ),
    }
    print(f"{args.members} members, {args.size[0]} x {args.size[1]} pixels")
    for name, (ours, theirs) in rows.items():
        one, other = seconds(ours), seconds(theirs)
        print(f"{name:26} {one:8.4f} s against {other:8.4f} s: {other / one:.1f} times")


if __name__ == "__main__":
    main()
