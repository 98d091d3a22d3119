"""The runner of anemoi-inference: draws members stretch by stretch, for any lead time and factor pair."""

import datetime
import hashlib
import logging
from collections.abc import Iterator
from contextlib import nullcontext
from functools import cached_property
from typing import Any

import numpy as np
import torch
from anemoi.inference.runner import Runner, RunnerClasses
from anemoi.utils.dates import frequency_to_string
from rich.console import Console
from rich.progress import track

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import ONE_HOUR
from anemoi_scaleadapt.inference.coarse import MissingDatesError, coarse_rain
from anemoi_scaleadapt.inference.export import Export, ExportCheckpoint
from anemoi_scaleadapt.inference.grid import fine_grid, places, space_of
from anemoi_scaleadapt.inference.memory import batches, enough, keep_freed
from anemoi_scaleadapt.inference.output import abandon, begin, is_processed, mark, takes_members
from anemoi_scaleadapt.inference.settings import RunnerSettings, duration, lead
from anemoi_scaleadapt.inference.stretches import Stretch, stretches
from anemoi_scaleadapt.models.context import frames_round, hourly_axis

LOG = logging.getLogger(__name__)


class ScaleAdaptRunner(Runner):
    """Run a checkpoint of this package; ``runner: auto`` picks it.

    With ``runner: scaleadapt`` the checkpoint may also be an export (a folder, or a name of weights that ship), which
    cannot run code. It holds no grid: give ``grid``.

    A run is drawn in stretches of several frames, each with some hours more on both sides that are thrown away:
    neighbouring stretches share the noise of these hours, so that rain goes on across their borders. Nothing is fed
    back, and a lead time of a year costs the memory of one stretch. ``date`` is the start of the first frame, a
    member's fields are those of hours ``date + 1 h`` on.

    Parameters
    ----------
    config : RunConfiguration
        Of anemoi-inference. ``seed`` (default 0) chooses the ensemble.
    **settings
        As in :class:`anemoi_scaleadapt.inference.settings.RunnerSettings`.

    Raises
    ------
    ScaleAdaptError
        For a date outside the data, a coarse grid that does not match the fine one, or a pair that was not trained.
    """

    # None is what anemoi's class says of them
    reference_date: Any
    lead_time: Any
    time_step: Any

    def __init__(self, config: Any, **settings: Any) -> None:
        super().__init__(config, classes=RunnerClasses(checkpoint=ExportCheckpoint))
        if self.reference_date is not None and self.reference_date.tzinfo is not None:
            self.reference_date = self.reference_date.astimezone(datetime.UTC).replace(tzinfo=None)
        if not 0 <= (config.seed or 0) < 2**31:
            raise ScaleAdaptError(f"seed = {config.seed}: must be a whole number from 0 to {2**31 - 1}.")
        told = RunnerSettings.from_config(settings, "runner")
        self.members = range(told.first_member, told.first_member + told.members)
        self.hours_at_once, self.overlap, self.members_at_once = told.hours_at_once, told.overlap, told.members_at_once
        self.with_mean, self._lr_frequency, self._grid = told.mean, told.lr_frequency, told.grid
        self._scale, self._allow_untrained, self._reading = told.scale, told.allow_untrained, told.reading
        self._frames: dict[datetime.datetime, np.ndarray] = {}

    @cached_property
    def model(self) -> Any:
        """The checkpoint's model, or that of an export."""
        folder = getattr(self.checkpoint, "export", None)
        if folder is None:
            return super().model
        model = Export(folder).to(self.device)
        model.runner = self
        return model

    def execute(self) -> None:
        """Draw every stretch of the lead time and hand its hours to the outputs."""
        net: Any = self.model.eval().model
        if self.reference_date is None:
            raise ScaleAdaptError("date is missing in the run file: give the start of the first frame.")
        self.lead_time, self.time_step = lead(self.config.lead_time), ONE_HOUR
        self._prepare(net)
        output, by_member = self.outputs[net.hr], self._by_member(net)
        parts = list(stretches(self.lead_time // ONE_HOUR, self.scale.time, self.hours_at_once, self.overlap))
        opened = False
        console = Console(stderr=True)
        try:
            there = begin(output)
            parts = [part for part in parts if part.kept.stop > there]
            for part in track(parts, description=f"{len(self.members)} members", console=console):
                for state in self._states(net, part, by_member):
                    for processor in self.post_processors[net.hr]:
                        state = processor.process(state)
                    if not opened:
                        output.open(state)
                        opened = True
                    output.write_state(state)
                mark(output, part.kept.stop)
        except BaseException:
            abandon(output)
            raise
        output.close()

    def _prepare(self, net: Any) -> None:
        """Open the coarse rain, find the factor pair and where its cells lie, see that the run can begin and end."""
        grid = fine_grid(self, net, self._grid)
        given = {key: value for key, value in (self._scale or {}).items() if value is not None}
        space = given.get("space") or (net.scale and net.scale.space)
        self.coarse = coarse_rain(self, net, self.reference_date + ONE_HOUR, self._reading, grid, space)
        step = duration(self._lr_frequency, "runner.lr_frequency") if self._lr_frequency else self.coarse.step
        if net.scale is None:
            if step is None and "time" not in given:
                raise ScaleAdaptError(
                    f"{self.coarse.path} does not tell how often it comes: say so with `runner: {{auto: {{lr_frequency:"
                    " ...}}`, or name the pair with `scale: {space: ..., time: ...}`."
                )
            if not space:
                space = space_of(grid, self.coarse.cells, self.coarse.places, self.coarse.path)
            given = {"space": space, "time": max((step or ONE_HOUR) // ONE_HOUR, 1), **given}
        self.scale = net.find_scale(given or None, self._allow_untrained)
        time = self.scale.time * ONE_HOUR
        self.step = step or time
        if self.step not in (ONE_HOUR, time):
            raise ScaleAdaptError(
                f"{self.coarse.path} comes every {frequency_to_string(self.step)}; t = {self.scale.time} needs it "
                f"every {frequency_to_string(time)} (means over that time), or hourly. If it does, say so with "
                "`runner: {auto: {lr_frequency: ...}}`."
            )
        if self.lead_time % time:
            raise ScaleAdaptError(
                f"lead_time = {self.config.lead_time!r}: must be a multiple of the {self.scale.time} hours of a "
                "coarse frame."
            )
        self.full, self.grid = grid.shape, grid.whole(self.scale.space)
        wanted = int(np.prod(self.grid.coarse_shape(self.scale.space)))
        if self.coarse.places is not None:
            self._cells = places(grid, self.scale.space, *self.coarse.places, self.coarse.path)
        elif self.coarse.cells == wanted:
            self._cells = np.arange(wanted)
        else:
            raise ScaleAdaptError(
                f"{self.coarse.path} has {self.coarse.cells} cells and no coordinates; {self.grid.path} asks for "
                f"{wanted} with s = {self.scale.space}."
            )
        for end in (self.reference_date + time, self.last):
            self._frame(end, needed=True)

    def _states(self, net: Any, part: Stretch, by_member: bool) -> Iterator[dict]:
        """States of the hours of a stretch."""
        keep_freed()
        start = self.reference_date + part.first * ONE_HOUR
        batch = {net.lr: self._axis(start, part.hours)}
        sizes, output = (part.hours, *self.grid.shape), self.outputs[net.hr]
        at_once = len(self.members) if is_processed(output, net.hr) else self.members_at_once
        if net.static_names:
            batch[net.hr] = self._static(net)
        tensors = {name: torch.from_numpy(x)[None].to(self.device) for name, x in batch.items()}
        for members in batches(self.members, at_once, self.device, sizes, net.downscaler):
            yield from self._states_of(net, part, tensors, members, by_member)

    def _states_of(
        self, net: Any, part: Stretch, tensors: dict[str, torch.Tensor], members: range, by_member: bool
    ) -> Iterator[dict]:
        """States of some members; the first ones bring the mean."""
        with_mean = self.with_mean and by_member and members[0] == self.members[0]
        told = self.autocast
        low = told if isinstance(told, torch.dtype) and told != torch.float32 else None
        with enough(), torch.inference_mode(), torch.autocast(self.device.type, low) if low else nullcontext():
            drawn = self.predict_step(
                self.model,
                tensors,
                shape=self.grid.coarse_shape(self.scale.space),
                date=self.reference_date + part.first * ONE_HOUR,
                scale=self.scale.as_dict(),
                members=len(members),
                first_member=members[0],
                seed=self.config.seed or 0,
                with_mean=with_mean,
                allow_untrained=self._allow_untrained,
            )
        rain = drawn[net.hr][0, ..., 0].float().cpu().numpy()
        mean = drawn[f"{net.hr}_mean"][0, :, 0, :, 0].float().cpu().numpy() if with_mean else None
        for hour in part.kept:
            here = hour - part.first
            fields = {net.variable: rain[here] if by_member else rain[here, 0]}
            if mean is not None:
                fields[f"{net.variable}_mean"] = mean[here]
            date = self.reference_date + (hour + 1) * ONE_HOUR
            yield {
                "date": date,
                "step": date - self.reference_date,
                "latitudes": self.grid.latitudes,
                "longitudes": self.grid.longitudes,
                "fields": fields,
                "members": members,
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

    def _axis(self, start: datetime.datetime, hours: int) -> np.ndarray:
        """Coarse rain of `hours` hours from `start` on and of those round them, (REACH + hours + REACH, grid, 1)."""
        time, past = self.scale.time, frames_round(self.scale.time)
        ends = [start + (k + 1) * time * ONE_HOUR for k in range(-past, hours // time + past)]
        frames = np.stack([self._frame(end) for end in ends])
        self._frames = {end: self._frames[end] for end in ends}
        axis = hourly_axis(torch.from_numpy(frames)[None, :, None], time, past, hours)
        return axis[0, :, 0, :, None].numpy()

    def _frame(self, end: datetime.datetime, needed: bool = False) -> np.ndarray:
        """Mean over the t hours before `end`, (cells,), NaN where any of them is missing."""
        if end not in self._frames:
            time = self.scale.time * ONE_HOUR
            try:
                hours = self.coarse.read([end - time + self.step * (k + 1) for k in range(time // self.step)])
                self._frames[end] = hours[:, self._cells].mean(axis=0, dtype=np.float32)
            except MissingDatesError as error:
                if needed:
                    raise
                what = "Missing in the members" if self.reference_date < end <= self.last else "No context"
                LOG.warning("%s: %s", what, error)
                self._frames[end] = np.full(len(self._cells), np.nan, np.float32)
        return self._frames[end]

    def digest(self) -> str:
        """SHA-256 of the coarse frames of the run and of those round it; reads all of them."""
        out, time, past = hashlib.sha256(), self.scale.time * ONE_HOUR, frames_round(self.scale.time)
        for k in range(1 - past, self.lead_time // time + past + 1):
            end = self.reference_date + k * time
            out.update(self._frame(end).tobytes())
            del self._frames[end]
        return out.hexdigest()

    @property
    def last(self) -> datetime.datetime:
        """End of the last hour of the run."""
        return self.reference_date + self.lead_time

    def _static(self, net: Any) -> np.ndarray:
        """Static fields on the whole cells of the fine grid, (1, grid, names)."""
        fields: dict[str, np.ndarray] = {}
        for inputs in (self.prognostics_inputs, self.constant_forcings_inputs, self.dynamic_forcings_inputs):
            try:
                fields |= inputs[net.hr].create_input_state(dates=[self.reference_date + ONE_HOUR])["fields"]
            except Exception as error:
                raise ScaleAdaptError(
                    f"input.{net.hr} gives no static fields ({type(error).__name__}: {error}); the checkpoint needs "
                    f"{', '.join(net.static_names)}: give a dataset that holds them."
                ) from error
        missing = [name for name in net.static_names if name not in fields]
        if missing:
            raise ScaleAdaptError(f"input.{net.hr} gives {sorted(fields)}; the checkpoint needs {missing}.")
        stacked = np.stack([np.asarray(fields[name], np.float32).ravel() for name in net.static_names], axis=-1)
        if len(stacked) != np.prod(self.full):
            raise ScaleAdaptError(
                f"input.{net.hr} has {len(stacked)} points, {self.grid.path} {np.prod(self.full)}: they must be on one "
                "grid."
            )
        height, width = self.grid.shape
        return stacked.reshape(*self.full, -1)[:height, :width].reshape(1, height * width, -1)
