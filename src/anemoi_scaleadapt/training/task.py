"""Which coarse and fine hours make one sample."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from anemoi.training.diagnostics.callbacks.plot_adapter import TemporalDownscalerPlotAdapter
from anemoi.training.tasks.base import BaseSingleStepTask
from anemoi.utils.dates import frequency_to_string
from omegaconf import OmegaConf
from torch import Tensor

from anemoi_scaleadapt.rain.average import average_hours
from anemoi_scaleadapt.scale import resolve
from anemoi_scaleadapt.training.checks import check_datasets
from anemoi_scaleadapt.training.keys import Periods, check_groups
from anemoi_scaleadapt.training.opened import Shape
from anemoi_scaleadapt.training.settings import TaskSettings

HOUR = datetime.timedelta(hours=1)


def plain(node: Any) -> Any:
    """A node of hydra's as plain Python; anything else as it is."""
    return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node


class SpaceTimeSuperResolution(BaseSingleStepTask):
    """One window of t hours: L coarse frames in, t fine hours out.

    The reference date is the window's start; dates name the end of an hour. The window's own frame is the mean
    over hours 1 .. t, the context frames lie t hours apart on both sides, as `scale.lookahead` says. Coarse data
    are read hour by hour and averaged here, so every hour can begin a training window and one hourly dataset
    serves every t.

    Parameters
    ----------
    scale : Mapping
        The config group ``scale``; read by :func:`anemoi_scaleadapt.scale.settings.resolve`.
    splits : Mapping, optional
        ``dataloader.<split>.datasets`` of each split. The task then looks at its datasets before anemoi opens them.
    period : Mapping, optional
        The config group ``period``, which the datasets of the splits quote.
    groups : iterable of str, optional
        Names of all groups of the config.
    **settings
        As in :class:`anemoi_scaleadapt.training.settings.TaskSettings`.

    Raises
    ------
    ScaleAdaptError
        If there is an unknown key or a value outside its range, or the datasets do not fit the scale or each other.
    """

    #: anemoi-inference picks the runner by this name
    name = "scaleadapt"

    def __init__(
        self,
        scale: Mapping[str, Any],
        splits: Mapping[str, Any] | None = None,
        period: Mapping[str, Any] | None = None,
        groups: Iterable[str] = (),
        **settings: Any,
    ) -> None:
        check_groups(groups)
        Periods.from_config(plain(period or {}), "period")
        told = TaskSettings.from_config({key: plain(value) for key, value in settings.items()}, "task")
        self.scale = resolve(plain(scale))
        self.lr, self.hr = told.lr, told.hr
        time, ends = self.scale.time, self.scale.frame_ends
        #: (y, x) of the coarse and of the fine grid
        self.shapes: tuple[Shape, Shape] | None = None
        if splits:
            found = check_datasets(splits, hours=len(ends) * time, space=self.scale.space, **dict(told))
            self.shapes = found[told.lr], found[told.hr]
        coarse = range(ends[0] * time + 1, (ends[-1] + 1) * time + 1)
        self._coarse_offsets = [hour * HOUR for hour in coarse]
        outputs = [hour * HOUR for hour in range(1, time + 1)]
        super().__init__(input_offsets=self._coarse_offsets, output_offsets=outputs)
        self._plot_adapter = TemporalDownscalerPlotAdapter(self)

    @property
    def num_input_timesteps(self) -> int:
        """Frames handed to the model, L."""
        return self.scale.context_length

    def get_inputs(self, batch: dict[str, Tensor], data_indices: dict, **_: Any) -> dict[str, Tensor]:
        """Coarse frames (batch, L, ensemble, grid, variables) and static fine fields (batch, 1, ...)."""
        coarse = batch[self.lr][:, self._offsets_to_batch_indices(self._coarse_offsets)]
        fine = batch[self.hr][:, self._offsets_to_batch_indices([HOUR])]
        return {
            self.lr: average_hours(coarse[..., data_indices[self.lr].data.input.full], self.scale.time),
            self.hr: fine[..., data_indices[self.hr].data.input.full],
        }

    def _get_timestep_for_metadata(self) -> str:
        return "1h"

    def fill_metadata(self, md_dict: dict) -> None:
        """Tell anemoi-inference which runner and which dates a checkpoint needs.

        ``input_offsets`` of the coarse dataset are the ends of its L frames, `t` hours apart: at inference the
        coarse rain need not be hourly.
        """
        super().fill_metadata(md_dict)
        inference = md_dict["metadata_inference"]
        inference["task"] = self.name
        inference["scaleadapt"] = {"scale": self.scale.as_dict()}
        if self.shapes:
            shapes = dict(zip((self.lr, self.hr), map(list, self.shapes), strict=True))
            inference["scaleadapt"]["field_shapes"] = shapes
        time = self.scale.time
        frames = [frequency_to_string((end + 1) * time * HOUR) if end != -1 else "0h" for end in self.scale.frame_ends]
        offsets = {self.lr: frames, self.hr: ["1h"]}
        for name in inference["dataset_names"]:
            inference[name]["timesteps"] = {
                **inference[name]["timesteps"],
                "input_offsets": offsets[name],
                "output_offsets": [frequency_to_string(o) for o in self._output_offsets],
                "rollout_shift": frequency_to_string(time * HOUR),
            }
