"""What the settings of a draw do to members: samplers, noise levels, sigma_max, f; the weights as they are.

    python benchmarks/draws.py [--weights any] [--rain FILE] [--pair 10,3] [--seeds 3] [--only samplers levels]

Draws the wettest twelve hours of the sample that ships, or of FILE (its first 170 rows and columns), with the same
noise for every row. Prints Markdown tables: CRPS in mm/h; spread over skill, q99.9, power below 8 pixels and the
correlation of neighbouring hours over the truth's; `edges`, the jump between pixels across borders of coarse cells over
that inside.
"""

import argparse
import time
from itertools import pairwise
from statistics import fmean

import numpy as np
import pyproj  # noqa: F401  (before eccodes)
import torch
from conservation_edges import edge_ratio
from rich.console import Console
from rich.progress import track
from sample import wettest

from anemoi_scaleadapt.inference.draw import draw_members
from anemoi_scaleadapt.models.networks import ResidualNetwork
from anemoi_scaleadapt.pretrained import load
from anemoi_scaleadapt.pretrained.sample import HOURS, ROUND, Sample, load_sample, start_of
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.training.scores import ensemble_scores

WINDOW = {"scope": "window", "inside_sampler": False}
#: table -> title of a row -> (settings of the sampler, settings of the conservation) that differ from the default
TABLES = {
    "samplers": {
        "DPM++2M SDE, 12 levels (default)": ({}, {}),
        "DPM++2M SDE, 5": ({"steps": 5}, {}),
        "DPM++2M SDE, 8": ({"steps": 8}, {}),
        "DPM++2M SDE, 10": ({"steps": 10}, {}),
        "DPM++2M SDE, 16": ({"steps": 16}, {}),
        "DPM++2M SDE, 12, rho 7": ({"rho": 7.0}, {}),
        "DPM++2M SDE, 12 down to 0.03": ({"sigma_min": 0.03}, {}),
        "DPM++2M, 12": ({"name": "dpmpp_2m"}, {}),
        "DPM++2M, 16": ({"name": "dpmpp_2m", "steps": 16}, {}),
        "Heun, 18": ({"name": "heun", "steps": 18}, {}),
    },
    "levels": {f"sigma_max {level:g}": ({"sigma_max": level}, {}) for level in (5.0, 10.0, 20.0, 40.0, 80.0, 160.0)},
    "noise": {f"noise_factor {factor:g}": ({"noise_factor": factor}, {}) for factor in (0.8, 0.9, 1.0, 1.1, 1.2, 1.3)},
    "eta": {f"eta {eta:g}": ({"eta": eta}, {}) for eta in (1.0, 0.75, 0.5, 0.25, 0.0)},
    "memory": {f"noise_memory {memory:g}": ({"noise_memory": memory}, {}) for memory in (0.0, 0.3, 0.6)},
    "kept": {f"totals from {level:g}": ({"conserve_below": level}, {}) for level in (0.5, 1.0, 1.5, 3.0)},
    "functions": {
        "identity, cell (default)": ({}, {}),
        "identity, cell, only at the end": ({}, {"inside_sampler": False}),
        "identity, cell, at every noise level": ({"conserve_below": 1e8}, {}),
        "identity, cell, smooth": ({}, {"smooth": True}),
        "threshold 0.11, cell": ({}, {"function": "threshold", "threshold": 0.11}),
        "threshold_sqrt 0.00055, cell": ({}, {"function": "threshold_sqrt", "threshold": 0.00055}),
        "identity, window, at the end": ({}, WINDOW),
        "threshold 0.11, window, at the end": ({}, {"function": "threshold", "threshold": 0.11, **WINDOW}),
    },
}


def read(path: str | None, space: int) -> Sample:
    """The sample that ships, or the wettest hours of a file with those round them."""
    if path is None:
        return load_sample().cut(space)
    rain = open_rain(path)
    rows, columns = (slice(0, min(170, n) // space * space) for n in rain.shape)
    values = np.nan_to_num(rain.at(rain.times)[0, :, rows, columns]).astype("float32")
    first = wettest(values.mean((1, 2)))
    kept = slice(first - ROUND, first + HOURS + ROUND)
    nowhere = np.zeros(values.shape[1:])
    return Sample(rain.times[kept], values[kept], nowhere, nowhere, {})


def correlation(rain: torch.Tensor) -> float:
    """Mean correlation of neighbouring hours (hours, ..., y, x)."""
    each = [torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1] for a, b in pairwise(rain)]
    return float(torch.stack(each).nanmean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="any", help="weights that ship, or a folder of `export`")
    parser.add_argument("--rain", help="hourly fine rain, any file that the package reads")
    parser.add_argument("--pair", default="10,3", help="s,t (default: %(default)s)")
    parser.add_argument("--members", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=TABLES, default=list(TABLES))
    args = parser.parse_args()
    space, hours = map(int, args.pair.split(","))
    model, sample = load(args.weights), read(args.rain, space)
    frames, before, after = sample.frames(space, hours)
    truth = torch.from_numpy(sample.rain[ROUND : ROUND + HOURS // hours * hours])
    start, calls = start_of(sample).item(), [0]
    network: ResidualNetwork = model.downscaler.residual
    network.register_forward_hook(lambda *_: calls.__setitem__(0, calls[0] + 1))

    def edges(rain: torch.Tensor) -> float:
        return edge_ratio(rain.flatten(0, -3), space) if space > 1 else float("nan")

    def scores(seed: int, sampler: dict, conservation: dict) -> dict[str, float]:
        own = model.downscaler.sampler.model_copy(update=sampler)
        scale = {"space": space, "time": hours, "conservation": conservation}
        how = {"before": before, "after": after, "sampler": own, "hours_at_once": HOURS}
        rain = torch.from_numpy(draw_members(model, frames, start, scale, args.members, seed, **how)[0])
        found = ensemble_scores(rain.movedim(0, 1)[None], truth[None])
        own_lag = fmean(correlation(one) for one in rain)
        return {key: float(value) for key, value in found.items()} | {"lag": own_lag, "edges": edges(rain)}

    print(
        f"({space}, {hours}): {len(truth)} hours, {args.members} members, {args.seeds} seeds, weights {args.weights}."
    )
    print(f"The truth's edges: {edges(truth):.2f}")
    for table in args.only:
        print(f"\n| {table} | evaluations | CRPS | SSR | q99.9 | power | lag | edges | s |\n|" + "---|" * 9)
        for title, settings in track(TABLES[table].items(), table, console=Console(stderr=True)):
            calls[0], began = 0, time.perf_counter()
            found = [scores(seed, *settings) for seed in range(args.seeds)]
            took, mean = time.perf_counter() - began, {key: fmean(one[key] for one in found) for key in found[0]}
            keys = (mean["ssr"], mean["q999_ratio"], mean["spectra_ratio_high"], mean["lag"] / correlation(truth))
            cells = " | ".join(f"{value:.2f}" for value in (*keys, mean["edges"]))
            evaluations = calls[0] // (args.seeds * args.members)
            print(f"| {title} | {evaluations} | {mean['crps']:.4f} | {cells} | {took:.0f} |", flush=True)


if __name__ == "__main__":
    main()
