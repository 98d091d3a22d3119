"""How much is drawn at once: the fewest tiles and the most members that fit into the memory at hand.

Neither changes a bit on a CPU.
"""

import ctypes
import logging
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.layers.tiling import fewest, parts_of, plan
from anemoi_scaleadapt.models.downscaler import Downscaler

LOG = logging.getLogger(__name__)
#: bytes that drawing takes at its peak (benchmarks/scale.py measures them): for each hour and pixel of a member in the
#: sampler, for each of them once (the mean, what the networks make of the coarse rain), and in a network for each hour
#: and pixel of a tile
MEMBER, ONCE, TILE = 50, 100, 270
#: share of a domain below which tiles save nothing: what is done on the whole of it takes as much
LEAST = 0.36
#: channels of the network that they were measured with
CHANNELS = 64
#: share of the free memory that is used
SHARE = 0.7

#: what glibc's mallopt calls the largest number of maps of their own, and the free bytes from which memory goes back
_MMAP_MAX, _TRIM_THRESHOLD = -4, -1


@lru_cache(maxsize=1)
def keep_freed() -> bool:
    """Let this process keep the memory that it frees, for what it allocates next; return whether it can be told so.

    glibc gives large tensors back to the system at once, which hands out zeroed pages for the next: on a country up to
    two fifths of the processor's time. The process then holds on to the most that it ever had, somewhat more than
    without.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    return bool(libc.mallopt(_MMAP_MAX, 0) and libc.mallopt(_TRIM_THRESHOLD, -1))


def batches(
    members: range,
    at_once: int | None,
    device: torch.device,
    sizes: Sequence[int],
    net: Downscaler,
    share: float = SHARE,
) -> list[range]:
    """Cut members into those that are drawn at once, and tell the network into how many tiles to cut the domain.

    Parameters
    ----------
    members : range
        Their numbers.
    at_once : int or None
        How many; None: what fits into the memory at hand.
    device : torch.device
        Where they are drawn.
    sizes : sequence of int
        Hours of a stretch, and (y, x) of the fine grid.
    net : Downscaler
        What draws; its `parts` are set.
    share : float
        Share of the free memory that may be used.
    """
    net.parts, most = fitting(share * free_memory(device), device.type, sizes, net, at_once or 1)
    size = at_once or most
    return [members[k : k + size] for k in range(0, len(members), size)]


def fitting(
    memory: float, kind: str, sizes: Sequence[int], net: Downscaler, at_once: int = 1
) -> tuple[tuple[int, int], int]:
    """Into how many tiles to cut a domain, down and across, and how many members then fit, at least `at_once`.

    On a CPU members pass through the networks one by one, elsewhere all together. First come large tiles, which are
    cheap, then members.

    Parameters
    ----------
    memory : float
        Bytes.
    kind : str
        Of the device.
    sizes : sequence of int
        Hours of a stretch, and (y, x) of the fine grid.
    net : Downscaler
        What draws; its own tile is kept if it has one.
    at_once : int
        Members that must fit.
    """
    hours, y, x = sizes
    passing = 1 if kind == "cpu" else at_once
    if net.tile is None:
        left = memory - hours * y * x * (ONCE + at_once * MEMBER)
        parts = fewest((y, x), net.halo(), max(left / (_inside(net) * hours * passing), LEAST * y * x))
    else:
        parts = parts_of((y, x), net.tile)
    once, each = needs(kind, sizes, net, parts)
    count = int((memory - once) // each)
    if count < at_once:
        LOG.warning(
            "Members of %d hours of %d x %d pixels take about %.1f GB, %d at once, and %.1f GB are at hand: if that is "
            "too little, draw fewer hours at once (hours_at_once; it decides what a member is).",
            *(hours, y, x, (once + at_once * each) / 1e9, at_once, memory / 1e9),
        )
    return parts, max(at_once, count)


def needs(kind: str, sizes: Sequence[int], net: Downscaler, parts: tuple[int, int]) -> tuple[float, float]:
    """Bytes that drawing takes at its peak: once, and for each member; arguments as in :func:`fitting`."""
    hours, y, x = sizes
    outer = [tile.outer for tile in plan(y, x, parts, net.halo(), 1)]
    tile = _inside(net) * hours * max(LEAST * y * x, *((y1 - y0) * (x1 - x0) for y0, y1, x0, x1 in outer))
    once, each = ONCE * hours * y * x, MEMBER * hours * y * x
    return (once + tile, each) if kind == "cpu" else (once, each + tile)


def _inside(net: Downscaler) -> float:
    """Bytes in the network for each hour and pixel of a tile."""
    return TILE * net.network.residual_channels[0] / CHANNELS


@contextmanager
def enough() -> Iterator[None]:
    """Say in one line that drawing has found no memory."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # torch has an error of its own for a GPU only
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "allocate memory" not in str(error):
            raise
        raise ScaleAdaptError(
            "members do not fit into the memory at hand: draw fewer hours at once (hours_at_once; it decides what a "
            f"member is), or with fewer processes beside ({str(error).splitlines()[0][:200]})."
        ) from error


def free_memory(device: torch.device) -> int:
    """Bytes that this process may still take: of the GPU, or of the machine and of the control group that it is in."""
    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # by torch, of what was freed
        return torch.cuda.mem_get_info(device)[0] + kept
    import psutil  # type: ignore[import-untyped]

    ends = (psutil.virtual_memory().available, *_limits(psutil.Process()), *_control_groups(Path("/sys/fs/cgroup")))
    return max(0, min(ends)) + _kept()


class _Heap(ctypes.Structure):
    """What glibc's mallinfo2 tells."""

    _fields_ = tuple(
        (name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks".split()
    )
    _fields_ += (("fordblks", ctypes.c_size_t), ("keepcost", ctypes.c_size_t))


def _kept() -> int:
    """Bytes that this process has freed and keeps (:func:`keep_freed`): they are taken, and at hand all the same."""
    if platform.libc_ver()[0] != "glibc":
        return 0
    ask = getattr(ctypes.CDLL(None), "mallinfo2", None)  # glibc 2.33
    if ask is None:
        return 0
    ask.restype = _Heap
    return int(ask().fordblks)


def _limits(process: Any) -> list[int]:
    """What is left below the limits of this process (ulimit -v, -d), where the system has such."""
    if not hasattr(process, "rlimit"):
        return []
    import psutil

    used = process.memory_info()
    limits = ((psutil.RLIMIT_AS, used.vms), (psutil.RLIMIT_DATA, used.data))
    ends = [(process.rlimit(limit)[0], now) for limit, now in limits]
    return [most - now for most, now in ends if most != psutil.RLIM_INFINITY]


def _control_groups(root: Path) -> list[int]:
    """What is left below the limits of this process's control groups (Linux: SLURM, containers)."""
    left = [2**63]
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    except OSError:
        return left
    for line in lines:
        _, kind, name = line.split(":", 2)
        if kind not in ("", "memory"):
            continue
        top, limit, used, cache = (
            (root / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            if kind
            else (root, "memory.max", "memory.current", "inactive_file")
        )
        folder = top / name.lstrip("/")
        for place in [folder, *folder.parents][: len(folder.relative_to(top).parts) + 1]:
            try:
                most, now = ((place / file).read_text(encoding="ascii").strip() for file in (limit, used))
                told = dict(row.split() for row in (place / "memory.stat").read_text(encoding="ascii").splitlines())
            except OSError:
                continue
            if most.isdigit():
                left.append(int(most) - int(now) + int(told.get(cache, 0)))
    return left
