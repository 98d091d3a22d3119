"""How many members are drawn at once: as many as fit into the memory at hand. How many changes no bit on a CPU."""

import ctypes
import logging
import platform
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import torch

from anemoi_scaleadapt.models.downscaler import Downscaler

LOG = logging.getLogger(__name__)
#: bytes that drawing takes at its peak (benchmarks/scale.py measures them): for each hour and pixel of a member in the
#: sampler, for each of them once (the mean, what the networks make of the coarse rain), and in a network for each hour
#: and pixel of a tile
MEMBER, ONCE, TILE = 50, 30, 320
#: channels of the network that they were measured with
CHANNELS = 64
#: pixels that a tile reads beyond its inner width, both sides together
HALO = 256
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
    """Cut members into those that are drawn at once.

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
        What draws.
    share : float
        Share of the free memory that may be used.
    """
    size = at_once or fitting(
        share * free_memory(device), device.type, sizes, net.tile, net.network.residual_channels[0]
    )
    return [members[k : k + size] for k in range(0, len(members), size)]


def fitting(memory: float, kind: str, sizes: Sequence[int], tile: int = 512, channels: int = CHANNELS) -> int:
    """How many members fit into so many bytes, at least one.

    On a CPU members pass through the networks one by one, elsewhere all together.

    Examples
    --------
    >>> fitting(6e9, "cpu", (24, 500, 500))
    13
    """
    hours, y, x = sizes
    inside = TILE * channels // CHANNELS * hours * min(y, tile + HALO) * min(x, tile + HALO)
    once, each = ONCE * hours * y * x, MEMBER * hours * y * x
    once, each = (once + inside, each) if kind == "cpu" else (once, each + inside)
    count = int((memory - once) // each)
    if count < 1:
        LOG.warning(
            "One member of %d hours of %d x %d pixels takes about %.1f GB, and %.1f GB are at hand: if that is too "
            "little, draw fewer hours at once (hours_at_once; it decides what a member is).",
            *(hours, y, x, (once + each) / 1e9, memory / 1e9),
        )
    return max(1, count)


def free_memory(device: torch.device) -> int:
    """Bytes that this process may still take: of the GPU, or of the machine and of the control group that it is in."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    import psutil  # type: ignore[import-untyped]

    return min(psutil.virtual_memory().available, *_control_groups(Path("/sys/fs/cgroup")))


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
