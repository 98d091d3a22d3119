"""Which coarse and fine hours make one sample."""

from collections.abc import Iterable, Mapping
from typing import Any

from anemoi.training.diagnostics.callbacks.plot_adapter import TemporalDownscalerPlotAdapter
from anemoi.training.tasks.base import BaseSingleStepTask
from omegaconf import OmegaConf

from anemoi_scaleadapt.hours import ONE_HOUR
from anemoi_scaleadapt.scale.pairs import trained
from anemoi_scaleadapt.training.keys import Periods, check_groups
from anemoi_scaleadapt.training.reading import Reading
from anemoi_scaleadapt.training.settings import TaskSettings
from anemoi_scaleadapt.training.source import checked


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
        If there is an unknown key or a value outside its range, or the datasets do not fit the pairs or each other.
    """

    #: anemoi-inference picks the runner by this name
    name = "scaleadapt"

    def __init__(
        self,
        scale: Mapping[str, Any] | None = None,
        pairs: Mapping[str, Any] | None = None,
        splits: Mapping[str, Any] | None = None,
        period: Mapping[str, Any] | None = None,
        groups: Iterable[str] = (),
        **settings: Any,
    ) -> None:
        check_groups(groups)
        Periods.from_config(plain(period or {}), "period")
        told = TaskSettings.from_config({key: plain(value) for key, value in settings.items()}, "task")
        self.pairs, _ = trained(plain(scale), plain(pairs))
        self.reading = Reading(self.pairs, told.window, told.lr, told.hr, told.rain)
        if splits:
            found = {"statics": list(told.statics), "units": told.units, "same_rain": told.same_rain}
            self.reading = checked(plain(splits), self.reading, **found)
        hours, targets = self.reading.hours, self.reading.window
        super().__init__([h * ONE_HOUR for h in hours], [h * ONE_HOUR for h in targets])
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


def plain(node: Any) -> Any:
    """A node of OmegaConf as plain Python; anything else as it is."""
    return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node
