"""What `adapt` brings on how many days: adapt.py WEIGHTS --zarr DIR --pool DIR --work DIR --to FILE.json.

For each place and number of days the documented command runs, and its last weights are scored on later days, beside
the weights that it began with, and beside these calibrated on one day instead. DIR of --zarr holds NAME.zarr, hourly
fine rain (docs/howto/other-rain.md).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from score import score

from anemoi_scaleadapt.files import write_text
from anemoi_scaleadapt.pretrained import load

#: instead of a number of days: what `calibrate spread` does on the first
CALIBRATE = "calibrate"
PAIRS = ((10, 1), (10, 3), (1, 3), (25, 6))


@dataclass
class Place:
    """Where rain is learnt and scored.

    Parameters
    ----------
    zarr, pool : str
        Name of the dataset, and of the packed rain with 12 hours before what is scored and 12 after.
    learn : dict
        Number of days -> first and last date.
    watch : tuple of str
        Dates that the command needs for its validation; nothing is chosen by it.
    hours, squares, size : int
        What is scored.
    """

    zarr: str
    pool: str
    learn: dict[str, tuple[str, str]]
    watch: tuple[str, str]
    hours: int
    squares: int
    size: int


PLACES = {
    "winter in France": Place(
        "comephore",
        "come3",
        {"1": ("2018-02-18T00", "2018-02-19T01"), "2": ("2018-02-18T00", "2018-02-19T22")},
        ("2018-02-19T23", "2018-02-21T00"),
        12,
        1,
        100,
    ),
    "Germany, another product": Place(
        "radklim",
        "radklim_late",
        {
            "1": ("2018-05-10T01", "2018-05-11T02"),
            "3": ("2018-05-10T01", "2018-05-13T00"),
            "7": ("2018-05-10T01", "2018-05-17T00"),
        },
        ("2018-05-17T01", "2018-05-18T04"),
        12,
        4,
        150,
    ),
    "United States, two days learnt before": Place(
        "mrms",
        "us22",
        {"1": ("2016-09-20T00", "2016-09-21T01")},
        ("2016-09-21T02", "2016-09-22T03"),
        12,
        1,
        150,
    ),
}


def adapted(place: Place, period: tuple[str, str], weights: str, zarr: Path, work: Path) -> Path:
    """Run the documented command on a period; the folder of its last weights."""
    out = work / "export"
    if out.exists():
        return out
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    tools = Path(sys.executable).parent
    dates = {"training.start": period[0], "training.end": period[1]}
    dates |= {"validation.start": place.watch[0], "validation.end": place.watch[1]}
    command = [
        str(tools / "anemoi-training"),
        "train",
        "--config-name=adapt",
        f"system.input.dataset.hr={zarr.resolve() / place.zarr}.zarr",
        *(f"period.{key}={date}:00:00" for key, date in dates.items()),
        f"training.method.start={weights}",
        "diagnostics.check_val_every_n_epoch=120",
    ]
    with (work / "log.txt").open("w") as log:
        subprocess.run(command, cwd=work, stdout=log, stderr=log, check=True)
    (last,) = work.glob("scaleadapt-output/checkpoint/*/inference-last.ckpt")
    export = [str(tools / "anemoi-scaleadapt"), "export", str(last), "--to", str(work / "export.part")]
    subprocess.run([*export, "--licence", "see the data", "--attribution", "see the data"], check=True)
    os.replace(work / "export.part", out)
    return out


def calibrated(place: Place, period: tuple[str, str], weights: str, zarr: Path, work: Path) -> Path:
    """Choose how the weights draw on the first day of a period; the folder of the weights that do so."""
    out = work / "export"
    if not out.exists():
        tool, hr = Path(sys.executable).parent / "anemoi-scaleadapt", zarr / f"{place.zarr}.zarr"
        command = [str(tool), "calibrate", "spread", weights, "--hr", str(hr), "--days", period[0][:10]]
        command += ["--pairs", *(f"{s}:{t}" for s, t in PAIRS), "--draw", "2", "--edge", "100"]
        command += ["--to", str(work / "export.part")]
        subprocess.run(command, check=True)
        os.replace(work / "export.part", out)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", help="a name that ships, or a folder")
    for name in ("zarr", "pool", "work", "to"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument(
        "--only", help="NAME:DAYS,NAME:DAYS with the names of datasets, 0 days as shipped; by default all"
    )
    parser.add_argument("--members", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", choices=("32", "bf16"), default="32")
    args = parser.parse_args()
    weights = args.weights if not Path(args.weights).exists() else str(Path(args.weights).resolve())
    only = set(args.only.split(",")) if args.only else None
    kept = json.loads(args.to.read_text()) if args.to.exists() else {}
    for name, place in PLACES.items():
        rain = np.load(args.pool / f"{place.pool}.npy", mmap_mode="r")
        wet = np.load(args.pool / f"{place.pool}.wet.npy")
        args.hours, args.squares, args.size = place.hours, place.squares, place.size
        for days, period in {"0": None, CALIBRATE: place.learn["1"], **place.learn}.items():
            if only and f"{place.zarr}:{days}" not in only:
                continue
            mine = kept.setdefault(name, {}).setdefault(days, {})
            if len(mine) == len(PAIRS):
                continue
            where = args.work / f"{place.zarr}{days}"
            make = calibrated if days == CALIBRATE else adapted
            model = load(weights if period is None else make(place, period, weights, args.zarr, where))
            for pair in PAIRS:
                mine[f"s{pair[0]}t{pair[1]}"] = score(model, rain, wet, pair, args)
            write_text(args.to, json.dumps(kept, indent=1) + "\n")
            print(name, days, {k: round(v["crps"], 4) for k, v in mine.items()}, flush=True)


if __name__ == "__main__":
    main()
