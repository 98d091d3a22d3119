"""A callback that keeps what each process of a training ends with."""

from pathlib import Path

import pytorch_lightning as pl
import torch


class KeepRanks(pl.Callback):
    """Write parameters and buffers of each process, and what it learnt from, to ``rankN.pt`` in a folder."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.seen: list[float] = []

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.seen.append(float(batch["hr"].clamp(min=0).mean()))

    def on_train_batch_end(self, trainer, pl_module, *_):
        if trainer.global_step == trainer.max_steps:
            tensors = {name: x.detach().clone() for name, x in pl_module.named_parameters()}
            tensors |= {name: x.clone() for name, x in pl_module.named_buffers()}
            torch.save({"tensors": tensors, "seen": self.seen}, self.folder / f"rank{trainer.global_rank}.pt")
