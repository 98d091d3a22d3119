"""What a file of members holds, by the CF conventions, whatever the format: dimensions, coordinates, attributes."""

import datetime
import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from anemoi_scaleadapt import __version__
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.projection import Projection

LOG = logging.getLogger(__name__)
MINUTE = np.timedelta64(60, "s")
EPOCH = np.datetime64("1970-01-01T00:00:00", "s")
UNITS = {
    "units": "minutes since 1970-01-01 00:00:00",
    "calendar": "standard",
    "units_metadata": "leap_seconds: none",
}
#: rain in whole hundredths of mm h-1: a packed value is at most half of one off
STEP = 0.01
MISSING = -32768


class Variable(NamedTuple):
    """A variable: name, dimensions, type or values, attributes."""

    name: str
    dimensions: tuple[str, ...]
    values: np.ndarray
    attributes: dict[str, Any]


@dataclass(frozen=True)
class Layout:
    """What a file of members holds.

    Attributes
    ----------
    times : ndarray of datetime64[s], (time,)
        End of each hour, UTC.
    shape : tuple of int
        (y, x).
    space, time : int
        Factor pair (s, t).
    members : range
        Numbers of the members.
    latitude, longitude : ndarray or None
        (y, x), degrees.
    projection : Projection or None
        Of the grid, see :func:`anemoi_scaleadapt.rain.projection.find_projection`.
    reference : datetime64[s] or None
        Start of the run.
    mean : bool
        Whether ``rain_mean`` comes with the members.
    packed : bool
        Whether rain is kept in hundredths of mm h-1 as int16, at most 0.005 off and at most 327.67.
    chunk : int or None
        Hours of a chunk of a Zarr, a multiple of t; None: t.
    attributes : mapping
        Global attributes beside those of the package: title, source, seed and whatever else the values depend on.
    """

    times: np.ndarray
    shape: tuple[int, int]
    space: int
    time: int
    members: range
    latitude: np.ndarray | None = None
    longitude: np.ndarray | None = None
    projection: Projection | None = None
    reference: np.datetime64 | None = None
    mean: bool = False
    packed: bool = False
    chunk: int | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sizes(self) -> dict[str, int]:
        """Length of each dimension."""
        return {"member": len(self.members), "time": len(self.times), "y": self.shape[0], "x": self.shape[1]}

    def fingerprint(self) -> dict[str, Any]:
        """What the values depend on, as text and numbers: two runs whose fingerprints are equal write equal values."""
        grid = hashlib.sha256()
        for values in (self.latitude, self.longitude):
            grid.update(b"" if values is None else np.ascontiguousarray(values).tobytes())
        facts = {
            "hours": f"{self.times[0]} to {self.times[-1]}, {len(self.times)}",
            "reference": str(self.reference),
            "members": f"{self.members[0]} to {self.members[-1]}",
            "factors": f"{self.space}, {self.time}",
            "grid": f"{self.shape[0]} x {self.shape[1]}, {grid.hexdigest()[:16]}",
            "projection": self.projection and self.projection.mapping["crs_wkt"],
            "mean": self.mean,
            "packed": self.packed,
            "version": __version__,
        }
        return json.loads(json.dumps(facts | dict(self.attributes), default=str))

    def run(self) -> str:
        """Hash of the fingerprint: what a finished file is recognised by."""
        return hashlib.sha256(json.dumps(self.fingerprint(), sort_keys=True).encode()).hexdigest()


def global_attributes(layout: Layout) -> dict[str, Any]:
    """Attributes of the file."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    own = {
        "Conventions": "CF-1.11",
        "title": "Precipitation ensemble at fine resolution from coarse precipitation",
        "source": f"anemoi-scaleadapt {__version__}",
        "history": f"{now} written by anemoi-scaleadapt {__version__}",
        "scaleadapt_space_factor": np.int32(layout.space),
        "scaleadapt_time_factor": np.int32(layout.time),
        "scaleadapt_run": layout.run(),
    }
    return own | {name: value for name, value in layout.attributes.items() if value is not None}


def coordinates(layout: Layout) -> list[Variable]:
    """Every variable that does not grow."""
    hour = {"standard_name": "time", "long_name": "end of the hour, UTC", "axis": "T", "bounds": "time_bnds"}
    out = [
        Variable("time", ("time",), _minutes(layout.times), hour | UNITS),
        Variable("time_bnds", ("time", "bnds"), _minutes(layout.times[:, None] - [HOUR, 0 * HOUR]), {}),
        Variable(
            "member",
            ("member",),
            np.asarray(layout.members, "i4"),
            {"standard_name": "realization", "long_name": "number of the member", "units": "1"},
        ),
    ]
    if layout.reference is not None:
        start = {"standard_name": "forecast_reference_time", "long_name": "start of the run, UTC"}
        out.append(Variable("forecast_reference_time", (), _minutes(layout.reference), start | UNITS))
    return [*out, *_grid(layout)]


def _grid(layout: Layout) -> list[Variable]:
    out, projection = [], layout.projection
    if projection is not None:
        for name, values, edges, axis in zip(
            "yx", (projection.y, projection.x), projection.bounds, projection.axes, strict=True
        ):
            out.append(Variable(name, (name,), values, axis | {"bounds": f"{name}_bnds"}))
            out.append(Variable(f"{name}_bnds", (name, "bnds"), edges, {}))
        out.append(Variable("crs", (), np.array(0, "i4"), dict(projection.mapping)))
    for name, units, degrees in (
        ("latitude", "degrees_north", layout.latitude),
        ("longitude", "degrees_east", layout.longitude),
    ):
        if degrees is not None:
            told = {"standard_name": name, "units": units}
            if projection is not None and projection.axes[0]["standard_name"] == "latitude":
                told = {"long_name": f"{name} of the pixel", "units": "degrees"}  # y and x are the CF coordinates
            out.append(Variable(name, ("y", "x"), np.asarray(degrees, "f8"), told))
    return out


def fields(layout: Layout) -> list[Variable]:
    """The variables that grow, with one value of their type: what stands where nothing was written."""
    common: dict[str, Any] = {"units": "mm h-1", "cell_methods": "time: mean"}
    aside = ["latitude longitude"] if layout.latitude is not None else []
    aside += ["forecast_reference_time"] if layout.reference is not None else []
    if aside:
        common["coordinates"] = " ".join(aside)
    if layout.projection is not None:
        common["grid_mapping"] = "crs"
    empty = np.array(np.nan, np.float32)
    if layout.packed:
        empty = np.array(MISSING, np.int16)
        common |= {
            "scale_factor": STEP,
            "comment": f"kept in steps of {STEP} mm h-1, at most {STEP / 2} off",
        }
    names = {"standard_name": "lwe_precipitation_rate", "long_name": "rain rate, mean over the hour"}
    out = [Variable("rain", ("member", "time", "y", "x"), empty, names | common)]
    if layout.mean:
        mean = {"long_name": "conditional mean of the rain rate over the hour"}
        out.append(Variable("rain_mean", ("time", "y", "x"), empty, mean | common))
    return out


def encode(layout: Layout, values: np.ndarray) -> np.ndarray:
    """Rain in mm h-1 as the file keeps it: float32, or hundredths in int16."""
    if not layout.packed:
        return np.asarray(values, dtype=np.float32)
    most = -MISSING - 1
    if np.nanmax(values, initial=0) > most * STEP:
        LOG.warning("Rain above %g mm h-1 is cut to it, as it is packed.", most * STEP)
    whole = np.clip(np.rint(values / STEP), 0, most)
    return np.where(np.isnan(whole), MISSING, whole).astype(np.int16)


def _minutes(times: Any) -> np.ndarray:
    return np.asarray((np.asarray(times, "datetime64[s]") - EPOCH) // MINUTE, dtype="i4")
