"""How well the motion of coarse rain carries it to its hours: python motion.py --pool DIR [--name watch]."""

import argparse
from pathlib import Path

import numpy as np
import torch
from train import CELL, UNIT, Pool, motion_in, widest, window_hours

from anemoi_scaleadapt.models.context import frames_round, hourly_axis, visible
from anemoi_scaleadapt.models.moving import follow
from anemoi_scaleadapt.models.transform import RainTransform
from anemoi_scaleadapt.rain.average import coarse_frames

PAIRS = ((1, 2), (5, 2), (1, 3), (10, 3), (2, 4), (10, 6), (25, 6))
#: width of a square and number of them
SIZE, BATCH, BATCHES = 150, 8, 5


def errors(pool: Pool, s: int, t: int) -> tuple[float, ...]:
    """Mean square errors of the root of hourly rain: frames that stay, that move as the square or all round it says."""
    random, transform, found = np.random.default_rng(3), RainTransform(name="sqrt", unit=UNIT), []
    edge, hours, scale = frames_round(t) * t, window_hours(t, 6), widest(s, t)
    seen = visible(scale, hours).expand(BATCH, -1, -1)
    for _ in range(BATCHES):
        fine, round_it, _ = pool.draw(random, SIZE // s * s, hours, edge, edge, BATCH)
        axis = hourly_axis(coarse_frames(fine, s, t), t, edge // t, hours)
        hr = fine[:, edge : edge + hours]
        truth = transform.forward(hr.clamp(min=0))
        for motion in (torch.zeros(BATCH, hours // t, 3, 1, 1), None, motion_in(round_it, seen, scale, hours)):
            moved = follow(axis, scale, transform, seen, motion).z
            found.append(float(((moved - truth).square() * (hr >= 0)).mean()))
    return tuple(np.reshape(found, (BATCHES, 3)).mean(0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--name", default="watch")
    args = parser.parse_args()
    pool = Pool(args.pool, args.name)
    print(f"| (s, t) | square of {SIZE} pixels | {CELL}-pixel cells of 300 round it |\n|---|---|---|")
    for s, t in PAIRS:
        still, own, wide = errors(pool, s, t)
        print(f"| ({s}, {t}) | {own / still:.3f} | {wide / still:.3f} |", flush=True)


if __name__ == "__main__":
    main()
