"""Whether reading keeps ahead of training: seconds a batch that the loader, the crops and the networks take.

    python benchmarks/reading.py --hr HR.zarr [--lr LR.zarr] [--config any --batches 8] [--device cuda] [OVERRIDE ...]

Reading is measured alone, on `dataloader.num_workers.training` processes: the time between batches that nobody works
on. Training waits for it only where it takes longer than crops and networks together.
"""

import argparse
import os
import tempfile
import time
from unittest import mock

import pyproj  # noqa: F401  (before eccodes)
import torch
from anemoi.training.train.train import AnemoiTrainer
from hydra import compose, initialize

from anemoi_scaleadapt.training.crops import crop_cells, draw_crops, symmetries
from anemoi_scaleadapt.training.windows import random_shift


def build(args, folder):
    """anemoi's trainer of a named config, its model on the device."""
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    paths = [f"system.input.dataset.hr={args.hr}", f"system.output.root={folder}"]
    paths += [f"system.input.dataset.lr={args.lr}"] if args.lr else []
    with initialize(version_base=None):
        config = compose(args.config, [*paths, "diagnostics.log.mlflow.enabled=False", *args.overrides])
    trainer = AnemoiTrainer(config)
    trainer.model.reading.narrow(trainer.datamodule)
    return trainer


def clock(device):
    """Now, in seconds, when the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def crops(model, fields, pair):
    """What a step does before the networks: one pair's frames and crops."""
    scale = model.network.scale_of(*pair)
    fitted = model._fit(fields, scale, random_shift(fields, scale.space))
    size = crop_cells(model.settings.crop, scale.space, fitted.domain)
    drawn = draw_crops(fitted.now(), size, len(fields.fine) * model.settings.crops_per_field)
    return fitted.squares(drawn.origins, size, symmetries(len(drawn.origins), drawn.origins.device))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hr", required=True)
    parser.add_argument("--lr")
    parser.add_argument("--config", default="any")
    parser.add_argument("--batches", type=int, default=8)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("overrides", nargs="*")
    args = parser.parse_args()
    device = torch.device(args.device)
    with tempfile.TemporaryDirectory() as folder:
        trainer = build(args, folder)
        model = trainer.model.to(device).train()
        loader = iter(trainer.datamodule.train_dataloader())
        batch = next(loader)  # the first waits for the processes to start
        begun = time.perf_counter()
        for _ in range(args.batches):
            batch = next(loader)
        read = (time.perf_counter() - begun) / args.batches
        shapes = {name: tuple(x.shape) for name, x in batch.items()}
        size = sum(x.numel() * x.element_size() for x in batch.values()) / 1e6
        print(f"{args.config}: a batch is {shapes}, {size:.0f} MB; read in {read:.2f} s")
        at = clock(device)
        batch = model._normalize_batch({name: x.to(device) for name, x in batch.items()})
        print(f"moved and imputed in {clock(device) - at:.2f} s\n")
        print("| pair | frames and crops, s | whole step, s |\n|---|---|---|")
        fields, step = model.fields(batch), mock.Mock(global_step=0)
        for pair in model.watched:
            times = []
            for _ in range(3):
                at = clock(device)
                crops(model, fields, pair)
                cut = clock(device) - at
                kind = type(model)
                with (
                    mock.patch.object(kind, "trainer", step),
                    mock.patch.object(kind, "log"),
                    mock.patch.object(kind, "logger_enabled", False),
                    mock.patch.object(type(model.pairs), "draw", lambda _, __, pair=pair: pair),
                ):
                    at = clock(device)
                    sum(model._learn(fields).values()).backward()
                times.append((cut, clock(device) - at))
            print(f"| {pair} | {min(t[0] for t in times):.2f} | {min(t[1] for t in times):.2f} |")


if __name__ == "__main__":
    main()
