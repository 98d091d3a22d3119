"""Which coarse and fine hours make one sample."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from anemoi.training.diagnostics.callbacks.plot_adapter import TemporalDownscalerPlotAdapter
from anemoi.training.tasks.base import BaseSingleStepTask
from anemoi.utils.dates import frequency_to_string
from torch import Tensor

from anemoi_scaleadapt.rain.average import average_hours
from anemoi_scaleadapt.scale import resolve
from anemoi_scaleadapt.training.checks import check_datasets
from anemoi_scaleadapt.training.opened import Shape

HOUR = datetime.timedelta(hours=1)


class SpaceTimeSuperResolution(BaseSingleStepTask):
    """One window of t hours: L coarse frames in, t fine hours out.

    The reference date is the window's start; dates name the end of an hour. The window's own frame is the mean
    over hours 1 .. t, the context frames lie t hours apart on both sides, as `scale.lookahead` says. Coarse data
    are read hour by hour and averaged here, so every hour can begin a training window and one hourly dataset
    serves every t.

    Parameters
    ----------
    scale : Mapping
        The config group ``scale``; read by :func:`anemoi_scaleadapt.scale.recipe.resolve`.
    lr, hr : str
        Names of the coarse and of the fine dataset.
    splits : Mapping, optional
        ``dataloader.<split>.datasets`` of each split. The task then looks at its datasets before anemoi opens them.
    rain : str
        Name of the rain in both.
    statics : sequence of str
        Static fields that the fine dataset is read for.
    units : str, optional
        Of the rain, where the datasets do not say it or say it wrongly; training needs mm h-1.
    same_rain : bool
        Whether coarse rain that is not the block mean of the fine rain is an error; else a warning.

    Raises
    ------
    ScaleAdaptError
        If `scale` holds an unknown key or a value outside its range, or the datasets do not fit it or each other.
    """

    #: anemoi-inference picks the runner by this name
    name = "scaleadapt"

    def __init__(
        self,
        scale: Mapping[str, Any],
        lr: str = "lr",
        hr: str = "hr",
        splits: Mapping[str, Any] | None = None,
        rain: str = "rain",
        statics: Sequence[str] = (),
        units: str | None = None,
        same_rain: bool = True,
    ) -> None:
        self.scale = resolve(scale)
        self.lr, self.hr = lr, hr
        time, ends = self.scale.time, self.scale.frame_ends
        #: (y, x) of the coarse and of the fine grid
        self.shapes: tuple[Shape, Shape] | None = None
        if splits:
            found = check_datasets(
                splits, hours=len(ends) * time, space=self.scale.space, lr=lr, hr=hr,
                rain=rain, statics=statics, units=units, same_rain=same_rain,
            )  # fmt: skip
            self.shapes = found[lr], found[hr]
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
