import resource

import pytest
import torch

from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.inference import memory
from anemoi_scaleadapt.inference.memory import batches, enough, fitting, free_memory, keep_freed
from anemoi_scaleadapt.models.downscaler import Downscaler
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.models.transform import RainTransform

CPU, FRANCE = torch.device("cpu"), (3, 1050, 1220)


@pytest.fixture(scope="module")
def net():
    """A network of the usual size."""
    return Downscaler(NetworkSettings(), SamplerSettings(), RainTransform(name="sqrt", unit=1.0))


@pytest.mark.parametrize(
    ("gigabytes", "parts", "members"), [(16, (1, 1), 75), (2, (1, 1), 3), (1.5, (1, 2), 2), (1.1, (2, 2), 1)]
)
def test_large_tiles_come_first_and_then_members(net, gigabytes, parts, members):
    # 3.8 million hours and pixels: 0.38 GB once, 0.19 GB a member, 1.04 GB in the network in one tile
    assert fitting(gigabytes * 1e9, "cpu", FRANCE, net) == (parts, members)


def test_a_gpu_passes_all_members_through_a_network_at_once(net):
    parts, members = fitting(16e9, "cuda", FRANCE, net)
    assert parts == (1, 1) and members == 12
    assert fitting(16e9, "cuda", FRANCE, net, at_once=16)[0] != (1, 1)


def test_a_tile_that_is_asked_for_is_kept(net, monkeypatch):
    monkeypatch.setattr(net, "tile", 512)
    assert fitting(16e9, "cpu", FRANCE, net)[0] == (2, 2)


def test_what_is_too_much_is_said_and_tried(net, caplog):
    parts, members = fitting(1e8, "cpu", FRANCE, net)
    assert members == 1 and parts == (2, 2)  # smaller ones save nothing and cost twice as much
    assert "draw fewer hours at once" in caplog.text


def test_no_memory_is_one_line():
    for error in (MemoryError("Unable to allocate 9 GiB"), torch.OutOfMemoryError("CUDA out of memory.\nTried")):
        with pytest.raises(ScaleAdaptError, match=r"fewer hours at once .*\((Unable|CUDA out of memory.\))"), enough():
            raise error
    words = "[enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: can't allocate memory"
    with pytest.raises(ScaleAdaptError, match="fewer hours at once"), enough():
        raise RuntimeError(words)
    with pytest.raises(RuntimeError, match="shape"), enough():
        raise RuntimeError("shape")


def test_the_network_is_told_of_its_tiles(net, monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda _: 1.1e9 / 0.7)
    assert batches(range(5), None, CPU, FRANCE, net) == [range(k, k + 1) for k in range(5)]
    assert net.parts == (2, 2)


def test_the_limit_of_a_process_counts(monkeypatch):
    psutil = pytest.importorskip("psutil")
    if not hasattr(psutil.Process(), "rlimit"):
        pytest.skip("the system has no such limits")
    before = resource.getrlimit(resource.RLIMIT_DATA)
    used = psutil.Process().memory_info().data
    resource.setrlimit(resource.RLIMIT_DATA, (used + 10**8, before[1]))
    try:
        monkeypatch.setattr(memory, "_kept", lambda: 0)
        assert free_memory(CPU) <= 10**8
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def test_what_torch_keeps_of_a_gpu_is_at_hand(monkeypatch):
    # else the second stretch of a run is drawn with fewer members at once than the first
    told = {"mem_get_info": (100, 1000), "memory_reserved": 700, "memory_allocated": 200}
    for name, value in told.items():
        monkeypatch.setattr(torch.cuda, name, lambda _, value=value: value)
    assert free_memory(torch.device("cuda")) == 600


def test_what_is_kept_is_at_hand():
    if not keep_freed() or not memory._kept():
        pytest.skip("the C library is not glibc, or an old one")
    before = memory._kept()
    torch.ones((before + 2**28) // 4)  # more than what is kept, and freed at once
    assert memory._kept() >= before + 2**28 - 2**20  # other threads take a little meanwhile


def test_what_is_freed_is_used_again():
    """64 MB again and again: without it every page of them is zeroed and handed out anew each time."""
    if not keep_freed():
        pytest.skip("the C library is not glibc")

    def faults():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        torch.ones(2**24)
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    assert min(faults() for _ in range(8)) < 2**24 * 4 / resource.getpagesize() / 10
