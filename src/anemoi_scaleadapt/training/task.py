"""Which coarse and fine hours make one sample."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from anemoi.training.diagnostics.callbacks.plot_adapter import TemporalDownscalerPlotAdapter
from anemoi.training.tasks.base import BaseSingleStepTask
from omegaconf import OmegaConf

from anemoi_scaleadapt.scale.check import integer
from anemoi_scaleadapt.scale.pairs import trained
from anemoi_scaleadapt.training.reading import Reading
from anemoi_scaleadapt.training.source import checked

HOUR = datetime.timedelta(hours=1)


class SpaceTimeSuperResolution(BaseSingleStepTask):
    """A window of fine hours, and the coarse rain of these hours and those round them.

    The reference date is the window's start; dates name the end of an hour. All rain is read hour by hour, so that
    every hour can begin a window and one hourly dataset serves every t. Where there is no coarse dataset, coarse rain
    is the block mean of the fine rain that is read.

    Parameters
    ----------
    scale, pairs : Mapping, optional
        The config groups of these names: one factor pair, or several
        (:func:`anemoi_scaleadapt.scale.pairs.trained`).
    window : int
        About how many hours are learnt at once: as many whole frames as fit, at least one. With what lies round them
        they are what is read for a sample.
    lr, hr, rain : str
        Names of the coarse and of the fine dataset, and of the rain in both.
    splits : Mapping, optional
        ``dataloader.<split>.datasets`` of each split. The task then looks at its datasets before anemoi opens them.
    statics : sequence of str
        Static fields that the fine dataset is read for.
    units : str, optional
        Of the rain, where the datasets do not say it or say it wrongly; training needs mm h-1.
    same_rain : bool
        Whether coarse rain that is not the block mean of the fine rain is an error; else a warning.

    Raises
    ------
    ScaleAdaptError
        If there is an unknown key or a value outside its range, or the datasets do not fit the pairs or each other.
    """

    #: anemoi-inference picks the runner by this name
    name = "scaleadapt"

    def __init__(
        self,
        scale: Mapping[str, Any] | None = None,
        pairs: Mapping[str, Any] | None = None,
        window: int = 12,
        lr: str = "lr",
        hr: str = "hr",
        rain: str = "rain",
        splits: Mapping[str, Any] | None = None,
        statics: Sequence[str] = (),
        units: str | None = None,
        same_rain: bool = True,
    ) -> None:
        self.pairs, _ = trained(_plain(scale), _plain(pairs))
        integer("task.window", window, 2, 48, "the hours of a window")
        self.reading = Reading(self.pairs, window, lr, hr, rain)
        if splits:
            found = {"statics": list(statics), "units": units, "same_rain": same_rain}
            self.reading = checked(_plain(splits), self.reading, **found)
        hours, targets = self.reading.hours, self.reading.window
        super().__init__([h * HOUR for h in hours], [h * HOUR for h in targets])
        self._plot_adapter = TemporalDownscalerPlotAdapter(self)

    def _get_timestep_for_metadata(self) -> str:
        return "1h"

    def fill_metadata(self, md_dict: dict) -> None:
        """Tell anemoi-inference which runner a checkpoint needs, and the runner which grid was trained on."""
        super().fill_metadata(md_dict)
        inference, reading = md_dict["metadata_inference"], self.reading
        inference["task"] = self.name
        inference["scaleadapt"] = {"field_shapes": {name: list(shape) for name, shape in reading.shapes.items()}}
        for name in inference["dataset_names"]:
            # dates are the runner's own business: they hang on the pair of a run
            inference[name]["timesteps"] = {
                **inference[name]["timesteps"],
                "input_offsets": ["0h"] if name == reading.lr else ["1h"],
                "output_offsets": ["1h"],
                "rollout_shift": "1h",
            }


def _plain(node: Any) -> Any:
    """A node of OmegaConf as plain Python; anything else as it is."""
    return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
