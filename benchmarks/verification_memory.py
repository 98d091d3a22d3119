"""Peak memory and time of a verification by size of the country, on invented rain.

python benchmarks/verification_memory.py [--size 1000 1200 --hours 12 --members 8]
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyproj  # noqa: F401
from scipy.ndimage import gaussian_filter

from anemoi_scaleadapt.commands import main as command
from anemoi_scaleadapt.rain.layout import Layout
from anemoi_scaleadapt.rain.members import MembersFile


def invent(draw, members, hours, shape):
    for _ in range(hours):
        noise = np.stack([gaussian_filter(draw.standard_normal(shape), 8) for _ in range(members)])
        yield np.maximum(40 * noise - 0.3, 0).astype("float32")


def layout(times, shape, pair, members, km):
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    latitude, longitude = 50 - y * km / 111.2, 5 + x * km / 111.2 / np.cos(np.radians(50))
    return Layout(times, shape, *pair, range(members), latitude, longitude)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, nargs=2, default=(1000, 1200))
    parser.add_argument("--hours", type=int, default=12)
    parser.add_argument("--members", type=int, default=8)
    parser.add_argument("--pair", type=int, nargs=2, default=(10, 3))
    args = parser.parse_args()
    (ny, nx), (s, t) = args.size, args.pair
    draw = np.random.default_rng(0)
    times = np.datetime64("2020-01-01T01:00:00") + np.arange(args.hours) * np.timedelta64(3600, "s")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fine, coarse = (ny, nx), (ny // s, nx // s)
        files = {
            name: MembersFile(folder / f"{name}.nc", layout(times, shape, (s, t), members, km))
            for name, shape, members, km in (
                ("members", fine, args.members, 1),
                ("truth", fine, 1, 1),
                ("lr", coarse, 1, s),
            )
        }
        with files["members"] as members, files["truth"] as truth, files["lr"] as lr:
            for hour, rain in enumerate(invent(draw, args.members + 1, args.hours, (ny, nx))):
                members.add(times[hour : hour + 1], rain[1:, None])
                truth.add(times[hour : hour + 1], rain[:1, None])
                lr.add(times[hour : hour + 1], rain[:1].reshape(1, 1, ny // s, s, nx // s, s).mean(axis=(3, 5)))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        paths = [str(folder / f"{n}.nc") for n in ("members", "truth")]
        words = ["--lr", str(folder / "lr.nc"), "--out", str(folder / "out"), "--bootstrap", "0"]
        status = command(["verify", *paths, *words])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{time.perf_counter() - start:.0f} s; peak memory {peak:.2f} GiB (before: {before / 2**20:.2f})")
    sys.exit(status)


if __name__ == "__main__":
    main()
