"""One piece: drawn, written, and marked when its data are on the disk."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from anemoi_scaleadapt.bulk.plan import COARSE, DONE, MEMBERS, Job, Piece, load, model_hash, start_of
from anemoi_scaleadapt.downscaling.members import APART
from anemoi_scaleadapt.downscaling.network import open_network
from anemoi_scaleadapt.errors import ScaleAdaptError, explained
from anemoi_scaleadapt.files import claim, write_text
from anemoi_scaleadapt.inference.draw import draw_stretch
from anemoi_scaleadapt.inference.memory import SHARE
from anemoi_scaleadapt.rain.store import Store

#: seconds between two looks at a piece that another process draws
PAUSE = 1.0


def marker(job: Job, number: int) -> Path:
    """Where the marker of a piece lies."""
    return job.folder / DONE / f"{number:06d}.json"


def is_done(job: Job, number: int) -> bool:
    """Whether a piece is on the disk; errors as in :func:`read_marker`."""
    return read_marker(job, number) is not None


def read_marker(job: Job, number: int) -> dict[str, Any] | None:
    """What a marker says, None if there is none or it is damaged.

    Raises
    ------
    ScaleAdaptError
        If it is of other weights, settings or input.
    """
    try:
        told = json.loads(marker(job, number).read_text(encoding="utf-8"))
        if not {"run", "seconds", "size", "host"} <= told.keys():
            return None
    except (OSError, ValueError, AttributeError):
        return None
    if told["run"] != job.run:
        raise ScaleAdaptError(
            f"{marker(job, number)} is of another plan than {job.folder}: weights, settings or input have changed. "
            f"Remove {job.folder} and plan again."
        )
    return dict(told)


class Machine(NamedTuple):
    """What hangs on the machine that draws; on a CPU it changes no bit.

    Attributes
    ----------
    device : str or None
        By default the GPU, if there is one.
    tile : int or None
        Pixels of a tile, about; by default what fits into the memory at hand.
    members_at_once : int or None
        Likewise.
    beside : int
        How many processes use that memory.
    """

    device: str | None = None
    tile: int | None = None
    members_at_once: int | None = None
    beside: int = 1


class Drawer:
    """What a process opens once to draw any number of pieces of a job on a machine.

    Raises
    ------
    ScaleAdaptError
        If the weights are not those of the plan, or the Zarr or the coarse frames are gone.
    """

    def __init__(self, job: Job, machine: Machine) -> None:
        self.job = job
        self.how = {"members_at_once": machine.members_at_once, "memory": SHARE / machine.beside}
        model = open_network(job.told["weights"], machine.device, machine.tile)
        if model_hash(model) != job.told["model"]:
            raise ScaleAdaptError(
                f"{job.told['weights']} has other weights or settings than when {job.folder} was planned: bring them "
                "back, or remove the plan and make a new one."
            )
        self.net = model.downscaler
        pair = {"space": job.told["space"], "time": job.told["time"]}
        self.scale = model.find_scale(pair, job.settings.allow_untrained)
        with explained(f"{job.folder} is damaged", ": remove it and plan again."):
            self.coarse = np.load(job.folder / COARSE, mmap_mode="r")
            self.store = Store(job.folder / MEMBERS, job.layout, new=False)

    def draw(self, piece: Piece) -> None:
        """Draw and write a piece, then its marker."""
        job, began = self.job, time.monotonic()
        frames = self.coarse[piece.frames[0] : piece.frames[-1] + 1, piece.realization]
        seed, first = job.settings.seed + APART * piece.realization, piece.realization * job.settings.members
        start, hour = start_of(job, piece), piece.frames[0] * job.told["time"]
        how: dict[str, Any] = {"seed": seed, **self.how}
        try:
            with threads(job.settings.threads):
                for part in piece.parts:
                    for drawn in draw_stretch(self.net, frames, part, self.scale, start, piece.members, **how):
                        hours = slice(hour + drawn.first, hour + drawn.first + drawn.members.shape[1])
                        members = slice(first + drawn.numbers[0], first + drawn.numbers[-1] + 1)
                        self.store.write(hours, drawn.members, None, members)
            os.sync()
            told = {"run": job.run, "size": piece.size, "seconds": time.monotonic() - began, "host": _host()}
            write_text(marker(job, piece.number), json.dumps(told))
        except (OSError, KeyError) as error:
            raise ScaleAdaptError(
                f"piece {piece.number} could not be written to {job.folder}: {error}. What is done stays; mend it and "
                "run again."
            ) from error


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch use so many threads on a CPU."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _host() -> str:
    return f"{os.getpid()} on {socket.gethostname()}"


@contextmanager
def taken(path: Path) -> Iterator[bool]:
    """Be the only process that makes a file of a job; False if another one does."""
    holding = claim(path)
    try:
        holding.__enter__()
    except ScaleAdaptError:
        if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
            raise
        yield False
        return
    try:
        yield True
    finally:
        holding.__exit__(None, None, None)


def draw_if_needed(job: Job, drawer: Drawer, piece: Piece, wait: bool) -> bool:
    """Draw a piece unless it is done; return whether it is done in the end.

    Parameters
    ----------
    job, drawer, piece
        What, and with what.
    wait : bool
        Whether to wait for another process that draws it, and to draw it if that dies.
    """
    while not is_done(job, piece.number):
        with taken(marker(job, piece.number)) as mine:
            if mine and not is_done(job, piece.number):
                drawer.draw(piece)
        if not mine and not wait:
            return False
        if not mine:
            time.sleep(PAUSE)
    return True


@lru_cache(maxsize=1)
def opened(target: str, run: str, machine: Machine) -> Drawer:
    """The drawer of this process, for a Zarr and :attr:`Job.run`."""
    job = load(Path(target))
    if job.run != run:
        raise ScaleAdaptError(f"{job.folder} has been planned anew since this run began: run again.")
    return Drawer(job, machine)
