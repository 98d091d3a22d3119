"""The classical floors on real rain: CRPS and the rest of every baseline, by factor pair.

    python benchmarks/verification_floors.py rain/radklim-2018-05-1h.nc --start 192 --crop 100 [--pairs 10,1 10,3]

Scores the hours from ``--start`` on, in the four corner crops of ``--crop`` pixels (or the whole field), each
scored by itself and pooled. The analog's archive is the same crops' hours before ``--start``.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pyproj  # noqa: F401
import xarray as xr
from rich.progress import track

from anemoi_scaleadapt.baselines.systems import Setup, build
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.rain.windows import Coarse, windows
from anemoi_scaleadapt.verification.days import combine
from anemoi_scaleadapt.verification.run import count
from anemoi_scaleadapt.verification.scorecard import cell, plain
from anemoi_scaleadapt.verification.scores import score
from anemoi_scaleadapt.verification.settings import Settings

KEYS = ("crps", "rmse", "mae", "ssr", "q999_ratio", "fss_1mm_5km", "spectra_ratio_high",
        "spectra_ratio_high_mean", "lag1", "wet_fraction_ratio")  # fmt: skip
NAMES = ("nearest", "bicubic", "piecewise_linear", "advection", "rainfarm", "rainfarm_ar1", "steps", "analog")


def corners(shape, crop):
    if not crop:
        return [(0, 0, *shape)]
    return [(y, x, crop, crop) for y in (0, shape[0] - crop) for x in (0, shape[1] - crop)]


def save(path, rain, time):
    data = xr.Dataset({"rain": (("time", "y", "x"), rain, {"units": "mm h-1"})}, {"time": time})
    data.to_netcdf(path, engine="netcdf4")
    return open_rain(str(path))


def tallies_of(rain, time, s, t, start, members, folder):
    ny, nx = (n // s * s for n in rain.shape[1:])
    rain = rain[:, :ny, :nx]
    truth = save(folder / "truth.nc", rain, time)
    coarse = save(folder / "lr.nc", rain.reshape(-1, ny // s, s, nx // s, s).mean(axis=(2, 4)), time)
    frames, names, chosen = Coarse(coarse, t), NAMES if start > 48 else NAMES[:-1], windows(truth.times[start:], t)
    setup = Setup(frames, s, t, members, 0, truth, chosen)
    systems = {"truth": lambda window, number: truth.at(window)}
    systems |= {name: system for name in names if (system := build(name, setup)) is not None}
    return count(systems, truth, frames, chosen, Settings(truth.shape))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("rain")
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--crop", type=int, default=0)
    parser.add_argument("--pairs", nargs="*", default=["10,1", "1,3", "10,3", "25,6"])
    parser.add_argument("--members", type=int, default=8)
    args = parser.parse_args()
    with xr.open_dataset(args.rain, engine="netcdf4") as data:
        rain, time = data.rain.values, data.time.values
    for pair in args.pairs:
        s, t = map(int, pair.split(","))
        pooled: dict = {}
        places = corners(rain.shape[1:], args.crop)
        for y, x, height, width in track(places, description=pair, transient=True):
            with tempfile.TemporaryDirectory() as folder:
                part = rain[:, y : y + height, x : x + width]
                found = tallies_of(part, time, s, t, args.start, args.members, Path(folder))
                for name, sums in found.sums.items():
                    pooled.setdefault(name, []).extend(sums)
                settings = found.settings
        print(f"\n({s}, {t}) | " + " | ".join(KEYS))
        for name, sums in pooled.items():
            if name != "truth":
                values = plain(score(combine(sums), settings))
                print(f"{name} | " + " | ".join(cell(k, values[k]) for k in KEYS), flush=True)
        lag = score(combine(pooled["truth"]), settings)["lag1"]
        print(f"lag-1 of the truth {np.round(lag, 3)}")


if __name__ == "__main__":
    main()
