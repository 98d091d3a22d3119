"""Members as GRIB2 messages, through anemoi-inference's own encoding."""

import datetime
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import earthkit.data as ekd
import numpy as np
from anemoi.inference.context import Context
from anemoi.inference.outputs.gribfile import GribIoOutput
from anemoi.transform.variables import Variable

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.files import discard, put_in_place, write_text
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.grib import template
from anemoi_scaleadapt.rain.layout import Layout, global_attributes
from anemoi_scaleadapt.rain.members import Format
from anemoi_scaleadapt.rain.store import plain

#: one octet counts the members, and 255 is missing
LAST = 254
MISSING = -9999
TOTAL = {"mars": {"param": "228228", "levtype": "sfc"}, "process": "accumulation", "period": [0, 1]}


class Grib:
    """What writes GRIB2; :attr:`format` is for :class:`anemoi_scaleadapt.rain.members.MembersFile`.

    The product definition is template 4.11 with ``number`` and ``numberOfForecastsInEnsemble``. A mean rate of one hour
    in mm h-1 is the total of that hour in kg m-2; what post-processors have accumulated is the total since the start.
    What GRIB cannot carry goes into a sidecar, FILE.json.

    Parameters
    ----------
    layout : Layout
        What the file holds.
    output : Output, optional
        Of anemoi-inference, whose context and metadata its own options need.
    options : dict, optional
        Those of the output ``grib`` of anemoi-inference: ``templates``, ``encoding``, ``grib2_keys``, ``modifiers``.
        Without ``templates`` the template is made from the grid, see :func:`anemoi_scaleadapt.rain.grib.template`.
    since_start : bool
        Whether the fields are totals since the start of the run.

    Raises
    ------
    ScaleAdaptError
        If the grid, the start or the number of members cannot be told in GRIB.
    """

    def __init__(
        self,
        layout: Layout,
        output: Any = None,
        options: dict[str, Any] | None = None,
        since_start: bool = False,
    ) -> None:
        self.start = layout.times[0] - HOUR if layout.reference is None else layout.reference
        if self.start != self.start.astype("datetime64[h]"):
            raise ScaleAdaptError(f"GRIB needs a start at a full hour, not at {self.start}: write NetCDF or Zarr.")
        if layout.members[-1] > LAST:
            raise ScaleAdaptError(f"GRIB numbers members up to {LAST}, not {layout.members[-1]}: write NetCDF or Zarr.")
        self.options, self.since_start = dict(options or {}), since_start
        variables = {"rain": Variable.from_dict("rain", TOTAL)}
        alone = SimpleNamespace(
            dataset_name="hr", typed_variables=variables, grid=None, area=None, number_of_grid_points=0
        )
        self.context: Any = output.context if output else _Alone()
        self.metadata: Any = output.metadata if output else alone
        self.made = None
        if not self.options.get("templates"):
            field = template(layout.projection, layout.latitude, layout.longitude)
            self.made = ekd.from_source("memory", field)[0]

    @property
    def format(self) -> Format:
        """To open what is appended to, to know a finished file, and to bring it to its name."""
        return Format(lambda part, layout, new: Messages(self, part, layout), self._run_of, self._put)

    def _run_of(self, path: Path) -> str | None:
        """Hash of the run that made a file, from its sidecar; None where it does not say."""
        try:
            return json.loads(sidecar(path).read_text(encoding="utf-8"))["attributes"].get("scaleadapt_run")
        except (OSError, ValueError, KeyError):
            return None

    def _put(self, part: Path, path: Path, layout: Layout) -> None:
        """Give the file its name, and write beside it what GRIB cannot carry: factor pair, seed, weights, projection
        as text, and what was left out. What is there never says something of another file.
        """
        discard(sidecar(path))
        put_in_place(part, path)
        attributes = {name: plain(value) for name, value in global_attributes(layout).items()}
        told: dict[str, Any] = {"file": path.name, "attributes": attributes}
        told["grid_mapping"] = layout.projection.mapping if layout.projection else None
        told["units"] = "kg m-2 over the step range; divided by its hours: mm h-1"
        if layout.mean:
            told["left_out"] = "rain_mean, the conditional mean: GRIB has no product for it"
        write_text(sidecar(path), json.dumps(told, indent=2))


class Messages:
    """A GRIB file that grows at its end, a message an hour and member."""

    def __init__(self, grib: Grib, part: Path, layout: Layout) -> None:
        self.grib, self.layout = grib, layout
        self.start_steps = {"rain": datetime.timedelta(0)} if grib.since_start else {}
        self.file = part.open("ab")
        self.messages = _Encoder(grib.context, grib.metadata, out=self.file, split_output=False, **grib.options)
        self.messages.reference_date = grib.start.astype("datetime64[s]").astype(datetime.datetime)
        self.messages.ensemble, self.messages.made = True, grib.made
        self.messages.typed_variables["rain"] = Variable.from_dict("rain", TOTAL)
        self.encoding = {
            "dataType": "pf",
            "numberOfForecastsInEnsemble": len(layout.members),
            **self.messages.encoding,
        }
        scans = self.messages.template({"fields": {}}, "rain")
        if scans is None:
            raise ScaleAdaptError("grib.templates: none of them is one for rain.")
        if layout.latitude is None:
            raise ScaleAdaptError("GRIB: the grid has no latitudes, so that the order of its rows is not known.")
        northwards = bool(layout.latitude[0].mean() < layout.latitude[-1].mean())
        self.rows = slice(None, None, 1 if northwards == bool(scans.metadata("jScansPositively")) else -1)

    def write(self, hours: slice, rain: np.ndarray, mean: np.ndarray | None, members: slice) -> None:
        """Append rain (member, hour, y, x), mm h-1; GRIB has no place for the conditional mean."""
        for index, time in enumerate(self.layout.times[hours]):
            for number, fields in zip(self.layout.members[members], rain, strict=True):
                values = np.asarray(fields[index][self.rows], dtype=np.float64).ravel()
                self._message(time, number, values)
        self.file.flush()

    def _message(self, time: np.datetime64, number: int, values: np.ndarray) -> None:
        unknown = np.isnan(values)
        self.messages.encoding = self.encoding | {"number": number}
        if unknown.any():
            self.messages.encoding |= {"bitmapPresent": 1, "missingValue": MISSING}
            values = np.where(unknown, MISSING, values)
        step = datetime.timedelta(hours=int((time - self.grib.start) // HOUR))
        self.messages.write_step({"fields": {"rain": values}, "step": step, "start_steps": self.start_steps})

    def close(self) -> None:
        """Close the file."""
        self.file.close()


class _Alone(Context):
    """A context outside a run."""

    checkpoint: Any = None
    typed_variables: dict[str, Variable] = {}


class _Encoder(GribIoOutput):
    """The output of anemoi-inference, with a template made from the grid."""

    made: Any = None

    def template(self, state: Any, name: str) -> Any:
        return self.made if self.made is not None else super().template(state, name)


def sidecar(path: Path) -> Path:
    """Name of the file that goes with a GRIB file."""
    return path.with_name(f"{path.name}.json")
