"""One trained network, several samplers: CRPS, spread-skill ratio and spectrum against evaluations.

    python benchmarks/samplers.py CHECKPOINT --lr LR.zarr --hr HR.zarr [--start DATE --end DATE] [--seeds N]

takes the wettest windows of a period and draws the same members with every sampler, for several seeds of the noise.
Prints a Markdown table: means over windows and seeds, CRPS with its standard error over the seeds; every row is also
given relative to the first, the default.

The ancestral sampler takes 1000 evaluations, so many seeds of it take hours. It is drawn with all its noise, but with
estimates that are kept over 20 levels (4 near the end, 1 at the last ten); beside it the two wettest windows are drawn
whole for the first seed, to show that this gives the same members within a per cent or so.
"""

import argparse
import datetime
import time
from statistics import fmean, stdev
from unittest import mock

import pyproj  # noqa: F401  (before eccodes)
import torch
from anemoi.datasets import open_dataset
from rich.console import Console
from rich.progress import track

from anemoi_scaleadapt.diffusion.noise import draws
from anemoi_scaleadapt.diffusion.samplers import ancestral
from anemoi_scaleadapt.inference.trained import open_checkpoint
from anemoi_scaleadapt.training.scores import ensemble_scores

SAMPLERS = [
    ("DPM++2M SDE", "dpmpp_2m_sde", 8),
    ("DPM++2M SDE", "dpmpp_2m_sde", 16),
    ("DPM++2M", "dpmpp_2m", 8),
    ("DPM++2M", "dpmpp_2m", 16),
    ("Heun", "heun", 18),
    ("ancestral", "kept", 1000),
]
HOUR = datetime.timedelta(hours=1)


def wettest(net, lr_path, hr_path, start, end, count):
    """The wettest windows: coarse frames (n, L, y, x), fine hours (n, t, y, x), starts."""
    scale = net.scale
    lr, hr = open_dataset(lr_path), open_dataset(hr_path, start=start, end=end)
    place = {date: i for i, date in enumerate(lr.dates)}
    found = []
    for first in range(0, len(hr.dates) - scale.time + 1, scale.time):
        begin = hr.dates[first].astype("M8[s]").item() - HOUR
        ends = [begin + (e + 1) * scale.time * HOUR for e in scale.frame_ends]
        hours = [[place.get(_date(e - k * HOUR)) for k in reversed(range(scale.time))] for e in ends]
        if any(h is None for frame in hours for h in frame):
            continue
        frames = torch.stack([torch.stack([field(lr, h) for h in frame]).mean(0) for frame in hours])
        truth = torch.stack([field(hr, first + h) for h in range(scale.time)])
        found.append((float(truth.mean()), frames, truth, begin))
    found = sorted(found, key=lambda f: -f[0])[:count]
    return torch.stack([f[1] for f in found]), torch.stack([f[2] for f in found]), [f[3] for f in found]


def _date(when):
    import numpy as np

    return np.datetime64(when, "s")


def field(dataset, index):
    """One hour of rain, (y, x)."""
    values = dataset[index][dataset.name_to_index["rain"], 0]
    return torch.from_numpy(values.reshape(dataset.field_shape))


def prepare(description, *options):
    """From the command line to a network, its wettest windows, the noise of their members, and further options."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("checkpoint")
    parser.add_argument("--lr", required=True)
    parser.add_argument("--hr", required=True)
    parser.add_argument("--start")
    parser.add_argument("--end")
    parser.add_argument("--windows", type=int, default=4)
    parser.add_argument("--members", type=int, default=4)
    for option in options:
        parser.add_argument(option)
    args = parser.parse_args()
    net = open_checkpoint(args.checkpoint, "cpu", option="").model.downscaler
    lr, hr, starts = wettest(net, args.lr, args.hr, args.start, args.end, args.windows)
    further = (getattr(args, option.strip("-")) for option in options)
    return range(args.members), net, lr, hr, starts, *further


def kept(denoise, noise, settings, sigma_max, beta):
    """The ancestral sampler with all its noise; most of its estimates are those of some levels before."""
    last, level = None, 1000

    def estimate(x, sigma):
        nonlocal last, level
        level -= 1
        if last is None or level % (1 if level < 10 else 4 if level < 60 else 20) == 0:
            last = denoise(x, sigma)
        return last

    return ancestral(estimate, noise, beta)


def sample(net, lr, noise, name, steps):
    """Members by a sampler's name."""
    if name != "kept":
        return net.sample(lr, noise, sampler=net.sampler.model_copy(update={"name": name, "steps": steps}))
    with mock.patch("anemoi_scaleadapt.models.downscaler.draw", kept):
        return net.sample(lr, noise)


def main():
    members, net, lr, hr, starts, seeds = prepare(__doc__.splitlines()[0], "--seeds")
    seeds, calls = int(seeds or 1), []
    net.residual.register_forward_hook(lambda _, __, out: calls.append(len(out)))

    def scores(seed, window, name, steps):
        here = slice(window, window + 1)
        drawn = sample(net, lr[here], draws(seed, members, starts[here], hr[here]), name, steps)
        return {key: float(value) for key, value in ensemble_scores(drawn, hr[here]).items()}

    rows = []
    for title, name, steps in track(SAMPLERS, console=Console(stderr=True)):
        begun, before = time.perf_counter(), sum(calls)
        found = [mean_of([scores(seed, window, name, steps) for window in range(len(starts))]) for seed in range(seeds)]
        fields = len(found) * len(starts) * len(members)
        rows.append((title, (sum(calls) - before) // fields, (time.perf_counter() - begun) / fields, found))
    first = mean_of(rows[0][3])
    print(f"{len(starts)} windows, {len(members)} members, {seeds} seeds, {starts[0]:%Y-%m-%d} and others")
    print("\n| sampler | evaluations | CRPS | relative | SSR | power < 8 px | relative | q99.9 | s a field |")
    print("|---|---|---|---|---|---|---|---|---|")
    for title, evaluations, seconds, found in rows:
        mean = mean_of(found)
        error = f" ± {stdev(s['crps'] for s in found) / len(found) ** 0.5:.4f}" if len(found) > 1 else ""
        relative = mean["crps"] / first["crps"], mean["spectra_ratio_high"] / first["spectra_ratio_high"]
        print(
            f"| {title} | {evaluations} | {mean['crps']:.4f}{error} | {relative[0]:.3f} | {mean['ssr']:.2f} | "
            f"{mean['spectra_ratio_high']:.2f} | {relative[1]:.3f} | {mean['q999_ratio']:.2f} | {seconds:.2f} |"
        )
    for window in range(min(2, len(starts))):
        short, whole = (scores(0, window, name, 1000)["crps"] for name in ("kept", "ancestral"))
        print(f"\nancestral, {starts[window]:%d %b %H:%M}: CRPS {short:.4f}, with all its evaluations {whole:.4f}")


def mean_of(several):
    """Mean of each score."""
    return {key: fmean(scores[key] for scores in several) for key in several[0]}


if __name__ == "__main__":
    main()
