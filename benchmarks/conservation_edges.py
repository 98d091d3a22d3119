"""How visible are the coarse cells? Jumps across cell borders relative to jumps inside cells, on real rain.

    python benchmarks/conservation_edges.py rain/radklim-2018-05-1h.nc [--figure edges.png]

Predictions with wrong coarse totals are given their totals back, plainly and smoothly. 1 is what rain itself has.
The jump is the mean absolute difference of sqrt(P) between neighbouring cells.
"""

import argparse
import time

import numpy as np
import torch
import torch.nn.functional as F
import xarray as xr
from scipy.ndimage import gaussian_filter

from anemoi_scaleadapt.conservation import Conservation, block_mean, conserve

PLAIN, SMOOTH = Conservation(), Conservation(smooth=True)
PAIRS = ((10, 1), (10, 3), (25, 6), (5, 2))


def edge_ratio(rain, space):
    across, inside = 0.0, 0.0
    for axis in (-1, -2):
        jump = rain.sqrt().diff(dim=axis).abs().movedim(axis, 0)
        border = torch.arange(len(jump)) % space == space - 1
        across += jump[border].mean().item()
        inside += jump[~border].mean().item()
    return across / inside if inside else np.inf


def predictions(truth, lr, space):
    """Fields whose coarse totals are wrong in different ways."""
    n, _, ny, nx = truth.shape
    rng = np.random.default_rng(0)
    noise = np.stack([gaussian_filter(rng.standard_normal((ny, nx)), 12, mode="wrap") for _ in range(n)])
    noise = torch.from_numpy(noise / noise.std()).float()[:, None]
    bicubic = F.interpolate(lr[:, None], size=(ny, nx), mode="bicubic", align_corners=False).clamp_min(0)
    return {
        "bicubic": bicubic.expand_as(truth),
        "truth x lognormal(0.5)": truth * torch.exp(0.5 * noise),
        "truth shifted by 5 km": truth.roll((5, 5), (-2, -1)),
        "truth blurred over 8 km": torch.from_numpy(gaussian_filter(truth.numpy(), (0, 0, 8, 8))),
        "no pattern at all": torch.ones_like(truth),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rain", help="NetCDF with hourly rain (time, y, x) in mm h-1")
    parser.add_argument("--figure")
    args = parser.parse_args()
    with xr.open_dataset(args.rain, engine="netcdf4") as data:
        hourly = torch.from_numpy(data["rain"].values)
    print("| pair | prediction | before | cell | smooth | RMSE cell | RMSE smooth |\n|---|---|---|---|---|---|---|")
    for space, hours in PAIRS:
        size = min(hourly.shape[1:]) // space * space
        windows = hourly[: len(hourly) // hours * hours, :size, :size].reshape(-1, hours, size, size)
        truth = windows[windows.mean((1, 2, 3)) > 0.05]
        lr = block_mean(truth.mean(1), space)
        name = f"({space}, {hours})"
        print(f"| {name} | truth | {edge_ratio(truth, space):.2f} | | | | |")
        for kind, wrong in predictions(truth, lr, space).items():
            plain, smooth = conserve(wrong, lr, PLAIN), conserve(wrong, lr, SMOOTH)
            before = "-" if kind == "no pattern at all" else f"{edge_ratio(wrong, space):.2f}"
            inside = edge_ratio(plain, space)
            rmse = [(field - truth).square().mean().sqrt().item() for field in (plain, smooth)]
            error = ((block_mean(smooth.double().mean(1), space) - lr) / lr)[lr > 0].abs().max()
            assert error < 1e-5, error
            print(f"| {name} | {kind} | {before} | {inside:.2f} | {edge_ratio(smooth, space):.2f} "
                  f"| {rmse[0]:.3f} | {rmse[1]:.3f} |")  # fmt: skip
            if args.figure and (space, hours) == (10, 3) and kind == "truth blurred over 8 km":
                draw(truth, wrong, plain, smooth, args.figure)
    rain, lr = torch.rand(4, 3, 500, 500), torch.rand(4, 50, 50)
    for settings in (PLAIN, SMOOTH, Conservation(scope="window")):
        conserve(rain, lr, settings)
        start = time.perf_counter()
        for _ in range(5):
            conserve(rain, lr, settings)
        cost = (time.perf_counter() - start) / 5 / rain.numel() * 1e9
        name = settings.scope + ", smooth" * settings.smooth
        print(f"{name}: {cost:.0f} ns a value on {torch.get_num_threads()} threads")


def draw(truth, wrong, plain, smooth, path):
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    wettest = int(truth.mean((1, 2, 3)).argmax())
    figure = Figure(figsize=(13, 3.6), layout="constrained")
    for axis, field, title in zip(
        figure.subplots(1, 4),
        (truth, wrong, plain, smooth),
        ("truth", "prediction (truth blurred over 8 km)", "exact per cell", "exact per cell, smooth"),
        strict=True,
    ):
        image = axis.imshow(field[wettest, 0].clamp_min(0.05), norm=LogNorm(0.1, 30), cmap="turbo")
        axis.set(title=title, xticks=[], yticks=[])
    figure.colorbar(image, label="mm/h")
    figure.savefig(path, dpi=70)


if __name__ == "__main__":
    main()
