"""A small downscaler whose heads are not zero, so that every path counts, and rain for it."""

import pytest
import torch

from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.models.context import frames_round, hourly_axis
from anemoi_scaleadapt.models.downscaler import Downscaler
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.models.transform import RainTransform
from anemoi_scaleadapt.scale import resolve


def wake(net):
    """Give weights to layers that begin as zero: they would hide what is before them."""
    for module in net.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            torch.nn.init.normal_(module.weight, std=0.5 / module.weight[0].numel() ** 0.5)
    return net


@pytest.fixture
def downscaler(tiny_network):
    """Build a downscaler: ``downscaler(network={}, sampler={}, unit=0.2, transform="sqrt", **others)``."""

    def build(network=None, sampler=None, transform="sqrt", woken=True, **others):
        torch.manual_seed(0)
        net = Downscaler(
            NetworkSettings.from_config(tiny_network | (network or {}), "network"),
            SamplerSettings(**{"steps": 3} | (sampler or {})),
            RainTransform(name=transform, unit=0.2),
            **others,
        )
        return (wake(net) if woken else net).eval()

    return build


@pytest.fixture
def pair():
    """Settings of a factor pair: ``pair(space, time, **changes)``."""
    return lambda space, time, **changes: resolve({"space": space, "time": time} | changes)


@pytest.fixture
def rain():
    """Coarse rain with dry cells on the hourly axis: ``rain(n, hours, time, y, x)`` in mm h-1."""

    def build(n, hours, time, *shape, seed=0):
        generator = torch.Generator().manual_seed(seed)
        past = frames_round(time)
        frames = 3 * torch.rand(n, hours // time + 2 * past, *shape, generator=generator) - 1
        return hourly_axis(frames.clamp(min=0), time, past, hours)

    return build


@pytest.fixture
def draw():
    """Members with noise of a seed: ``draw(net, axis, scale, members=2, **others)``."""

    def build(net, axis, scale, members=2, seed=0, **others):
        shape = axis.shape[0], 1 + axis.shape[1] - 12, members, *(n * scale.space for n in axis.shape[-2:])

        def noise(k):
            generator = torch.Generator().manual_seed(1000 * seed + k)
            return torch.randn(shape, generator=generator, dtype=torch.float64).to(axis.dtype)

        return net.sample(axis, scale, noise, **others)

    return build
