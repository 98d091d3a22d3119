"""The training method: both networks in one step, on crops, with scores of a small ensemble at validation."""

from typing import Any

import torch
from anemoi.training.train.methods.base import BaseTrainingModule
from anemoi.training.train.step_output import TrainingStepOutput
from anemoi.training.utils.index_space import IndexSpace
from einops import rearrange
from omegaconf import OmegaConf
from torch import Tensor

from anemoi_scaleadapt.models.anemoi import ScaleAdaptModel
from anemoi_scaleadapt.models.downscaler import just_run
from anemoi_scaleadapt.training.crops import RunningMean, cut, draw_origins, hide_frames, symmetries, turn
from anemoi_scaleadapt.training.ensemble import Ensemble, WettestWindows
from anemoi_scaleadapt.training.graphs import Recorder
from anemoi_scaleadapt.training.keys import check_config
from anemoi_scaleadapt.training.scores import NAMES, ensemble_scores
from anemoi_scaleadapt.training.settings import MethodSettings


class ScaleAdaptTraining(BaseTrainingModule):
    """Train the conditional mean and the residual diffusion together.

    Selected by ``training.method._target_``; settings are the other keys of ``training.method``
    (:class:`anemoi_scaleadapt.training.settings.MethodSettings`). The loss is the sum of two calls of the loss
    class in ``training.training_loss.datasets.<hr>``: the mean network's on z, the residual network's on its
    output. In training it is taken on crops drawn where it rains; in validation on whole fields.

    Parameters
    ----------
    settings : Any
        Settings, then what anemoi passes (`config`, `task`, ...).
    """

    def __init__(self, *, config: Any, **kwargs: Any) -> None:
        check_config(config)
        given = OmegaConf.to_container(OmegaConf.create(config.training.method), resolve=True)
        given.pop("_target_", None)
        self.settings = MethodSettings.from_config(given, "training.method")
        anemoi = {k: kwargs[k] for k in kwargs if k not in given}
        super().__init__(config=config, **anemoi)
        self.runner = Recorder() if self.settings.graphs else just_run
        self.wettest = WettestWindows(self.settings)
        self.usual_wet = RunningMean()
        #: what the last validation drew, None where it drew nothing
        self.ensemble: Ensemble | None = None

    @property
    def network(self) -> ScaleAdaptModel:
        """The anemoi model that holds both networks."""
        return self.model.model

    def fields(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor | None]:
        """Coarse frames (n, L, y, x), fine hours (n, t, y, x) and static fields (n, c, y, x) of a batch."""
        net = self.network
        inputs = self.task.get_inputs(batch, data_indices=self.data_indices)
        target = self.task.get_targets(batch)[net.hr]
        place = self.data_indices[net.hr].name_to_index[net.variable]
        coarse, fine = self.task.shapes
        hr = rearrange(target[..., place], "b t 1 (y x) -> b t y x", y=fine[0], x=fine[1])
        return net.coarse(inputs[net.lr], coarse), hr, net.statics(inputs[net.hr], fine)

    def crops(self, lr: Tensor, hr: Tensor, statics: Tensor | None) -> tuple[Tensor, Tensor, Tensor | None, Tensor]:
        """Crops of a batch, turned at random, and their weights."""
        space = self.network.scale.space
        size = min(max(1, self.settings.crop // space), *lr.shape[-2:])
        now = torch.nan_to_num(self.network.downscaler.current(lr))
        origins, weights, wet = draw_origins(now, size, lr.shape[0] * self.settings.crops_per_field)
        which = symmetries(len(origins), lr.device)
        coarse = hide_frames(cut(lr, origins, size, 1), self.network.scale.frame_ends, self.settings.hide_frames)
        return (
            turn(coarse, which),
            turn(cut(hr, origins, size, space), which),
            None if statics is None else turn(cut(statics, origins, size, space), which),
            weights / self.usual_wet(wet),
        )

    def _step(self, batch: dict[str, Tensor], validation_mode: bool = False) -> TrainingStepOutput:
        """Loss of a batch; validation also keeps its wettest windows."""
        net, weights, generator = self.network, None, None
        lr, hr, statics = self.fields(batch)
        if validation_mode:
            generator = torch.Generator(lr.device).manual_seed(0)
        else:
            lr, hr, statics, weights = self.crops(lr, hr, statics)
        pairs = net.downscaler.terms(lr, hr, statics, generator, runner=just_run if validation_mode else self.runner)
        losses = {name: self._loss(*pair, weights) for name, pair in pairs.items()}
        metrics = {f"{net.hr}_{name}_loss": value.detach() for name, value in losses.items()}
        if validation_mode:
            self.wettest.offer(net.downscaler, lr, hr, statics)
        else:
            self._log_losses(metrics, len(lr))
        return TrainingStepOutput(loss=losses["mean"] + losses["residual"], metrics=metrics, predictions=[])

    def _loss(self, prediction: Tensor, target: Tensor, weights: Tensor | None) -> Tensor:
        prediction, target = (rearrange(a, "n t y x -> n t 1 (y x) 1") for a in (prediction, target))
        layout = IndexSpace.MODEL_OUTPUT
        return self.loss[self.network.hr](prediction, target, weights=weights, pred_layout=layout, target_layout=layout)

    def _log_losses(self, losses: dict[str, Tensor], count: int) -> None:
        for name, value in losses.items():
            self.log(f"train_{name}", value, on_step=True, logger=self.logger_enabled, batch_size=count)

    # -- a small ensemble at validation ----------------------------------------------------------------------

    def on_validation_epoch_start(self) -> None:
        """Begin to look for the wettest windows."""
        super().on_validation_epoch_start()
        self.ensemble = None
        self.wettest.begin(self.trainer.global_step)

    def on_validation_epoch_end(self) -> None:
        """Draw the members of the wettest windows and log their scores."""
        super().on_validation_epoch_end()
        if not self.wettest.due:
            return
        with self.trainer.precision_plugin.forward_context():
            self.ensemble = self.wettest.draw(self.network.downscaler)
        scores = ensemble_scores(self.ensemble.members, self.ensemble.truth) if self.ensemble else {}
        for name in NAMES:  # the same ones on every process
            value = scores.get(name, float("nan"))
            self.log(f"val_{self.network.hr}_{name}", value, logger=self.logger_enabled, batch_size=1, sync_dist=True)
