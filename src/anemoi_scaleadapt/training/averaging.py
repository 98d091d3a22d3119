"""Averaged weights that are the ones seen by validation, by checkpoints and by inference."""

from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn


class AveragedWeights(WeightAveraging):
    """Exponential moving average whose memory grows with training.

    Between two training steps the module holds the averaged weights, during a step the raw ones. Whatever looks at
    the module between steps (validation, anemoi's training and inference checkpoints, the end of training) thus sees
    the average; with Lightning's own class anemoi's inference checkpoints hold the raw weights.

    Parameters
    ----------
    memory : float
        The average forgets over about ``10 + memory * steps`` steps.
    """

    def __init__(self, memory: float = 0.08) -> None:
        def average(averaged: list[Tensor], current: list[Tensor], count: Tensor | int) -> None:
            """Update tensors of one type and device in place."""
            get_ema_multi_avg_fn(1 - 1 / (10 + memory * float(count)))(averaged, current, count)

        super().__init__(use_buffers=False, multi_avg_fn=average)  # buffers are followed as they are
        self._shown = False

    def _exchange(self, pl_module: pl.LightningModule, shown: bool) -> None:
        """Let the module hold the averaged (shown) or the raw weights."""
        if self._average_model is not None and self._shown != shown:
            self._swap_models(pl_module)
            self._shown = shown

    def _swap_models(self, pl_module: pl.LightningModule) -> None:
        """Exchange the two sets by their storage, without copying a value."""
        assert self._average_model is not None
        average = self._average_model.module
        for theirs, ours in ((average.parameters(), pl_module.parameters()), (average.buffers(), pl_module.buffers())):
            for one, other in zip(theirs, ours, strict=True):
                one.data, other.data = other.data, one.data

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any) -> None:
        """Bring back the raw weights for the step."""
        self._exchange(pl_module, shown=False)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Update the average, then show it."""
        self._exchange(pl_module, shown=False)
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
        self._exchange(pl_module, shown=True)

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Nothing to do: the average is already shown."""

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Nothing to do: the average stays shown until the next step."""

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Leave the average in the module for good."""
        self._exchange(pl_module, shown=True)

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Save both sets of weights: the average as ``state_dict``, the raw ones as ``current_model_state``."""
        if self._average_model is None or not self._shown:
            super().on_save_checkpoint(trainer, pl_module, checkpoint)
            return
        state = self._average_model.state_dict()
        raw = {name.removeprefix("module."): value for name, value in state.items() if name.startswith("module.")}
        checkpoint["current_model_state"] = raw
        checkpoint["averaging_state"] = {k: v for k, v in state.items() if not k.startswith("module.")}
