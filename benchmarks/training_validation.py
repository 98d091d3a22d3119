"""What validation costs in training: share of the time that scores and picture take, and the whole of validation.

    python benchmarks/training_validation.py --hr HR.zarr [--lr LR.zarr] [--config demo --steps 160] [OVERRIDE ...]

trains through anemoi-training (its profiler is Lightning's), validating after every epoch, drawing pictures in the
foreground. From the mean cost of a step, of an ensemble and of a picture it then gives the share at any cadence.
"""

import argparse
import os
import tempfile
import time
from functools import cached_property

import pyproj  # noqa: F401  (before eccodes)
import pytorch_lightning as pl
from anemoi.training.train.train import AnemoiTrainer
from pytorch_lightning.profilers import SimpleProfiler

SCORES, PICTURE = "ScaleAdaptTraining.on_validation_epoch_end", "RainPicture.on_validation_end"


class Clock(pl.Callback):
    """Times of the whole training and of its validations, and the steps at which they began."""

    def __init__(self):
        self.steps, self.validation = [], []

    def on_train_start(self, trainer, pl_module):
        self.begun = time.perf_counter()

    def on_validation_start(self, trainer, pl_module):
        self.steps.append(trainer.global_step)
        self.validation.append(-time.perf_counter())

    def on_validation_end(self, trainer, pl_module):
        self.validation[-1] += time.perf_counter()

    def on_train_end(self, trainer, pl_module):
        self.whole = time.perf_counter() - self.begun


class Timed(AnemoiTrainer):
    """anemoi's trainer with a profiler and a clock."""

    def __init__(self, config):
        self.clock, self.times = Clock(), SimpleProfiler()
        super().__init__(config)

    @cached_property
    def profiler(self):
        return self.times

    @cached_property
    def callbacks(self):
        return [*super().callbacks, self.clock]

    def took(self, name):
        """Durations of what the profiler knows by a name that ends so."""
        return [
            d for action, durations in self.times.recorded_durations.items() if action.endswith(name) for d in durations
        ]


def train(args):
    from hydra import compose, initialize

    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    with initialize(version_base=None), tempfile.TemporaryDirectory() as folder:
        config = compose(
            args.config,
            [
                *([f"system.input.dataset.lr={args.lr}"] if args.lr else []),
                f"system.input.dataset.hr={args.hr}",
                f"system.output.root={folder}",
                f"training.max_steps={args.steps}",
                "diagnostics.check_val_every_n_epoch=1",
                "diagnostics.plot.settings.asynchronous=False",
                "diagnostics.enable_progress_bar=False",
                *args.overrides,
            ],
        )
        trainer = Timed(config)
        trainer.train()
        return trainer, config.training.method.score_every


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lr")
    parser.add_argument("--hr", required=True)
    parser.add_argument("--config", default="demo")
    parser.add_argument("--steps", type=int, default=160)
    parser.add_argument("overrides", nargs="*", help="as for anemoi-training")
    args = parser.parse_args()
    trainer, least = train(args)
    clock = trainer.clock
    scores = [d for d in trainer.took(SCORES) if d > 0.01]
    pictures = [d for d in trainer.took(PICTURE) if d > 0.01]
    step = (clock.whole - sum(clock.validation)) / args.steps
    score, picture = (sum(d) / max(len(d), 1) for d in (scores, pictures))
    rest = (sum(clock.validation) - sum(scores) - sum(pictures)) / len(clock.validation)
    epoch = clock.steps[0]
    print(f"{args.config}: {args.steps} steps of {step:.2f} s, {epoch} an epoch; validations after {clock.steps}")
    print(f"an ensemble {score:.2f} s ({len(scores)} drawn), a picture {picture:.2f} s; ", end="")
    print(f"the rest of a validation {rest:.2f} s")
    print(f"in this run: scores and picture {(sum(scores) + sum(pictures)) / clock.whole:.1%}", end=", ")
    print(f"validation in all {sum(clock.validation) / clock.whole:.1%} of {clock.whole:.0f} s\n")
    print("| validation every | ensemble every | scores and picture | validation in all |\n|---|---|---|---|")
    for epochs in (1, 2, 4):
        between = epochs * epoch
        drawn = -(-least // between) * between
        extra, base = (score + picture) / drawn, rest / between
        total = step + extra + base
        print(f"| {between} steps | {drawn} steps | {extra / total:.1%} | {(extra + base) / total:.1%} |")


if __name__ == "__main__":
    main()
