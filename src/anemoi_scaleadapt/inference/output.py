"""The output of anemoi-inference that holds an ensemble: NetCDF, Zarr or GRIB2, member x time x y x x."""

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from anemoi.inference.decorators import ensure_path, main_argument
from anemoi.inference.output import Output
from anemoi.transform.variables import Variable

import anemoi_scaleadapt
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.files import check_target
from anemoi_scaleadapt.hours import ONE_HOUR
from anemoi_scaleadapt.inference.grib import Grib
from anemoi_scaleadapt.inference.provenance import paths, weights_hash
from anemoi_scaleadapt.inference.settings import OutputSettings
from anemoi_scaleadapt.rain.layout import Layout
from anemoi_scaleadapt.rain.members import GRIB, MembersFile, suffix
from anemoi_scaleadapt.rain.projection import find_projection


@main_argument("path")
@ensure_path("path", unique=False)
class MembersOutput(Output):
    """Write members to FILE.nc, FILE.zarr or FILE.grib2; ``output: {hr: {members: FILE.nc}, lr: none}``.

    The file grows beside its place under a hidden name and gets its own when it is complete.

    Parameters
    ----------
    context : Runner
        A :class:`anemoi_scaleadapt.inference.runner.ScaleAdaptRunner`.
    metadata : Metadata
        Of the dataset.
    **settings
        As in :class:`anemoi_scaleadapt.inference.settings.OutputSettings`.

    Raises
    ------
    ScaleAdaptError
        For a setting that is unknown or outside its range, if the file cannot be written or would replace an input, or
        options exclude each other.
    """

    #: the runner hands over fields of shape (member, grid)
    takes_members = True
    context: Any

    def __init__(self, context: Any, metadata: Any, **settings: Any) -> None:
        told = OutputSettings.from_config(
            {key: str(value) if key == "path" else value for key, value in settings.items()}, "output.members"
        )
        for name in list(metadata.typed_variables):  # post-processors look every field up
            mean = f"{name}_mean"
            metadata.typed_variables.setdefault(mean, Variable.from_dict(mean, {"mars": {"param": mean}}))
        super().__init__(context, metadata, **told.of_anemoi())
        resume, grib = told.resume, told.grib
        self.path, self.resume, self.packed, self.crs = Path(told.path), resume, told.packed, told.crs
        config = context.config
        check_target(self.path, paths([config.get("checkpoint"), config.get("input"), config.get("runner")]))
        self.grib, self.grib_options = suffix(self.path) in GRIB, grib
        processors = [*self._post_processor_confs, *context.post_processors.get(self.dataset_name, [])]
        if processors and not self.grib:
            raise ScaleAdaptError(
                f"{self.path} says that rain is the mean rate of each hour, in mm h-1, which post-processors change: "
                "use them with GRIB (FILE.grib2)."
            )
        if processors and resume:
            raise ScaleAdaptError("resume: post-processors such as accumulations cannot go on in the middle of a run.")
        if grib and not self.grib:
            raise ScaleAdaptError(f"grib: {self.path} is none: name it .grib2.")
        self.file: MembersFile | None = None
        self._times: list[datetime.datetime] = []

    def __repr__(self) -> str:
        return f"MembersOutput({self.path})"

    def begin(self) -> int:
        """Claim the name; return how many hours are there already, from the first."""
        self.layout, self._name = describe(self), self.context.model.model.variable
        form = Grib(self.layout, self, self.grib_options, self._since_start()).format if self.grib else None
        self.file = MembersFile(self.path, self.layout, self.resume, form).__enter__()
        self._done = self.context.lead_time // ONE_HOUR if self.file.complete else self.file.marked
        return self._done

    def _since_start(self) -> bool:
        from anemoi.inference.post_processors.accumulate import Accumulate

        return any(
            isinstance(p, Accumulate) and self._name in p.accumulations
            for p in processors_of(self, self.context, self.dataset_name)
        )

    def write_state(self, state: dict) -> None:
        """Keep one hour; a window that is complete is written. ``members`` in the state names them if not all."""
        hour = state["step"] // ONE_HOUR
        if hour <= self._done:
            return
        super().write_state(state)
        if hour % self.layout.time == 0 or state["step"] == self.context.lead_time:
            self._flush()

    def write_step(self, state: dict) -> None:
        """Keep one hour."""
        members, mean = state.get("members", self.layout.members), f"{self._name}_mean"
        size, shape = (len(members), self.layout.time), self.layout.shape
        if not self._times:
            self._members = members
            self._rain = np.empty((*size, *shape), np.float32)
            with_mean = self.layout.mean and mean in state["fields"]
            self._mean = np.empty((size[1], *shape), np.float32) if with_mean else None
        at = len(self._times)
        self._times.append(state["date"])
        self._rain[:, at] = np.asarray(state["fields"][self._name]).reshape(size[0], *shape)
        if self._mean is not None:
            self._mean[at] = np.asarray(state["fields"][mean]).reshape(shape)

    def _flush(self) -> None:
        if self._times and self.file is not None:
            count, times = len(self._times), np.array(self._times, "datetime64[s]")
            mean = None if self._mean is None else self._mean[:count]
            self.file.add(times, self._rain[:, :count], mean, self._members[0])
            self._times = []

    def mark(self, hours: int) -> None:
        """Note that all members of the first hours of the run are written: a run that is killed goes on from here."""
        if self.file is not None and hours > self._done:
            self.file.mark(hours)

    def close(self) -> None:
        """Complete the file and give it its name."""
        if self.file is not None:
            file, self.file = self.file, None
            file.__exit__(None, None, None)

    def abandon(self) -> None:
        """Drop an incomplete file, or keep it for a run that goes on."""
        if self.file is not None:
            file, self.file = self.file, None
            file.__exit__(KeyboardInterrupt, None, None)


def describe(output: Any) -> Layout:
    """Layout of the file of a run."""
    run, grid = output.context, output.context.grid
    net, config = run.model.model, run.config
    start = np.datetime64(run.reference_date, "s")
    every = output.output_frequency or ONE_HOUR
    hours = np.arange(every // ONE_HOUR, run.lead_time // ONE_HOUR + 1, every // ONE_HOUR)
    if not len(hours) or every % ONE_HOUR:
        raise ScaleAdaptError(f"output_frequency {every} leaves no hour of a lead time of {run.lead_time}.")
    latitude, longitude = (values.reshape(grid.shape) for values in (grid.latitudes, grid.longitudes))
    version, checkpoint = anemoi_scaleadapt.__version__, Path(run.checkpoint.path).name
    return Layout(
        times=start + hours * np.timedelta64(3600, "s"),
        shape=grid.shape,
        space=run.scale.space,
        time=run.scale.time,
        members=run.members,
        latitude=latitude,
        longitude=longitude,
        projection=find_projection(latitude, longitude, output.crs),
        reference=start,
        mean=run.with_mean and not output.skip_variable(f"{net.variable}_mean"),
        packed=output.packed,
        attributes={
            "source": f"anemoi-scaleadapt {version}, checkpoint {checkpoint}",
            "scaleadapt_weights": weights_hash(net),
            "scaleadapt_seed": np.int32(config.get("seed") or 0),
            "scaleadapt_scale": json.dumps(run.scale.as_dict()),
            "scaleadapt_stretches": json.dumps({"hours_at_once": run.hours_at_once, "overlap": run.overlap}),
            # another run's input goes by the same name: one that goes on looks into it
            "scaleadapt_coarse": run.digest() if output.resume else None,
            "scaleadapt_input": json.dumps(config.get("input"), default=str),
            "scaleadapt_sampler": json.dumps(config.get("predict_kwargs") or {}, default=str),
            "scaleadapt_precision": str(run.autocast),
        },
    )


def leaves(output: Any) -> Iterator[Any]:
    """The outputs that write, within those that only hand on (tee, truth ...)."""
    inner = getattr(output, "outputs", None) or (
        [output.output] if isinstance(getattr(output, "output", None), Output) else []
    )
    if not inner:
        yield output
    for each in inner:
        yield from leaves(each)


def takes_members(output: Any) -> bool:
    """Whether an output, and all that it hands on to, takes fields of shape (member, grid)."""
    return all(getattr(leaf, "takes_members", False) for leaf in leaves(output))


def processors_of(output: Any, context: Any, dataset: str) -> list[Any]:
    """All post-processors that a field passes on its way into an output."""
    return [*output.post_processors, *context.post_processors.get(dataset, [])]


def is_processed(output: Any, dataset: str) -> bool:
    """Whether post-processors follow the members from hour to hour, so that all of an hour have to come at once."""
    return any(processors_of(leaf, output.context, dataset) for leaf in leaves(output))


def begin(output: Any) -> int:
    """Begin a run; return how many of its hours every output has already, a multiple of what was marked."""
    return min(leaf.begin() if hasattr(leaf, "begin") else 0 for leaf in leaves(output))


def mark(output: Any, hours: int) -> None:
    """All members of the first hours have been handed over."""
    for leaf in leaves(output):
        if hasattr(leaf, "mark"):
            leaf.mark(hours)


def abandon(output: Any) -> None:
    """A run failed: no output keeps a file under its name."""
    for leaf in leaves(output):
        getattr(leaf, "abandon", leaf.close)()
