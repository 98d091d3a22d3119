"""Pictures of validation windows, one a pair: coarse input, truth, mean and members, hour by hour."""

import logging
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import pytorch_lightning as pl
from anemoi.training.diagnostics.callbacks.plot import BasePlotCallback

from anemoi_scaleadapt.conservation import nearest
from anemoi_scaleadapt.report.figure import plot
from anemoi_scaleadapt.scale.pairs import Pair
from anemoi_scaleadapt.scale.pairs import name as pair_name
from anemoi_scaleadapt.training.ensemble import Ensemble
from anemoi_scaleadapt.training.settings import PictureSettings

LOG = logging.getLogger(__name__)
#: hours that are drawn of a window, its first ones
HOURS = 6


class RainPicture(BasePlotCallback):
    """Draw the wettest window of each pair of a validation into the run's artifacts, as anemoi's own callbacks do.

    Registered in ``diagnostics.plot.callbacks``. It draws what the training method has drawn for its scores
    (``training.method.score_*``), so that a picture costs no evaluation of the networks, and nothing is drawn where
    there are no scores. The file is `plots/rain_s10t3_epochNNN.jpg` below the run's output, and an artifact in
    ``RainPicture/`` where mlflow tracks the run. A picture that fails is a line in the log, not the end of a training.

    Parameters
    ----------
    dataset_names, plotting_settings
        As anemoi passes them; ``asynchronous`` draws beside the training.
    **settings
        As in :class:`anemoi_scaleadapt.training.settings.PictureSettings`.

    Raises
    ------
    ScaleAdaptError
        For a setting that is unknown or outside its range.
    """

    def __init__(self, *, dataset_names: Any = None, plotting_settings: Any = None, **settings: Any) -> None:
        told = PictureSettings.from_config(settings, "diagnostics.plot.callbacks.RainPicture")
        super().__init__(dataset_names=dataset_names, plotting_settings=plotting_settings)
        self.every, self.members, self._seen = told.every, told.members, 0

    def on_validation_end(self, trainer: pl.Trainer, pl_module: Any) -> None:
        """Hand the windows to the drawer."""
        if trainer.sanity_checking or not pl_module.ensembles:
            return
        self._seen += 1
        if (self._seen - 1) % self.every == 0 and trainer.is_global_zero:
            flip = _south_first(pl_module)
            for pair, ensemble in pl_module.ensembles.items():
                fields = panels(ensemble, self.members)
                self.plot(trainer, pair, {title: x[:, ::-1] if flip else x for title, x in fields.items()})

    def state_dict(self) -> dict[str, int]:
        """How many validations with scores there were, so that a resumed run keeps the cadence."""
        return {"seen": self._seen}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """See :meth:`state_dict`."""
        self._seen = state_dict["seen"]

    def _plot(self, trainer: Any, pair: Pair, fields: Mapping[str, np.ndarray]) -> None:  # type: ignore[override]
        # gets what on_validation_end gives to plot
        try:
            rows = [f"hour {hour + 1}" for hour in range(len(fields["truth"]))]
            title = f"Rain {pair[0]}× finer in space, {pair[1]}× in time"
            figure = plot(fields, rows, title, f"A window of the validation after {trainer.global_step} steps.")
            tag = f"rain_{pair_name(*pair)}"
            self._output_figure(
                cast(Any, trainer.logger), figure, trainer.current_epoch, tag=tag, exp_log_tag=f"val_{tag}"
            )
        except Exception:
            LOG.exception("The picture of this validation failed; the training goes on.")


def _south_first(pl_module: Any) -> bool:
    """Whether the first row of the fine grid is its southernmost."""
    network = pl_module.network
    latitudes = network._graph_data[network.hr].x[:, 0]
    return bool(latitudes[0] < latitudes[-1])


def panels(ensemble: Ensemble, members: int) -> dict[str, np.ndarray]:
    """Return the columns of the picture, title -> (hours, y, x) in mm h-1, of the first window of an ensemble."""
    truth = ensemble.truth[0]
    coarse = nearest(ensemble.coarse[0], truth.shape[-1] // ensemble.coarse.shape[-1])
    out = {"coarse input": coarse, "truth": truth, "mean": ensemble.mean[0]}
    out |= {f"member {k + 1}": ensemble.members[0, :, k] for k in range(min(members, ensemble.members.shape[2]))}
    return {title: x[:HOURS].float().cpu().numpy() for title, x in out.items()}
