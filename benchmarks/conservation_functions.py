"""What f does to the rain it is applied to: extremes, wet area, error; no network involved.

    python benchmarks/conservation_functions.py rain/radklim-2018-05-1h.nc

`truth` is a perfect prediction; `noisy` is the truth times a lognormal field (std 0.5 of the log) of 12 km and
of single cells: right places, wrong amounts; `missed` has a std of 2 at 12 km: here far too little, there far
too much, which leaves large factors to make up. Ratios to the truth (wet: from 0.1 mm h-1); RMSE
in mm h-1.
"""

import argparse

import numpy as np
import torch
import xarray as xr
from scipy.ndimage import gaussian_filter

from anemoi_scaleadapt.conservation import Conservation, block_mean, conserve

FUNCTIONS = {
    "identity, cell (default)": lambda: Conservation(),
    "identity, cell, smooth": lambda: Conservation(smooth=True),
    "threshold 0.11, cell": lambda: Conservation(function="threshold", threshold=0.11),
    "threshold_sqrt 0.00055, cell": lambda: Conservation(function="threshold_sqrt", threshold=0.00055),
    "identity, window": lambda: Conservation(scope="window"),
    "threshold 0.11, window (paper (10, 3))": lambda: Conservation(
        function="threshold", threshold=0.11, scope="window"
    ),
    "threshold 0.22, window (paper (25, 6))": lambda: Conservation(
        function="threshold", threshold=0.22, scope="window"
    ),
    "threshold_sqrt, window (paper (10, 1), (1, 3))": lambda: Conservation(
        function="threshold_sqrt", threshold=0.00055, scope="window"
    ),
}


def predictions(truth):
    n, _, ny, nx = truth.shape
    rng = np.random.default_rng(0)
    wide = np.stack([gaussian_filter(rng.standard_normal((ny, nx)), 12, mode="wrap") for _ in range(n)])[:, None]
    wide, single = (torch.from_numpy(x / x.std()).float() for x in (wide, rng.standard_normal(truth.shape)))
    fine = truth * torch.exp(0.5 * single / 2**0.5)
    return {"truth": truth, "noisy": fine * torch.exp(0.5 * wide / 2**0.5), "missed": fine * torch.exp(2 * wide)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rain", help="NetCDF with hourly rain (time, y, x) in mm h-1")
    args = parser.parse_args()
    with xr.open_dataset(args.rain, engine="netcdf4") as data:
        hourly = torch.from_numpy(data["rain"].values)
    for space, hours in ((10, 3), (25, 6)):
        size = min(hourly.shape[1:]) // space * space
        windows = hourly[: len(hourly) // hours * hours, :size, :size].reshape(-1, hours, size, size)
        truth = windows[windows.mean((1, 2, 3)) > 0.05]
        lr = block_mean(truth.mean(1), space)
        print(f"\n({space}, {hours}), {len(truth)} wet windows\n")
        print("| f, scope | prediction | q99.9 | maximum | wet area | RMSE |\n|---|---|---|---|---|---|")
        for kind, rain in predictions(truth).items():
            for name, make in FUNCTIONS.items():
                row(name, kind, truth, conserve(rain, lr, make()))


def row(name, kind, truth, after):
    quantile = np.quantile(after.numpy(), 0.999) / np.quantile(truth.numpy(), 0.999)
    wet = (after > 0.095).float().mean() / (truth > 0.095).float().mean()
    rmse = (after - truth).square().mean().sqrt()
    top = after.max() / truth.max()
    print(f"| {name} | {kind} | {quantile:.2f} | {top:.2f} | {wet:.2f} | {rmse:.3f} |")


if __name__ == "__main__":
    main()
