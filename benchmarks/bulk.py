"""What a bulk run takes beside the network alone, in one process and in two.

    OMP_NUM_THREADS=1 python benchmarks/bulk.py [--weights any] [--pair 10,3] [--size 200,200]
        [--hours 12] [--members 4]

Three times the same members, each process with one thread: drawn and thrown away; `bulk run --part 1/1`; and two
processes at once, 1/2 and 2/2. Costs are seconds of the processors after weights and plan are loaded, so that a machine
that does other things beside says the same; seconds of the clock are printed, too. All coarse cells rain.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

START = np.datetime64("2024-06-01", "s")


def one(args):
    """Draw a share of the pieces, or all of them without writing; print what it cost as JSON."""
    import torch

    from anemoi_scaleadapt.bulk.piece import Machine, opened
    from anemoi_scaleadapt.bulk.plan import load, start_of
    from anemoi_scaleadapt.bulk.run import parse_part, run_here, share
    from anemoi_scaleadapt.inference.draw import draw_stretch

    torch.set_num_threads(1)
    job, machine = load(args.zarr), Machine("cpu")
    drawer = opened(str(args.zarr), job.run, machine)
    begin, clock = time.process_time(), time.perf_counter()
    if args.part == "alone":
        for piece in job.pieces:
            frames = drawer.coarse[piece.frames[0] : piece.frames[-1] + 1, piece.realization]
            for part in piece.parts:
                start = start_of(job, piece)
                list(draw_stretch(drawer.net, frames, part, drawer.scale, start, piece.members, **drawer.how))
    else:
        run_here(job, share(job, *parse_part(args.part)), lambda size: None, machine)
    print(json.dumps({"cpu": time.process_time() - begin, "wall": time.perf_counter() - clock}))


def main(args):
    """Print the table."""
    import xarray as xr

    from anemoi_scaleadapt.commands import main as command

    (s, t), (height, width) = args.pair, args.size
    frames = np.random.default_rng(0).gamma(0.4, 2, (args.hours // t, height // s, width // s)) + 0.01
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        y, x = 66e5 + 1000 * s * (np.arange(height // s) + 0.5), 6e5 + 1000 * s * (np.arange(width // s) + 0.5)
        data = xr.Dataset(
            {"rain": (("time", "y", "x"), frames, {"units": "mm h-1", "grid_mapping": "crs"})},
            {"time": (START + np.timedelta64(t, "h") * np.arange(1, len(frames) + 1)).astype("M8[ns]"), "y": y, "x": x},
        )
        import pyproj

        data["crs"] = ((), 0, {"crs_wkt": pyproj.CRS("EPSG:2154").to_wkt()})
        data.y.attrs = {"units": "m", "standard_name": "projection_y_coordinate"}
        data.x.attrs = {"units": "m", "standard_name": "projection_x_coordinate"}
        data.to_netcdf(path / "lr.nc")
        box = f"600000,6600000,{600000 + 1000 * width},{6600000 + 1000 * height}"
        plan = ["bulk", "plan", str(path / "lr.nc"), "--grid", "EPSG:2154", "--resolution", "1000", f"--box={box}"]
        plan += ["--space-factor", str(s), "--weights", args.weights, "--members", str(args.members)]
        plan += ["--hours-at-once", str(args.hours // 2), "--overlap", "0"]
        values = args.members * args.hours * height * width / 1e6
        first = None
        rows = {"the network alone": ["alone"], "bulk, one process": ["1/1"], "bulk, two processes": ["1/2", "2/2"]}
        table = ["| | processor, s per million values | to the first | clock, s |", "|---|---|---|---|"]
        for number, (name, parts) in enumerate(rows.items()):
            target = path / f"{number}.zarr"
            if command([*plan, "--to", str(target)]):
                raise SystemExit(2)
            words = [sys.executable, __file__, "--zarr", str(target), "--part"]
            runs = [subprocess.Popen([*words, part], stdout=subprocess.PIPE, text=True) for part in parts]
            told = [json.loads(run.communicate()[0].splitlines()[-1]) for run in runs]
            each = sum(run["cpu"] for run in told) / values
            first = first or each
            table.append(f"| {name} | {each:.2f} | {each / first:.3f} | {max(run['wall'] for run in told):.0f} |")
        print("\n".join(table))


if __name__ == "__main__":
    numbers = lambda text: tuple(map(int, text.split(",")))  # noqa: E731
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="any")
    parser.add_argument("--pair", type=numbers, default=(10, 3))
    parser.add_argument("--size", type=numbers, default=(200, 200))
    parser.add_argument("--hours", type=int, default=12)
    parser.add_argument("--members", type=int, default=4)
    parser.add_argument("--zarr", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    given = parser.parse_args()
    one(given) if given.zarr else main(given)
