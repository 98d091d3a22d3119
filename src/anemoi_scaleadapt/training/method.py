"""The training method: both networks in one step, on crops of one pair, with small ensembles at validation."""

import zlib
from collections.abc import Mapping
from typing import Any, cast

import torch
from anemoi.training.train.methods.base import BaseTrainingModule
from anemoi.training.train.step_output import TrainingStepOutput
from anemoi.training.utils.index_space import IndexSpace
from anemoi.training.utils.seeding import get_base_seed
from einops import rearrange
from torch import Tensor

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.models.anemoi import ScaleAdaptModel
from anemoi_scaleadapt.scale import Scale
from anemoi_scaleadapt.scale.pairs import Pair, name
from anemoi_scaleadapt.training.batch import Fields, take_apart
from anemoi_scaleadapt.training.crops import crop_cells, draw_crops, symmetries, wettest
from anemoi_scaleadapt.training.ensemble import Ensemble, WettestWindows
from anemoi_scaleadapt.training.keys import check_config
from anemoi_scaleadapt.training.running import Means, UsualWet
from anemoi_scaleadapt.training.scores import NAMES, ensemble_scores
from anemoi_scaleadapt.training.settings import MethodSettings
from anemoi_scaleadapt.training.task import SpaceTimeSuperResolution, plain
from anemoi_scaleadapt.training.windows import Fitted, hidden_context, random_shift

LOSSES = ("mean_loss", "residual_loss")


class ScaleAdaptTraining(BaseTrainingModule):
    """Train the conditional mean and the residual diffusion together.

    Selected by ``training.method._target_``; settings are the other keys of ``training.method``
    (:class:`anemoi_scaleadapt.training.settings.MethodSettings`). Each step learns one factor pair, the same on every
    process. The loss is the sum of two calls of the loss class in ``training.training_loss.datasets.<hr>``: the mean
    network's on z, the residual network's on its output. In training it is taken on crops drawn where it rains; in
    validation on the wettest square of each window, pair by pair.

    Parameters
    ----------
    settings : Any
        Settings, then what anemoi passes (`config`, `task`, ...).
    """

    def __init__(self, *, config: Any, **kwargs: Any) -> None:
        check_config(config)
        given = plain(config.training.method)
        given.pop("_target_", None)
        self.settings = MethodSettings.from_config(given, "training.method")
        split = config.system.hardware.num_gpus_per_model
        if split > 1:
            raise ScaleAdaptError(
                f"system.hardware.num_gpus_per_model = {split}: crops are cut from whole fields, and one GPU holds a "
                "whole model. Set it to 1, and num_gpus_per_node to the number of GPUs."
            )
        if config.training.transfer_learning:
            raise ScaleAdaptError(
                "training.transfer_learning: anemoi looks for a graph processor in the config, which this model has "
                "not. training.load_weights_only=True alone begins with the weights of a checkpoint."
            )
        super().__init__(config=config, **{k: kwargs[k] for k in kwargs if k not in given})
        if self.settings.start is not None:
            begin_with(self.network, self.settings.start)
        task = cast(SpaceTimeSuperResolution, self.task)
        self.pairs, self.reading = task.pairs, task.reading
        self.watched = self.pairs.watched()
        self.wettest = WettestWindows(self.settings)
        self.usual_wet = UsualWet()
        whole = (*LOSSES, *NAMES)
        each = [f"{key}_{name(*pair)}" for pair in self.watched for key in whole] if len(self.watched) > 1 else []
        self.means = Means((*whole, *each))
        self._place = 0
        #: what the last validation drew, by pair
        self.ensembles: dict[Pair, Ensemble] = {}

    @property
    def network(self) -> ScaleAdaptModel:
        """The anemoi model that holds both networks."""
        return self.model.model

    def fields(self, batch: Any) -> Fields:
        """Rain and static fields of a batch."""
        columns = {name: self.data_indices[name].name_to_index for name in (self.reading.lr, self.reading.hr)}
        return take_apart(batch, self.reading, columns, self.network.static_names)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """Note which batch this is, for what is drawn."""
        self._place = batch_idx
        return super().training_step(batch, batch_idx)

    def validation_step(self, batch: Any, batch_idx: int) -> TrainingStepOutput:  # type: ignore[override]
        """Note which batch this is, for what is drawn."""
        self._place = batch_idx
        return super().validation_step(batch, batch_idx)

    def _step(self, batch: Any, validation_mode: bool = False) -> TrainingStepOutput:
        fields = self.fields(batch)
        losses = self._watch(fields) if validation_mode else self._learn(fields)
        return TrainingStepOutput(loss=losses["mean"] + losses["residual"], metrics={}, predictions=[])

    def _learn(self, fields: Fields) -> dict[str, Tensor]:
        """Losses of a training batch: crops of a pair that is drawn anew for every batch."""
        seed = f"{get_base_seed()}/{self.trainer.global_step}/{self._place}"
        # what a step draws hangs on the step, not on those before it: a run that is killed goes on as it would have
        torch.manual_seed(zlib.crc32(f"{seed}/{self.global_rank}".encode()))
        scale = self.network.scale_of(*self.pairs.draw(seed))
        s, t = scale.space, scale.time
        fitted = self._fit(fields, scale, random_shift(fields, s))
        size = crop_cells(self.settings.crop, s, fitted.domain)
        # about the same number of values in every batch
        most = self.settings.crops_per_field * self.settings.crop**2 * len(self.reading.window)
        count = max(1, round(len(fields.fine) * most / ((size * s) ** 2 * fitted.hours)))
        drawn = draw_crops(fitted.now(), size, count)
        device = drawn.origins.device
        turns = symmetries(count, device)
        windows = fitted.squares(drawn.origins, size, turns)
        wide = self.network.scale is None
        seen = hidden_context(scale, fitted.hours, count, self.settings.hide_frames, wide, device)
        statics = self.network.standardise(windows.statics)
        motion = fitted.motion(drawn.origins, size, turns, seen)
        terms = self.network.downscaler.terms(windows.axis, windows.fine, scale, statics, seen, motion=motion)
        weights = drawn.weights / self.usual_wet(drawn.wet, drawn.places, s, t)
        losses = {key: self._loss(*pair, weights) for key, pair in terms.items()}
        for key, value in losses.items():
            title = f"train_{self.network.hr}_{key}_loss"
            self.log(title, value.detach(), on_step=True, logger=self.logger_enabled, batch_size=count)
        return losses

    def _watch(self, fields: Fields) -> dict[str, Tensor]:
        """Losses of a validation batch on the wettest square of each window, pair after pair; always the same noise."""
        pair = self.watched[self._place % len(self.watched)]
        scale = self.network.scale_of(*pair)
        fitted = self._fit(fields, scale)
        size = min(max(1, self.settings.score_size // scale.space), *fitted.domain)
        origins, wetness = wettest(fitted.now(), size)
        windows = fitted.squares(origins, size)
        generator = torch.Generator(windows.fine.device).manual_seed(self._place)
        statics = self.network.standardise(windows.statics)
        net = self.network.downscaler
        terms = net.terms(windows.axis, windows.fine, scale, statics, generator=generator)
        losses = {key: self._loss(*found, None) for key, found in terms.items()}
        for key, (_, target) in terms.items():
            self._note(pair, f"{key}_loss", losses[key], (~target.isnan()).sum())
        self.wettest.offer(pair, wetness, windows)
        return losses

    def _fit(self, fields: Fields, scale: Scale, shift: tuple[int, int] = (0, 0)) -> Fitted:
        return Fitted(fields, scale, self.reading.window_length, self.reading.edge, shift)

    def _loss(self, prediction: Tensor, target: Tensor, weights: Tensor | None) -> Tensor:
        prediction, target = (rearrange(a, "n t y x -> n t 1 (y x) 1") for a in (prediction, target))
        layout = IndexSpace.MODEL_OUTPUT
        return self.loss[self.network.hr](prediction, target, weights=weights, pred_layout=layout, target_layout=layout)

    def _note(self, pair: Pair, key: str, value: Tensor, weight: Tensor | float = 1.0) -> None:
        """Take a number of the validation into the means: of all pairs, and of its own."""
        self.means.add(key, value, weight)
        if len(self.watched) > 1:
            self.means.add(f"{key}_{name(*pair)}", value, weight)

    @property
    def _datamodule(self) -> Any:
        """anemoi's datamodule; Lightning's types do not know of it."""
        return cast(Any, self.trainer).datamodule

    # -- around the steps ------------------------------------------------------------------------------------

    def on_load_checkpoint(self, checkpoint: Any) -> None:
        """Refuse weights of another architecture; anemoi would leave out what does not fit and train from nothing."""
        state, prefix = checkpoint.get("state_dict", {}), "model.model.downscaler."
        for key, own in self.state_dict().items():
            if key.startswith(prefix) and (key not in state or state[key].shape != own.shape):
                found = tuple(state[key].shape) if key in state else "not there"
                raise ScaleAdaptError(
                    f"The checkpoint holds weights of another network: {key.removeprefix(prefix)} is {found}, not "
                    f"{tuple(own.shape)}. Give model.model.network (and the static fields) as they were trained."
                )
        super().on_load_checkpoint(checkpoint)

    def on_fit_start(self) -> None:
        """Read no more than is needed, and write what the networks are, loaded weights included, to checkpoints."""
        self.reading.narrow(self._datamodule)
        self.network.fill_metadata(self.model.metadata)

    def on_train_epoch_end(self) -> None:
        """Go on reading no more than is needed: anemoi sets its list of hours anew for the next epoch."""
        super().on_train_epoch_end()
        self.reading.narrow(self._datamodule)

    def on_validation_epoch_start(self) -> None:
        """Begin to look for the wettest windows."""
        super().on_validation_epoch_start()
        self.ensembles = {}
        self.wettest.begin(self.trainer.global_step)

    def on_validation_epoch_end(self) -> None:
        """Draw the members of the wettest windows; log their scores and the losses, as means over all processes."""
        super().on_validation_epoch_end()
        if self.wettest.due:
            with self.trainer.precision_plugin.forward_context():
                self.ensembles = self.wettest.draw(self.network)
        for pair, ensemble in self.ensembles.items():
            for key, value in ensemble_scores(ensemble.members, ensemble.truth).items():
                self._note(pair, key, value)
        self._log_means(self.means.take(self.device))

    def _log_means(self, means: Mapping[str, Tensor]) -> None:
        for key, value in means.items():
            self.log(
                f"val_{self.network.hr}_{key}", value, logger=self.logger_enabled, batch_size=1, rank_zero_only=False
            )


def begin_with(network: ScaleAdaptModel, start: str) -> None:
    """Load exported weights, with the rain unit that belongs to them.

    Parameters
    ----------
    network : ScaleAdaptModel
        Of the same sizes.
    start : str
        ``training.method.start``.

    Raises
    ------
    ScaleAdaptError
        If they cannot be read, or the networks are of another architecture.
    """
    from anemoi_scaleadapt.pretrained import load

    try:
        network.load_state_dict(load(start).state_dict())
    except RuntimeError as error:
        raise ScaleAdaptError(
            f"training.method.start = {start!r}: its networks are of another architecture than model.model.network "
            f"says ({str(error).splitlines()[-1].strip()}). Leave model.model.network as it is in the package, or "
            "train from nothing."
        ) from error
