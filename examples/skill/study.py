"""Train, draw and score many variants of one method, each in a folder of its own; what is done is not repeated.

Usage: python examples/skill/study.py STUDY.yaml --data DATA --to RUNS [--jobs 2] [--only NAME ...]

A study names variants (overrides of a config), folds (which days are scored, which are watched in training; both are
hidden from it) and seeds. With `pool: true` every fold is scored beside the classical baselines, and so are the
members of all folds joined to one record. With `elsewhere` some folds also draw rain of another place. Everything runs
through the commands that users type: anemoi-training, anemoi-inference and anemoi-scaleadapt verify. RUNS/results.json
holds the scores of all runs that are complete; table.py prints it.
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
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
HOUR = dt.timedelta(hours=1)
VERIFY = ("anemoi-scaleadapt", "verify")
SLOW = ("--no-figure", "--no-report")
#: what results.json holds of a system; a run's scorecard has more
KEPT = (
    "crps", "rmse", "ssr", "fss_1mm_5km", "fss_5mm_5km", "fss_ensemble_1mm_5km", "fss_ensemble_5mm_5km",
    "spectra_ratio_high", "q99_ratio", "q999_ratio", "lag1_ratio", "wet_fraction_ratio", "conservation_error",
)  # fmt: skip
#: the record
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
        return "-".join(map(str, self.labels.values()))

    @property
    def labels(self) -> dict:
        """What its results are found by."""
        return {"config": self.config, "variant": self.variant, "fold": self.fold, "seed": self.seed}


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


def rest(hidden: list[tuple]) -> list[tuple]:
    """Stretches of the record outside the periods of `hidden`."""
    out, begin = [], FIRST
    for start, end in sorted(hidden):
        if start > begin:
            out.append((begin, start))
        begin = max(begin, end)
    return [*out, (begin, LAST)] if begin < LAST else out


def reader(path: Path, stretches: list[tuple]) -> dict:
    """How anemoi reads a dataset in one or more stretches of days; no window spans a gap."""
    parts = [{"dataset": str(path), "start": text(start + HOUR), "end": text(end)} for start, end in stretches]
    data = str(path) if len(parts) == 1 else {"concat": parts, "fill_missing_gaps": True}
    return {"dataset_config": {"dataset": data}, "start": parts[0]["start"], "end": parts[-1]["end"]}


def text(date: dt.datetime) -> str:
    """Write a date as anemoi wants it."""
    return date.isoformat()


def training_config(run: Run, fold: dict, data: Path, device: str) -> dict:
    """The run's config: the packaged one, the fold's days, the variant's overrides."""
    config: dict = {"defaults": [run.config, "_self_"]}
    hidden = {key: tuple(day(d) for d in fold[key]) for key in ("scored", "validation", "hidden") if key in fold}
    learnt = pair(run, data, f"every{run.overrides.get('every', 15)}")
    for name, path, watched in zip(("lr", "hr"), learnt, pair(run, data, "every60"), strict=True):
        put(config, f"system.input.dataset.{name}", str(path))
        put(config, f"dataloader.training.datasets.{name}", reader(path, rest(list(hidden.values()))))
        put(config, f"dataloader.validation.datasets.{name}", reader(watched, [hidden["validation"]]))
    put(config, "system.output.root", "training")
    put(config, "training.strategy._target_", "anemoi.training.distributed.single.SingleDeviceStrategy")
    put(config, "training.strategy.device", "cuda:0" if device == "cuda" else device)
    put(config, "system.hardware.accelerator", device)
    put(config, "dataloader.pin_memory", False)
    put(config, "training.method.graphs", device == "cuda")
    put(config, "diagnostics.plot.callbacks", [])
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
                [str(part) for part in command],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                check=False,
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


def execute(run: Run, study: dict, data: Path, to: Path, device: str) -> dict:
    """Train, draw and score one run; its scores."""
    folder, fold = to / run.name, study["folds"][run.fold]
    folder.mkdir(parents=True, exist_ok=True)
    step = Step(folder, run.seed)
    (folder / "run.yaml").write_text(yaml.safe_dump(training_config(run, fold, data, device), sort_keys=False))
    step("trained", "anemoi-training", "train", "--config-name=run")
    kept = run.overrides.get("checkpoint", "last")
    checkpoint = max((folder / "training").rglob(f"inference-{kept}.ckpt"), key=lambda p: p.stat().st_mtime)
    coarse, fine = pair(run, data, "every60")
    start, end = (day(d) for d in fold["scored"])
    count = study.get("members", 8)
    step("members.nc", *members_command(checkpoint, coarse, start, end, "members.nc", count))
    quick = ["--bootstrap", 0, *SLOW, *([] if study.get("pool") else ["--baselines"])]
    step("score/scorecard.json", *VERIFY, "members.nc", fine, "--lr", coarse, "--out", "score", *quick)
    for place, (start, end) in study.get("elsewhere", {}).items():
        coarse, fine = pair(run, data, place)
        if run.fold in study["elsewhere_folds"] and fine.exists():
            command = members_command(checkpoint, coarse, day(start), day(end), f"{place}.nc", count)
            step(f"{place}.nc", *command, f"runner.auto.grid={fine}")
            step(f"{place}/scorecard.json", *VERIFY, f"{place}.nc", fine, "--lr", coarse, "--out", place, *SLOW)
    return summary(folder)


def pair(run: Run, data: Path, kind: str) -> tuple[Path, Path]:
    """Coarse and fine dataset of a run."""
    km = 25 if run.config.startswith("s25") else 10
    fine = data / f"{km}/{kind}-1km.zarr"
    return (fine if run.config.startswith("s1t") else data / f"{km}/{kind}-{km}km.zarr"), fine


def joined_score(whole: Run, of: list[Run], data: Path, to: Path) -> dict:
    """Join the members of all folds of a variant and score them as one record, `whole`."""
    import xarray as xr

    folder = to / whole.name
    folder.mkdir(parents=True, exist_ok=True)
    step = Step(folder, whole.seed)
    coarse, fine = pair(whole, data, "every60")
    card = folder / "score" / "scorecard.json"
    if not card.exists():
        parts = [xr.load_dataset(to / run.name / "members.nc", engine="netcdf4") for run in of]
        joined = xr.concat(parts, "time", data_vars="minimal", coords="minimal", compat="override").sortby("time")
        joined.drop_encoding().to_netcdf(folder / "members.nc", engine="netcdf4")  # as read: minutes of zipping
        step("score/scorecard.json", *VERIFY, "members.nc", fine, "--lr", coarse, "--out", "score", *SLOW)
        (folder / "members.nc").unlink()
    return scores(card)


def scores(file: Path) -> dict:
    """What is kept of a scorecard: main scores of all systems, intervals of the ratios of CRPS to theirs."""
    card = json.loads(file.read_text())
    return {
        "systems": {
            name: {key: short(system[key]) for key in KEPT if system.get(key) is not None}
            for name, system in card["systems"].items()
            if system
        },
        "crps_intervals": {
            name: [short(end) for end in ratio["intervals"]["crps"]]
            for name, ratio in card["ratios"].items()
            if ratio and ratio.get("intervals")
        },
    }


def short(value: float) -> float:
    """Five digits of a number."""
    return float(f"{value:.5g}")


def summary(folder: Path) -> dict:
    """What is kept of a run: its scores, its validation losses and its seconds."""
    losses = {}
    for file in (folder / "training").rglob("metrics/val_hr_*loss"):
        lines = [line.split() for line in file.read_text().splitlines()]
        losses[file.name] = {int(float(step)): short(float(value)) for _, value, step in lines}
    seconds = dict(re.findall(r"^(\S+): (\d+) s, exit", (folder / "log.txt").read_text(), re.MULTILINE))
    out = scores(folder / "score/scorecard.json")
    out |= {"losses": losses, "seconds": {k: int(v) for k, v in seconds.items()}}
    for card in folder.glob("*/scorecard.json"):
        if card.parent.name != "score":
            out[card.parent.name] = scores(card)
    return out


def keep(results: dict, to: Path) -> None:
    """Write the results so far."""
    half = to / f".results.{threading.get_ident()}"
    half.write_text(json.dumps(dict(sorted(results.items())), indent=1))
    half.replace(to / "results.json")


def main() -> int:
    """Run a study."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder made by data.sh")
    parser.add_argument("--to", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side (default: 1)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--only", nargs="*", default=[""], help="parts of names of runs")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no run later than this")
    parser.add_argument("--thin", action="store_true", help="remove what scored runs no longer need")
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
                found = execute(run, study, args.data.resolve(), args.to.resolve(), args.device)
                found |= run.labels
                (folder / "summary.json").write_text(json.dumps(found))
                results[run.name] = found
                if args.thin:
                    shutil.rmtree(folder / "training", ignore_errors=True)
                    for members in () if study.get("pool") else folder.glob("*.nc"):
                        members.unlink()
            else:
                return
        except (RuntimeError, ValueError, KeyError) as error:
            failed.append(run.name)
            print(error, file=sys.stderr, flush=True)
            return
        ours = results[run.name]["systems"]["scaleadapt"]
        kept = " ".join(f"{k} {ours[k]:.4f}" for k in ("crps", "ssr", "q999_ratio", "spectra_ratio_high") if k in ours)
        print(f"{time.time() - began:5.0f} s  {run.name}: {kept}  {results[run.name]['seconds']}", flush=True)
        together = [r for r in chosen if (r.config, r.variant, r.seed) == (run.config, run.variant, run.seed)]
        if study.get("pool") and len(together) == len(study["folds"]) and all(r.name in results for r in together):
            whole = replace(run, fold="all")
            joined = joined_score(whole, together, args.data.resolve(), args.to.resolve())
            results[whole.name] = joined | whole.labels
        keep(results, args.to)

    args.to.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(args.jobs) as pool:
        list(pool.map(one, chosen))
    print(
        f"{sum(run.name in results for run in chosen)} of {len(chosen)} runs in {args.to / 'results.json'}"
        + (f"; failed: {failed}" if failed else "")
    )
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
