"""Members as GRIB2 messages, through anemoi-inference's own encoding."""

import datetime
import json
from pathlib import Path
from typing import Any

import earthkit.data as ekd
import numpy as np
from anemoi.inference.outputs.gribfile import GribIoOutput
from anemoi.transform.variables import Variable

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.files import write_text
from anemoi_scaleadapt.rain.grib import template
from anemoi_scaleadapt.rain.layout import HOUR, Layout, global_attributes

SUFFIXES = (".grib2", ".grib", ".grb2", ".grb")
MISSING = -9999
TOTAL = {"mars": {"param": "228228", "levtype": "sfc"}, "process": "accumulation", "period": [0, 1]}


class GribMembers:
    """Append members to a GRIB2 file: one message an hour and member, total precipitation in kg m-2.

    The product definition is template 4.11 with ``number`` and ``numberOfForecastsInEnsemble``. A mean rate of one hour
    in mm h-1 is the total of that hour in kg m-2; what post-processors have accumulated is the total since the start.

    Parameters
    ----------
    part : Path
        File to append to.
    layout : Layout
        What it holds.
    context, metadata : Any
        Of anemoi-inference.
    options : dict
        Those of the output ``grib``: ``templates``, ``encoding``, ``grib2_keys``, ``modifiers``. Without ``templates``
        the template is made from the grid, see :func:`anemoi_scaleadapt.rain.grib.template`.
    since_start : bool
        Whether the fields are totals since the start of the run.
    """

    def __init__(
        self, part: Path, layout: Layout, *, context: Any, metadata: Any, options: dict[str, Any], since_start: bool
    ) -> None:
        assert layout.reference is not None and layout.latitude is not None
        self.layout, self.start_steps = layout, {"rain": datetime.timedelta(0)} if since_start else {}
        self.file = part.open("ab")
        self.messages = _Messages(context, metadata, out=self.file, split_output=False, **options)
        self.messages.reference_date = layout.reference.astype(datetime.datetime)
        self.messages.ensemble = True
        self.messages.typed_variables["rain"] = Variable.from_dict("rain", TOTAL)
        if not options.get("templates"):
            field = template(layout.projection, layout.latitude, layout.longitude)
            self.messages.made = ekd.from_source("memory", field)[0]
        self.encoding = dict(self.messages.encoding)
        state: dict[str, Any] = {"fields": {}}
        scans = self.messages.template(state, "rain")
        if scans is None:
            raise ScaleAdaptError("GRIB: none of the templates named is one for rain.")
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
        assert self.layout.reference is not None
        unknown = np.isnan(values)
        self.messages.encoding = {
            "dataType": "pf",
            **self.encoding,
            "number": number,
            "numberOfForecastsInEnsemble": len(self.layout.members),
        }
        if unknown.any():
            self.messages.encoding |= {"bitmapPresent": 1, "missingValue": MISSING}
            values = np.where(unknown, MISSING, values)
        step = datetime.timedelta(hours=int((time - self.layout.reference) // HOUR))
        self.messages.write_step({"fields": {"rain": values}, "step": step, "start_steps": self.start_steps})

    def close(self) -> None:
        """Close the file."""
        self.file.close()


class _Messages(GribIoOutput):
    """The output of anemoi-inference, with a template made from the grid."""

    made: Any = None

    def template(self, state: Any, name: str) -> Any:
        return self.made if self.made is not None else super().template(state, name)


def sidecar(path: Path) -> Path:
    """Name of the file that goes with a GRIB file."""
    return path.with_name(f"{path.name}.json")


def write_sidecar(path: Path, layout: Layout) -> None:
    """Write what GRIB cannot carry: factor pair, seed, weights, projection as text, and what was left out."""
    plain = {name: value.item() if isinstance(value, np.generic) else value
             for name, value in global_attributes(layout).items()}  # fmt: skip
    told: dict[str, Any] = {"file": path.name, "attributes": plain}
    told["grid_mapping"] = layout.projection.mapping if layout.projection else None
    told["units"] = "kg m-2 over the step range; divided by its hours: mm h-1"
    if layout.mean:
        told["left_out"] = "rain_mean, the conditional mean: GRIB has no product for it"
    write_text(sidecar(path), json.dumps(told, indent=2))


def run_of(path: Path) -> str | None:
    """Hash of the run that made a GRIB file, from its sidecar; None where it does not say."""
    try:
        return json.loads(sidecar(path).read_text(encoding="utf-8"))["attributes"].get("scaleadapt_run")
    except (OSError, ValueError, KeyError):
        return None
