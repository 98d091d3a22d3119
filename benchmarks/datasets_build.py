"""Fields per second of a build from monthly tars, for the national crop of Comephore (1050 x 1225 pixels).

    python benchmarks/datasets_build.py --hours 96 --factor 1 --parts 1 [--profile]

Invented frames (a fifth of the area is wet, three quarters of the grid has no value, as in the archive), the
packaged recipe, the product's own commands in one process a part. Prints JSON.
"""

import argparse
import cProfile
import datetime as dt
import json
import logging
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyproj  # noqa: F401  (before eccodes)

from anemoi_scaleadapt.datasets import recipes
from anemoi_scaleadapt.datasets.comephore.grid import StereGrid

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support import synthetic

CROP = recipes.Area(300, 225, 1050, 1225)


def months(folder: Path, hours: int) -> None:
    """Monthly tars with national frames; kept for the next run."""
    if not list(folder.glob("*.tar")):
        print(f"writing {hours} national frames to {folder}", file=sys.stderr)
        synthetic.write_months(folder, StereGrid(), dt.datetime(2019, 1, 1, 1), hours)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=int, default=96)
    parser.add_argument("--factor", type=int, default=1)
    parser.add_argument("--parts", type=int, default=1)
    parser.add_argument("--months", type=Path, help="folder of the frames (made if empty); default: a new one")
    parser.add_argument("--profile", action="store_true")
    args = parser.parse_args()
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.months or Path(scratch) / "months"
        folder.mkdir(parents=True, exist_ok=True)
        months(folder, args.hours)
        print(json.dumps(measure(args, folder, Path(scratch)), indent=1))


def measure(args: argparse.Namespace, folder: Path, scratch: Path) -> dict:
    from anemoi.datasets.create.recipe import Recipe
    from anemoi.datasets.create.tasks import run_task

    first = dt.datetime(2019, 1, 1, 1)
    dates = first, first + dt.timedelta(hours=args.hours - 1)
    rain = recipes.Origin("comephore", {"comephore": {"path": f"{folder}/*.tar"}}, "none", "invented")
    recipe = recipes.recipe(rain, args.factor, CROP, dates, dates)
    path = str(scratch / "out.zarr")
    seconds, processor = {}, {}

    def timed(name: str, run) -> None:
        start, cpu = time.perf_counter(), processor_time()
        run()
        seconds[name] = round(time.perf_counter() - start, 2)
        processor[name] = round(processor_time() - cpu, 2)

    timed("init", lambda: run_task("init", recipe=Recipe(**recipe), path=path))
    profile = cProfile.Profile()
    if args.parts > 1:
        timed("load", lambda: parts(path, args.parts))
    else:
        if args.profile:
            profile.enable()
        timed("load", lambda: run_task("load", path=path))
        profile.disable()
    timed("finalise", lambda: run_task("finalise", path=path))
    if args.profile:
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(25)
    size = sum(f.stat().st_size for f in Path(path).rglob("*") if f.is_file())
    return {
        "hours": args.hours,
        "factor": args.factor,
        "parts": args.parts,
        "seconds": seconds,
        "processor_seconds": processor,
        "load_seconds_per_1000_fields": round(1000 * seconds["load"] / args.hours, 1),
        "finalise_seconds_per_1000_fields": round(1000 * seconds["finalise"] / args.hours, 1),
        "fields_per_second": round(args.hours / seconds["load"], 1),
        "bytes_per_field": size // args.hours,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def processor_time() -> float:
    """Seconds of this process and of its ended children."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def parts(path: str, number: int) -> None:
    command = [str(Path(sys.executable).parent / "anemoi-datasets"), "load", path, "--parts"]
    running = [
        subprocess.Popen([*command, f"{i + 1}/{number}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for i in range(number)
    ]
    if any([process.wait() for process in running]):
        raise SystemExit("a part failed")


if __name__ == "__main__":
    main()
