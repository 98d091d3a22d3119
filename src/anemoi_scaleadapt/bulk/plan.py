"""What is to be drawn, cut into pieces: a folder beside the Zarr that every process of a run reads and none changes.

``OUT.zarr.bulk/`` holds ``plan.json``, the coarse frames (``coarse.npy``, ``times.npy``), the Zarr while it is being
filled in (``members.zarr``) and the markers of the pieces that are done (``done/``).
"""

import datetime
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from anemoi_scaleadapt import __version__
from anemoi_scaleadapt.bulk.settings import BulkSettings
from anemoi_scaleadapt.downscaling.members import hours_of, layout_of
from anemoi_scaleadapt.downscaling.plan import PIECE, Plan
from anemoi_scaleadapt.errors import ScaleAdaptError, explained
from anemoi_scaleadapt.files import claim, discard, part_of, put_in_place
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.inference.provenance import weights_hash
from anemoi_scaleadapt.inference.stretches import Stretch, stretches
from anemoi_scaleadapt.models.anemoi import RainModel
from anemoi_scaleadapt.rain import store
from anemoi_scaleadapt.rain.layout import Layout

#: version of what a plan holds; one of another is refused
FORMAT = 2
PLAN, COARSE, TIMES, MEMBERS, DONE = "plan.json", "coarse.npy", "times.npy", "members.zarr", "done"


@dataclass(frozen=True)
class Piece:
    """What one process draws and writes in one go.

    Attributes
    ----------
    number : int
        In the plan.
    realization : int
        Of the coarse rain.
    frames : range
        The consecutive frames that the stretches are cut from, in the record.
    parts : list of Stretch
        What is drawn; hours count from the first of the frames.
    members : range
        Numbers of the fine members.
    """

    number: int
    realization: int
    frames: range
    parts: list[Stretch]
    members: range

    @property
    def size(self) -> int:
        """Hours times members."""
        return sum(len(part.kept) for part in self.parts) * len(self.members)


@dataclass(frozen=True)
class Job:
    """A plan as it lies on the disk.

    Attributes
    ----------
    target : Path
        The Zarr that is made.
    told : dict
        ``plan.json``.
    """

    target: Path
    told: dict[str, Any]

    @property
    def folder(self) -> Path:
        """Where the plan lies."""
        return folder_of(self.target)

    @cached_property
    def run(self) -> str:
        """Hash of all that the values depend on, wherever it lies: weights, settings, input. Markers carry it."""
        told = {key: value for key, value in self.told.items() if key != "weights"}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    @cached_property
    def settings(self) -> BulkSettings:
        """How members are drawn."""
        return BulkSettings.from_config(self.told["settings"], PLAN)

    @cached_property
    def times(self) -> np.ndarray:
        """Ends of the coarse frames, datetime64[s]."""
        return np.asarray(np.load(self.folder / TIMES))

    @cached_property
    def pieces(self) -> list[Piece]:
        """All there is to draw."""
        return list(cut(self.told["runs"], self.told["time"], self.told["realizations"], self.settings))

    @property
    def layout(self) -> Layout:
        """As much of the Zarr's layout as is needed to fill it in."""
        told = self.told
        members = range(told["realizations"] * self.settings.members)
        return Layout(
            hours_of(self.times, told["time"]),
            tuple(told["shape"]),
            told["space"],
            told["time"],
            members,
            packed=self.settings.packed,
        )


def folder_of(target: Path) -> Path:
    """Where the plan of a Zarr lies."""
    return target.with_name(f"{target.name}.bulk")


def cut(runs: list[tuple[int, int]], time: int, realizations: int, settings: BulkSettings) -> Iterator[Piece]:
    """Cut a record into pieces.

    The stretches are those that ``downscale`` draws: they begin with each run of consecutive frames. Every stretch
    has its own context, and its noise is a function of seed, member and valid time, so that a piece is the same
    whatever else was drawn.

    Parameters
    ----------
    runs : list of (int, int)
        First place and number of consecutive frames.
    time, realizations : int
        t, and members of the coarse rain.
    settings : BulkSettings
        Members, stretches and the size of a piece.
    """
    number, most = 0, settings.members_per_piece or settings.members
    for realization in range(realizations):
        for first, count in runs:
            parts = stretches(count * time, time, settings.hours_at_once, settings.overlap)
            while some := list(islice(parts, settings.stretches_per_piece)):
                for member in range(0, settings.members, most):
                    members = range(member, min(member + most, settings.members))
                    yield Piece(number, realization, range(first, first + count), some, members)
                    number += 1


def make(target: Path, plan: Plan, model: RainModel, weights: str, settings: BulkSettings) -> Job:
    """Write a plan, the coarse frames and the empty Zarr; a plan that is there already must be the same.

    Parameters
    ----------
    target : Path
        The Zarr to make, ``.zarr``.
    plan : Plan
        The input, understood.
    model : RainModel
        What draws.
    weights : str
        Where every process finds it: a name of weights that ship, or an absolute path.
    settings : BulkSettings
        How members are drawn.

    Raises
    ------
    ScaleAdaptError
        If the Zarr is there already, or a plan of something else.
    """
    if target.suffix != ".zarr":
        raise ScaleAdaptError(f"{target}: bulk runs write a Zarr, give a name that ends in .zarr.")
    if not target.parent.is_dir():
        raise ScaleAdaptError(f"{target} cannot be written, its folder is not there: make it first.")
    folder = folder_of(target)
    if target.exists() and not folder.exists():  # before the record is read
        raise ScaleAdaptError(f"{target} is there already: remove it, or give another name.")
    with claim(folder):
        part = part_of(folder)
        discard(part)
        try:
            (part / DONE).mkdir(parents=True)
            told = _write(part, plan, model, weights, settings)
            if folder.exists():
                job = load(target)
                _compare(job, told)
                return job
            put_in_place(part, folder)
        except OSError as error:
            raise ScaleAdaptError(f"{folder} cannot be written: {error}.") from error
        finally:
            if part.exists():
                shutil.rmtree(part, ignore_errors=True)
    return load(target)


def _write(folder: Path, plan: Plan, model: RainModel, weights: str, settings: BulkSettings) -> dict[str, Any]:
    """Write what a plan holds; return plan.json."""
    times, count = plan.raw.times.astype("M8[s]"), len(plan.raw.times)
    digest = hashlib.sha256(times.tobytes())
    with (folder / COARSE).open("wb") as file:  # by no map of memory: a full disk is an error then, no SIGBUS
        shape = (count, plan.realizations, *plan.blocks.shape)
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
        for k in range(0, count, PIECE):
            some = np.asarray(plan.coarse.frames(np.arange(k, min(k + PIECE, count))), "<f4")
            file.write(some.swapaxes(0, 1).tobytes())
            digest.update(some.tobytes())
    np.save(folder / TIMES, times)
    how = {"hours_at_once": settings.hours_at_once, "overlap": settings.overlap}
    runs = [(int(run[0]), len(run)) for run in plan.runs()]
    layout = layout_of(
        plan,
        settings.members,
        packed=settings.packed,
        chunk=_chunk_hours(plan.t, settings.hours_at_once, len(runs)),
        scaleadapt_seed=settings.seed,
        scaleadapt_coarse=digest.hexdigest(),
        scaleadapt_weights=weights_hash(model),
        scaleadapt_stretches=json.dumps(how),
    )
    store.create(folder / MEMBERS, layout)
    told = {
        "format": FORMAT,
        "weights": weights,
        "model": model_hash(model),
        "settings": settings.as_dict(),
        "space": plan.s,
        "time": plan.t,
        "shape": layout.shape,
        "realizations": plan.realizations,
        "runs": runs,
        "coarse": digest.hexdigest(),
        "layout": layout.fingerprint(),
    }
    text = json.dumps(told, indent=1)
    (folder / PLAN).write_text(text + "\n", encoding="utf-8")
    return json.loads(text)


def _chunk_hours(time: int, at_once: int, runs: int) -> int:
    """Hours of a chunk: those of a stretch where all begin at a multiple of them, those of a frame after a gap."""
    return -(-at_once // time) * time if runs == 1 else time


def model_hash(model: RainModel) -> str:
    """Hash of what a model is: its weights and its settings, the sampler's among them."""
    settings = json.dumps(model.settings, sort_keys=True, default=str)
    return hashlib.sha256(f"{weights_hash(model)} {settings}".encode()).hexdigest()


def load(target: Path) -> Job:
    """Read a plan.

    Raises
    ------
    ScaleAdaptError
        If there is none, it cannot be read, or another version of the package made it.
    """
    path = folder_of(target) / PLAN
    again = f"remove {path.parent} and plan again"
    if not path.exists():
        raise ScaleAdaptError(f"{path} is not there: make a plan with `anemoi-scaleadapt bulk plan`.")
    with explained(f"{path} cannot be read", f": {again}."):
        told = json.loads(path.read_text(encoding="utf-8"))
        version, form = told["layout"]["version"], told["format"]
    if (form, version) != (FORMAT, __version__):
        raise ScaleAdaptError(
            f"{path} is of anemoi-scaleadapt {version}, this is {__version__}: go on with that version, or {again}."
        )
    job = Job(target, told)
    with explained(f"{job.folder} is damaged", f": {again}."):
        _ = job.settings, job.pieces, job.layout, told["weights"], told["model"]
    return job


def _compare(job: Job, told: dict[str, Any]) -> None:
    """See that a plan that is there is the one that was asked for."""
    for key in {**job.told, **told}:
        one, other = job.told.get(key), told.get(key)
        if one == other:
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            inner = next(k for k in {**one, **other} if one.get(k) != other.get(k))
            key, one, other = f"{key}.{inner}", one.get(inner), other.get(inner)
        raise ScaleAdaptError(
            f"{job.folder} is another plan ({key}: {one}, now {other}): go on with it, remove it, or give another name."
        )


def start_of(job: Job, piece: Piece) -> datetime.datetime:
    """Start of the first of a piece's frames, UTC."""
    start: datetime.datetime = (job.times[piece.frames[0]] - job.told["time"] * HOUR).astype("M8[s]").item()
    return start
