"""Two engines for one plan: this process on a share of the pieces, or the workers of a dask cluster on all of them."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch

from anemoi_scaleadapt.bulk.piece import Machine, draw_if_needed, is_done, opened
from anemoi_scaleadapt.bulk.plan import MEMBERS, Job
from anemoi_scaleadapt.errors import ScaleAdaptError

#: told of every piece that is done: its hours times members
Told = Callable[[int], None]

#: a worker with several threads draws one piece at a time: torch has one number of threads, and memory is reckoned so
_ONE = threading.Lock()


def share(job: Job, part: int, of: int) -> list[int]:
    """Numbers of the pieces of the part-th of so many processes, counted from 1."""
    if not 1 <= part <= of:
        raise ScaleAdaptError(f"--part {part}/{of}: parts are 1/{of} to {of}/{of}.")
    return list(range(part - 1, len(job.pieces), of))


def run_here(job: Job, numbers: list[int], told: Told, machine: Machine) -> None:
    """Draw pieces in this process, those that others are drawing last; return when all of them are done.

    Parameters
    ----------
    job : Job
        The plan.
    numbers : list of int
        Pieces.
    told : callable
        Called with the size of each piece that is done.
    machine : Machine
        What to draw on.
    """
    if is_finished(job):
        return
    left = [number for number in numbers if not is_done(job, number)]
    if left:
        drawer, later = opened(str(job.target), job.run, machine), list[int]()
        for some, wait in ((left, False), (later, True)):
            for number in some:
                if draw_if_needed(job, drawer, job.pieces[number], wait):
                    told(job.pieces[number].size)
                else:
                    later.append(number)
    finish(job)


def run_on_cluster(job: Job, told: Told, machine: Machine, address: str | None, workers: int | None) -> None:
    """Draw all pieces on the workers of a dask cluster.

    A worker that dies is replaced and its piece drawn again; one that dies four times over the same piece ends the run,
    as does the scheduler's end.

    Parameters
    ----------
    address : str, optional
        Of a scheduler, such as ``tcp://host:8786``, whose workers see the same files; by default workers are started
        on this machine.
    workers : int, optional
        How many, by default one for each GPU, or for each core.
    job, told, machine
        As for :func:`run_here`; how many share its memory is known for workers on this machine.
    """
    from distributed import CancelledError, KilledWorker, as_completed

    if is_finished(job):
        return
    left = [piece for piece in job.pieces if not is_done(job, piece.number)]
    if left:
        device = machine.device
        count = min(workers or max(1, _processors(device) // job.settings.threads), len(left))
        machine = machine._replace(beside=1 if address else max(1, count // (_gpus(device) or 1)))
        with _client(address, count, job.settings.threads) as client:
            name = f"{job.target} {job.run}"  # a scheduler draws nothing twice that has one key
            tasks = {
                client.submit(
                    draw_one, str(job.target), job.run, piece.number, machine, key=f"{name} {piece.number}"
                ): piece
                for piece in left
            }
            try:
                for task in as_completed(tasks, loop=client.loop):
                    task.result()
                    told(tasks[task].size)
            except KilledWorker as error:
                number = tasks[task].number
                raise ScaleAdaptError(
                    f"piece {number} has ended four workers, perhaps for want of memory: give fewer --workers, or "
                    "plan with fewer --hours-at-once."
                ) from error
            except CancelledError as error:
                raise ScaleAdaptError(f"the scheduler is gone ({error}); what is done stays, run again.") from error
    finish(job)


def draw_one(target: str, run: str, number: int, machine: Machine) -> None:
    """Draw one piece in a worker."""
    with _ONE:
        drawer = opened(target, run, machine._replace(device=_own_device(machine.device)))
        draw_if_needed(drawer.job, drawer, drawer.job.pieces[number], wait=True)


def _own_device(device: str | None) -> str | None:
    """Of several GPUs of a machine the one of this worker."""
    from distributed import get_worker

    count, name = torch.cuda.device_count(), get_worker().name
    return f"cuda:{name % count}" if device in (None, "cuda") and count > 1 and isinstance(name, int) else device


def _gpus(device: str | None) -> int:
    return 0 if device == "cpu" or not torch.cuda.is_available() else torch.cuda.device_count()


def _processors(device: str | None) -> int:
    from dask.system import cpu_count  # those that this process and its control group may use

    return _gpus(device) or cpu_count()


@contextmanager
def _client(address: str | None, workers: int, threads: int) -> Iterator[Any]:
    """A client of a scheduler that runs, or of one on this machine that ends with it."""
    from distributed import Client, LocalCluster

    if address:
        try:
            client = Client(address, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ScaleAdaptError(f"--scheduler {address} does not answer: {error}") from error
        with client:
            yield client
        return
    env = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    options: dict[str, Any] = {"threads_per_worker": 1, "memory_limit": None, "dashboard_address": None}
    with (
        LocalCluster(n_workers=workers, env=env, silence_logs="ERROR", **options) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def is_finished(job: Job) -> bool:
    """Whether the Zarr has its name.

    Raises
    ------
    ScaleAdaptError
        If it is neither there nor being filled in, or its name is taken.
    """
    while (job.folder / MEMBERS).exists():
        if not job.target.exists():
            return False
        if (job.folder / MEMBERS).exists():  # it has not been moved between the two looks
            raise ScaleAdaptError(f"{job.target} has come from elsewhere: move it away and run again.")
    if not job.target.exists():
        raise ScaleAdaptError(f"{job.target} is gone: remove {job.folder} and plan again.")
    return True


def finish(job: Job) -> bool:
    """Give the Zarr its name if every piece is done; return whether it has it."""
    if not all(is_done(job, piece.number) for piece in job.pieces):
        return False
    if not is_finished(job):
        os.sync()
        with suppress(FileNotFoundError):  # another process has been quicker
            (job.folder / MEMBERS).rename(job.target)
    return is_finished(job)


def parse_part(text: str) -> tuple[int, int]:
    """Read ``i/N``."""
    one, _, all_ = text.partition("/")
    if not (one.isdecimal() and all_.isdecimal()):
        raise ScaleAdaptError(f"--part {text}: give i/N, such as 3/16.")
    return int(one), int(all_)
