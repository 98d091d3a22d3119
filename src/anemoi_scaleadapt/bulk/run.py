"""Two engines for one plan: this process on a share of the pieces, or the workers of a dask cluster on all of them."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from anemoi_scaleadapt.bulk.piece import draw_if_needed, is_done, opened
from anemoi_scaleadapt.bulk.plan import MEMBERS, Job
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.files import claim, put_in_place

#: told of every piece that is done: its hours times members
Told = Callable[[int], None]


def share(job: Job, part: int, of: int) -> list[int]:
    """Numbers of the pieces of the part-th of so many processes, counted from 1."""
    if not 1 <= part <= of:
        raise ScaleAdaptError(f"--part {part}/{of}: parts are 1/{of} to {of}/{of}.")
    return list(range(part - 1, len(job.pieces), of))


def run_here(job: Job, numbers: list[int], told: Told, device: str | None, members_at_once: int | None) -> None:
    """Draw pieces in this process, those that others are drawing last; return when all of them are done.

    Parameters
    ----------
    job : Job
        The plan.
    numbers : list of int
        Pieces.
    told : callable
        Called with the size of each piece that is done.
    device : str, optional
        By default the GPU, if there is one.
    members_at_once : int, optional
        By default what fits into the memory at hand.
    """
    if is_finished(job):
        return
    left = [number for number in numbers if not is_done(job, number)]
    if left:
        drawer, later = opened(str(job.target), device, members_at_once), list[int]()
        for some, wait in ((left, False), (later, True)):
            for number in some:
                if draw_if_needed(job, drawer, job.pieces[number], wait):
                    told(job.pieces[number].size)
                else:
                    later.append(number)
    finish(job)


def run_on_cluster(
    job: Job, told: Told, address: str | None, workers: int | None, device: str | None, members_at_once: int | None
) -> None:
    """Draw all pieces on the workers of a dask cluster.

    A worker that dies is replaced and its piece drawn again; one that dies four times over the same piece ends the run.

    Parameters
    ----------
    address : str, optional
        Of a scheduler, such as ``tcp://host:8786``, whose workers see the same files; by default workers are started
        on this machine.
    workers : int, optional
        How many, by default one for each GPU, or for each core.
    job, told, device, members_at_once
        As for :func:`run_here`.
    """
    from distributed import KilledWorker, as_completed

    if is_finished(job):
        return
    left = [piece for piece in job.pieces if not is_done(job, piece.number)]
    if left:
        count = min(workers or max(1, _processors(device) // job.settings.threads), len(left))
        beside = 1 if address else max(1, count // (_gpus(device) or 1))
        with _client(address, count, job.settings.threads) as client:
            how = (device, members_at_once, beside)
            tasks = {
                client.submit(draw_one, str(job.target), piece.number, *how, key=f"piece-{piece.number}"): piece
                for piece in left
            }
            try:
                for task in as_completed(tasks):
                    task.result()
                    told(tasks[task].size)
            except KilledWorker as error:
                number = tasks[task].number
                raise ScaleAdaptError(
                    f"piece {number} has ended four workers, perhaps for want of memory: give fewer --workers, or "
                    "plan with fewer --hours-at-once."
                ) from error
    finish(job)


def draw_one(target: str, number: int, device: str | None, members_at_once: int | None, beside: int) -> None:
    """Draw one piece in a worker."""
    drawer = opened(target, _own_device(device), members_at_once, beside)
    draw_if_needed(drawer.job, drawer, drawer.job.pieces[number], wait=True)


def _own_device(device: str | None) -> str | None:
    """Of several GPUs of a machine the one of this worker."""
    from distributed import get_worker

    count, name = torch.cuda.device_count(), get_worker().name
    return f"cuda:{name % count}" if device in (None, "cuda") and count > 1 and isinstance(name, int) else device


def _gpus(device: str | None) -> int:
    return 0 if device == "cpu" or not torch.cuda.is_available() else torch.cuda.device_count()


def _processors(device: str | None) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return _gpus(device) or cores


@contextmanager
def _client(address: str | None, workers: int, threads: int) -> Iterator[Any]:
    """A client of a scheduler that runs, or of one on this machine that ends with it."""
    from distributed import Client, LocalCluster

    if address:
        try:
            client = Client(address)
        except (OSError, ValueError) as error:
            raise ScaleAdaptError(f"--scheduler {address} does not answer: {error}") from error
        with client:
            yield client
        return
    env = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    options: dict[str, Any] = {"threads_per_worker": 1, "memory_limit": None, "dashboard_address": None}
    with (
        LocalCluster(n_workers=workers, env=env, silence_logs="ERROR", **options) as cluster,
        Client(cluster) as client,
    ):
        yield client


def is_finished(job: Job) -> bool:
    """Whether the Zarr has its name.

    Raises
    ------
    ScaleAdaptError
        If it is neither there nor being filled in.
    """
    there = (job.folder / MEMBERS).exists()
    if not there and not job.target.exists():
        raise ScaleAdaptError(f"{job.target} is gone: remove {job.folder} and plan again.")
    return not there


def finish(job: Job) -> bool:
    """Give the Zarr its name if every piece is done; return whether it has it."""
    if not all(is_done(job, piece.number) for piece in job.pieces):
        return False
    with claim(job.folder / "finish"):
        if not is_finished(job):
            if job.target.exists():
                raise ScaleAdaptError(f"{job.target} has come from elsewhere: move it away and run again.")
            put_in_place(job.folder / MEMBERS, job.target)
    return True


def parse_part(text: str) -> tuple[int, int]:
    """Read ``i/N``."""
    one, _, all_ = text.partition("/")
    if not (one.isdigit() and all_.isdigit()):
        raise ScaleAdaptError(f"--part {text}: give i/N, such as 3/16.")
    return int(one), int(all_)
