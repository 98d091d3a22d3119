"""Train, draw and score many variants of one method, each in a folder of its own; what is done is not repeated.

Usage: python examples/skill/study.py STUDY.yaml --data DATA --to RUNS [--jobs 2] [--only NAME ...]

A study names variants (overrides of a config), folds (which days are hidden from training, which stop it, which are
scored) and seeds. Everything runs through the commands that users type: anemoi-training, anemoi-inference and
anemoi-scaleadapt verify. RUNS/results.json holds the scores of all runs that are complete.
"""

import argparse
import datetime as dt
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
HOUR = dt.timedelta(hours=1)
FIRST, LAST = dt.datetime(2018, 5, 10), dt.datetime(2018, 5, 21)


@dataclass(frozen=True)
class Run:
    """One variant, fold and seed."""

    config: str
    variant: str
    fold: str
    seed: int
    overrides: dict

    @property
    def name(self) -> str:
        """Name of its folder."""
        return f"{self.config}-{self.variant}-{self.fold}-{self.seed}"


def day(text: object) -> dt.datetime:
    """A date of YAML (a day or a date with hours) as the start of its first hour."""
    return dt.datetime.fromisoformat(str(text))


def runs(study: dict) -> list[Run]:
    """All runs, the first seed of everything before the second."""
    out = []
    for seed, (variant, value), config, fold in itertools.product(
        study["seeds"], study["variants"].items(), study["configs"], study["folds"]
    ):
        value = dict(value or {})
        if config in value.pop("configs", [config]) and seed < value.pop("seeds", 10**9):
            out.append(Run(config, variant, fold, seed, {**study.get("common", {}), **value}))
    return out


def put(tree: dict, key: str, value: object) -> None:
    """Set a dotted key of a nested mapping."""
    *path, last = key.split(".")
    for part in path:
        tree = tree.setdefault(part, {})
    tree[last] = value


def reader(path: Path, hidden: tuple, shown: tuple | None = None) -> dict:
    """How anemoi reads a dataset: the days of `shown`, or all but those of `hidden`."""
    if shown:
        return {"dataset_config": {"dataset": str(path)}, "start": text(shown[0] + HOUR), "end": text(shown[1])}
    start = text(FIRST if hidden[0] > FIRST else hidden[1] + HOUR)
    end = text(LAST if hidden[1] < LAST else hidden[0])
    data: object = str(path)
    if start == text(FIRST) and end == text(LAST):
        parts = [{"dataset": str(path), "end": text(hidden[0])}, {"dataset": str(path), "start": text(hidden[1] + HOUR)}]
        data = {"concat": parts, "fill_missing_gaps": True}
    return {"dataset_config": {"dataset": data}, "start": start, "end": end}


def text(date: dt.datetime) -> str:
    """Write a date as anemoi wants it."""
    return date.isoformat()


def training_config(run: Run, fold: dict, data: Path) -> dict:
    """The run's config: the packaged one, the fold's days, the variant's overrides."""
    config: dict = {"defaults": [run.config, "_self_"]}
    km = 25 if run.config.startswith("s25") else 10
    every = dict(run.overrides).get("every", 15)
    hidden, stop = (tuple(day(d) for d in fold[key]) for key in ("hidden", "validation"))
    coarse = 1 if run.config.startswith("s1t") else km
    for name, pixel in (("lr", coarse), ("hr", 1)):
        put(config, f"system.input.dataset.{name}", str(data / f"{km}/every{every}-{pixel}km.zarr"))
        path = data / f"{km}/every{every}-{pixel}km.zarr"
        put(config, f"dataloader.training.datasets.{name}", reader(path, hidden))
        path = data / f"{km}/every60-{pixel}km.zarr"
        put(config, f"dataloader.validation.datasets.{name}", reader(path, hidden, stop))
    put(config, "system.output.root", "training")
    put(config, "diagnostics.enable_progress_bar", False)
    put(config, "diagnostics.log.mlflow.experiment_name", "study")
    for key, value in run.overrides.items():
        if key not in ("every", "checkpoint"):
            put(config, key, value)
    return config


class Step:
    """Runs a command in a folder unless its result is there."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.log = folder, folder / "log.txt"
        threads = os.environ.get("OMP_NUM_THREADS", "1")
        self.environment = {**os.environ, "ANEMOI_BASE_SEED": str(1000 + seed), "OMP_NUM_THREADS": threads}

    def __call__(self, result: str, *command: object) -> None:
        """Run it; raise RuntimeError with the end of its output if it fails."""
        if (self.folder / result).exists():
            return
        began = time.time()
        with open(self.log, "a", encoding="utf-8") as log:
            done = subprocess.run(
                [str(part) for part in command], cwd=self.folder, env=self.environment, stdout=log, stderr=log, check=False
            )
            log.write(f"\n{result}: {time.time() - began:.0f} s, exit status {done.returncode}\n")
        if done.returncode:
            raise RuntimeError(f"{self.folder.name}: {result} failed: " + self.log.read_text()[-1500:])
        if not (self.folder / result).exists():
            (self.folder / result).touch()


def members_command(checkpoint: Path, lr: Path, start: dt.datetime, end: dt.datetime, to: str, members: int) -> list:
    """The command that draws members of the hours from `start` to `end`."""
    return [
        "anemoi-inference", "run", REPOSITORY / "config/inference/members.yaml", f"checkpoint={checkpoint}",
        f"date={text(start)}", f"lead_time={round((end - start) / HOUR)}h", f"runner.auto.members={members}",
        f"input.lr.dataset={lr}", f"output.hr.members={to}",
    ]  # fmt: skip


def execute(run: Run, study: dict, data: Path, to: Path) -> dict:
    """Train, draw and score one run; its scores."""
    folder, fold = to / run.name, study["folds"][run.fold]
    folder.mkdir(parents=True, exist_ok=True)
    step = Step(folder, run.seed)
    (folder / "run.yaml").write_text(yaml.safe_dump(training_config(run, fold, data), sort_keys=False))
    step("trained", "anemoi-training", "train", "--config-name=run")
    kept = run.overrides.get("checkpoint", "last")
    checkpoint = max((folder / "training").rglob(f"inference-{kept}.ckpt"), key=lambda p: p.stat().st_mtime)
    km = 25 if run.config.startswith("s25") else 10
    fine = data / f"{km}/every60-1km.zarr"
    coarse = fine if run.config.startswith("s1t") else data / f"{km}/every60-{km}km.zarr"
    start, end = (day(d) for d in fold["scored"])
    command = members_command(checkpoint, coarse, start, end, "members.nc", study.get("members", 8))
    step("members.nc", *command)
    quick = ["--baselines", "--bootstrap", 0, "--no-figure", "--no-report"]
    step("score/scorecard.json", "anemoi-scaleadapt", "verify", "members.nc", fine, "--lr", coarse, "--out", "score", *quick)
    return summary(folder)


def summary(folder: Path) -> dict:
    """What is kept of a run: the means of its scores, its last validation losses and its seconds."""
    card = json.loads((folder / "score" / "scorecard.json").read_text())
    systems = {name: card["systems"][name] for name in ("scaleadapt", "mean")}
    losses = {}
    for file in (folder / "training").rglob("metrics/val_hr_*loss"):
        lines = [line.split() for line in file.read_text().splitlines()]
        losses[file.name] = {int(float(step)): float(value) for _, value, step in lines}
    seconds = dict(re.findall(r"^(\S+): (\d+) s, exit", (folder / "log.txt").read_text(), re.MULTILINE))
    return {"systems": systems, "losses": losses, "seconds": {k: int(v) for k, v in seconds.items()}}


def main() -> int:
    """Run a study."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder made by data.sh")
    parser.add_argument("--to", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side (default: 1)")
    parser.add_argument("--only", nargs="*", default=[""], help="parts of names of runs")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no run later than this")
    parser.add_argument("--thin", action="store_true", help="remove members and checkpoints of runs that are scored")
    args = parser.parse_args()
    study, began = yaml.safe_load(args.study.read_text()), time.time()
    chosen = [run for run in runs(study) if any(part in run.name for part in args.only)]
    results, failed = {}, []

    def one(run: Run) -> None:
        folder = args.to.resolve() / run.name
        try:
            if (folder / "summary.json").exists():
                results[run.name] = json.loads((folder / "summary.json").read_text())
            elif time.time() - began < 60 * args.minutes:
                found = execute(run, study, args.data.resolve(), args.to.resolve())
                found |= {"config": run.config, "variant": run.variant, "fold": run.fold, "seed": run.seed}
                (folder / "summary.json").write_text(json.dumps(found))
                results[run.name] = found
                if args.thin:
                    shutil.rmtree(folder / "training", ignore_errors=True)
                    (folder / "members.nc").unlink(missing_ok=True)
            else:
                return
        except (RuntimeError, ValueError, KeyError) as error:
            failed.append(run.name)
            print(error, file=sys.stderr, flush=True)
            return
        scores = results[run.name]["systems"]["scaleadapt"]
        kept = " ".join(f"{k} {scores[k]:.4f}" for k in ("crps", "ssr", "q999_ratio", "spectra_ratio_high") if k in scores)
        print(f"{time.time() - began:5.0f} s  {run.name}: {kept}  {results[run.name]['seconds']}", flush=True)
        half = args.to / ".results.json.part"
        half.write_text(json.dumps(dict(sorted(results.items())), indent=1))
        half.replace(args.to / "results.json")

    args.to.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(args.jobs) as pool:
        list(pool.map(one, chosen))
    print(f"{len(results)} of {len(chosen)} runs in {args.to / 'results.json'}" + (f"; failed: {failed}" if failed else ""))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
