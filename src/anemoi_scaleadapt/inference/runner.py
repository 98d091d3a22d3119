"""The runner of anemoi-inference: slides over any lead time and draws members window by window."""

import datetime
import logging
import math
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from anemoi.inference.runner import Runner
from anemoi.utils.dates import as_timedelta, frequency_to_string
from rich.console import Console
from rich.progress import track

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.inference.grid import fine_grid
from anemoi_scaleadapt.inference.output import abandon, begin, mark, takes_members
from anemoi_scaleadapt.inference.settings import RunnerSettings

LOG = logging.getLogger(__name__)
HOUR = datetime.timedelta(hours=1)


class MissingDatesError(ScaleAdaptError):
    """An input has no data for the dates asked for."""


class ScaleAdaptRunner(Runner):
    """Run a checkpoint of this package; ``runner: auto`` picks it.

    The windows of a run do not depend on each other: nothing is fed back, a lead time of a year costs the memory of
    one window. ``date`` is the start of the first window, a member's fields are those of hours ``date + 1 h`` on.

    Parameters
    ----------
    config : RunConfiguration
        Of anemoi-inference. ``seed`` (default 0) chooses the ensemble.
    **settings
        As in :class:`anemoi_scaleadapt.inference.settings.RunnerSettings`.

    Raises
    ------
    ScaleAdaptError
        For a setting that is unknown or outside its range, a date outside the data, or a coarse grid that does not
        match the fine one.
    """

    def __init__(self, config: Any, **settings: Any) -> None:
        super().__init__(config)
        told = RunnerSettings.from_config(settings, "runner")
        self.members = range(told.first_member, told.first_member + told.members)
        self.with_mean, self._lr_frequency, self._grid = told.mean, told.lr_frequency, told.grid
        self._frames: dict[datetime.datetime, np.ndarray] = {}

    def execute(self) -> None:
        """Draw every window of the lead time and hand its hours to the outputs."""
        net = self.model.eval().model
        time = net.scale.time * HOUR
        self.lead_time, self.time_step = as_timedelta(self.config.lead_time), HOUR
        if self.reference_date is None:
            raise ScaleAdaptError("date is missing in the run file: give the start of the first window.")
        self.grid = fine_grid(self, net, self._grid)
        output, by_member = self.outputs[net.hr], self._by_member(net)
        opened = False
        console = Console(stderr=True)
        try:
            there = begin(output) * HOUR
            windows = range(math.ceil(there / time), math.ceil(self.lead_time / time))
            for window in track(windows, description=f"{len(self.members)} members", console=console):
                start = self.reference_date + window * time
                for state in self._window(net, start, by_member):
                    if state["step"] > self.lead_time:
                        break
                    for processor in self.post_processors[net.hr]:
                        state = processor.process(state)
                    if not opened:
                        output.open(state)
                        opened = True
                    output.write_state(state)
                mark(output, (window + 1) * net.scale.time)
        except BaseException:
            abandon(output)
            raise
        output.close()

    def _window(self, net: Any, start: datetime.datetime, by_member: bool) -> Iterator[dict]:
        """States of the hours of the window that begins at `start`."""
        batch = {net.lr: self._coarse(net, start)}
        if net.static_names:
            batch[net.hr] = self._read(net.hr, [start + HOUR], net.static_names)
        tensors = {name: torch.from_numpy(x)[None].to(self.device) for name, x in batch.items()}
        with_mean = self.with_mean and by_member
        dtype = self.autocast
        low = isinstance(dtype, torch.dtype) and dtype != torch.float32
        with torch.inference_mode(), torch.autocast(self.device.type, dtype) if low else nullcontext():
            drawn = self.predict_step(
                self.model,
                tensors,
                shape=self.grid.coarse_shape(net.scale.space),
                date=start,
                members=len(self.members),
                first_member=self.members[0],
                seed=self.config.seed or 0,
                with_mean=with_mean,
            )
        rain = drawn[net.hr][0, ..., 0].float().cpu().numpy()
        mean = drawn[f"{net.hr}_mean"][0, :, 0, :, 0].float().cpu().numpy() if with_mean else None
        for hour in range(net.scale.time):
            fields = {net.variable: rain[hour] if by_member else rain[hour, 0]}
            if with_mean:
                fields[f"{net.variable}_mean"] = mean[hour]
            date = start + (hour + 1) * HOUR
            yield {
                "date": date,
                "step": date - self.reference_date,
                "latitudes": self.grid.latitudes,
                "longitudes": self.grid.longitudes,
                "fields": fields,
            }

    def _by_member(self, net: Any) -> bool:
        """Whether the output takes all members at once."""
        output = self.outputs[net.hr]
        if takes_members(output):
            return True
        if len(self.members) > 1:
            raise ScaleAdaptError(
                f"output.{net.hr} = {output!r} writes one field an hour and cannot take {len(self.members)} members: "
                "use `members: FILE.nc`, or `runner: {scaleadapt: {members: 1, first_member: K}}` for each K."
            )
        return False

    def _coarse(self, net: Any, start: datetime.datetime) -> np.ndarray:
        """The L coarse frames around a window (L, grid, 1); context beyond the ends of the record is missing."""
        step, time = self._coarse_step(net), net.scale.time * HOUR
        frames = []
        for place in net.scale.frame_ends:
            end = start + (place + 1) * time
            if end not in self._frames:
                self._frames[end] = self._frame(net, end, step, needed=place == 0)
            frames.append(self._frames[end])
        self._frames = {end: self._frames[end] for end in list(self._frames)[-len(frames) :]}
        return np.stack(frames)

    def _frame(self, net: Any, end: datetime.datetime, step: datetime.timedelta, needed: bool) -> np.ndarray:
        """Mean over the t hours before `end`, (grid, 1), NaN where any of them is missing."""
        time = net.scale.time * HOUR
        dates = [end - time + step * (k + 1) for k in range(time // step)]
        try:
            return self._read(net.lr, dates, [net.variable]).mean(axis=0)
        except MissingDatesError as error:
            if needed:
                raise
            LOG.warning("No context: %s", error)
            return np.full((self.grid.cells[net.lr], 1), np.nan, np.float32)

    def _coarse_step(self, net: Any) -> datetime.timedelta:
        time = net.scale.time * HOUR
        if self._lr_frequency:
            step = as_timedelta(self._lr_frequency)
        else:
            step = getattr(getattr(self.dynamic_forcings_inputs[net.lr], "ds", None), "frequency", time)
        if step not in (HOUR, time):
            raise ScaleAdaptError(
                f"input.{net.lr} comes every {frequency_to_string(step)}; this checkpoint needs it every "
                f"{frequency_to_string(time)} (means over that time), or hourly. If it does, say so with "
                "`runner: {scaleadapt: {lr_frequency: ...}}`."
            )
        return step

    def _read(self, dataset: str, dates: list[datetime.datetime], names: list[str]) -> np.ndarray:
        """Fields (dates, grid, names) of a dataset's inputs."""
        fields: dict[str, np.ndarray] = {}
        for inputs in (self.prognostics_inputs, self.constant_forcings_inputs, self.dynamic_forcings_inputs):
            try:
                fields |= inputs[dataset].create_input_state(dates=dates)["fields"]
            except (ValueError, KeyError, IndexError) as error:
                raise MissingDatesError(
                    f"input.{dataset} has no data for {dates[0]:%Y-%m-%dT%H:%M} to {dates[-1]:%Y-%m-%dT%H:%M} "
                    f"({error}). "
                    "Choose `date` and `lead_time` within the data."
                ) from error
        missing = [name for name in names if name not in fields]
        if missing:
            raise ScaleAdaptError(f"input.{dataset} gives {sorted(fields)}; the checkpoint needs {missing}.")
        stacked = np.stack([np.asarray(fields[name], np.float32) for name in names], axis=-1)
        self.grid.check(dataset, stacked.shape[1])
        return stacked
