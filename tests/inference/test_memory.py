import resource

import pytest
import torch

from anemoi_scaleadapt.inference.memory import keep_freed


def test_what_is_freed_is_used_again():
    """64 MB again and again: without it every page of them is zeroed and handed out anew each time."""
    if not keep_freed():
        pytest.skip("the C library is not glibc")

    def faults():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        torch.ones(2**24)
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    assert min(faults() for _ in range(8)) < 2**24 * 4 / resource.getpagesize() / 10
