"""Processor seconds of the same work in two checkouts, each with an environment of its own in `.venv`.

two_checkouts.py BEFORE AFTER [--repeats 2]. Runs take turns; the least of the repeats counts. One thread, real rain.
"""

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import xarray as xr

IMPORT = "import anemoi_scaleadapt.models.anemoi"
MODELS = f"{IMPORT}, sys; print(len(sys.modules))"
CONSERVE = """
import time, torch
from anemoi_scaleadapt.conservation import block_mean, conserve
from anemoi_scaleadapt.scale import recipe
torch.manual_seed(0)
f, rain, other = recipe(10, 3).conservation, torch.randn(1, 3, 500, 500), torch.randn(1, 3, 500, 500)
lr = block_mean(other.clamp(min=0), 10).mean(1)
began = time.process_time()
for _ in range(20):
    conserve(rain.clamp(min=0), lr, f)
print(time.process_time() - began)
"""
READ = """
import time
try:
    from anemoi_scaleadapt.rain.reader import open_rain
except ImportError:
    from anemoi_scaleadapt.verification.rain import open_rain
open_rain("coarse.nc")
began = time.process_time()
for _ in range(5):
    rain = open_rain("radar.nc")
    rain.at(rain.times)
print(time.process_time() - began)
"""
#: name -> words after the environment's bin folder
CASES = {
    "`anemoi-scaleadapt --help`": ["anemoi-scaleadapt", "--help"],
    "`anemoi-scaleadapt scale 10 3`": ["anemoi-scaleadapt", "scale", "10", "3"],
    "`anemoi-scaleadapt verify --help`": ["anemoi-scaleadapt", "verify", "--help"],
    "import of the anemoi model": ["python", "-c", IMPORT],
    "modules that it loads": ["python", "-c", MODELS],
    "20 times f on 3 x 500 x 500 pixels": ["python", "-c", CONSERVE],
    "36 hours of a NetCDF read, 5 times": ["python", "-c", READ],
    "`datasets 5`: two recipes": "anemoi-scaleadapt datasets 5 --rain radar.nc --to recipes".split(),
    "build of the coarse dataset, 36 hours": "python -m anemoi.datasets create recipes/radar-5km.yaml 5km.zarr "
    "--overwrite".split(),
    "`baseline rainfarm_ar1`, 8 members": "anemoi-scaleadapt baseline rainfarm_ar1 --lr coarse.nc --grid truth.nc "
    "--time-factor 3 --to rainfarm.nc".split(),
    "`verify`, four baselines": "anemoi-scaleadapt verify members.nc truth.nc --lr coarse.nc --time-factor 3 "
    "--no-figure --no-report --baselines nearest bicubic rainfarm rainfarm_ar1 --out scores".split(),
    "`verify`, figure and report too": "anemoi-scaleadapt verify members.nc truth.nc --lr coarse.nc --time-factor 3 "
    "--baselines nearest bicubic rainfarm rainfarm_ar1 --out whole".split(),
}


def inputs(folder: Path, sample: Path) -> None:
    """Real rain, 170 x 170 km: 36 hours, the wettest 12 of them, their coarse rain and four members round the truth."""
    with xr.open_dataset(sample, engine="netcdf4") as data:
        data = data.load().drop_encoding().set_coords(["latitude", "longitude"])
    data.to_netcdf(folder / "radar.nc", engine="netcdf4")
    truth = data.isel(time=slice(12, 24))
    truth.to_netcdf(folder / "truth.nc", engine="netcdf4")
    means = truth.coarsen(y=10, x=10).mean().coarsen(time=3).mean().assign_coords(time=truth.time.values[2::3])
    means.to_netcdf(folder / "coarse.nc", engine="netcdf4")
    noise = np.random.default_rng(0).gamma(4, 0.25, (4, *truth.rain.shape))
    rain = (("member", *truth.rain.dims), (truth.rain.values * noise).astype("f4"), {"units": "mm h-1"})
    truth.assign(rain=rain).to_netcdf(folder / "members.nc", engine="netcdf4")


def seconds(checkout: Path, words: list[str], folder: Path) -> float:
    """Processor seconds of a command and its children, or the number that a snippet printed."""
    variables = {"OMP_NUM_THREADS": "1", "GIT_PYTHON_GIT_EXECUTABLE": "no-git", "PYTHONDONTWRITEBYTECODE": ""}
    words = [str(checkout / ".venv" / "bin" / words[0]), *words[1:]]
    with tempfile.TemporaryFile() as printed:
        run = subprocess.Popen(words, cwd=folder, env=os.environ | variables, stdout=printed, stderr=printed)
        _, status, used = os.wait4(run.pid, 0)
        printed.seek(0)
        text = printed.read().decode().strip()
    if status:
        raise SystemExit(f"{checkout}: {' '.join(words)}\n{text[-2000:]}")
    printed_number = words[1] == "-c" and text
    return float(text.splitlines()[-1]) if printed_number else used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--repeats", type=int, default=2)
    args = parser.parse_args()
    checkouts = [args.before.resolve(), args.after.resolve()]
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder) / name for name in ("before", "after")]
        for place in places:
            place.mkdir()
            inputs(place, checkouts[1] / "src" / "anemoi_scaleadapt" / "pretrained" / "sample.nc")
        print("| processor seconds | before | after | ratio |\n|---|---|---|---|", flush=True)
        for name, words in CASES.items():
            runs = [[seconds(c, words, p) for c, p in zip(checkouts, places, strict=True)] for _ in range(args.repeats)]
            before, after = (min(run[k] for run in runs) for k in (0, 1))
            print(f"| {name} | {before:.4g} | {after:.4g} | {after / before:.2f} |", flush=True)


if __name__ == "__main__":
    main()
