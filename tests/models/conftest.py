"""A small downscaler whose heads are not zero, so that every path counts."""

import pytest
import torch

from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.models.downscaler import Downscaler
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.models.transform import RainTransform
from anemoi_scaleadapt.scale import resolve


@pytest.fixture
def downscaler(tiny_network):
    """Build a downscaler: ``downscaler(space, time, network={}, sampler={}, statics=0, **scale)``."""

    def build(
        space,
        time,
        network=None,
        sampler=None,
        statics=0,
        tile=512,
        detach_mean=True,
        transform="sqrt",
        amplitude=0.75,
        **scale,
    ):
        torch.manual_seed(0)
        net = Downscaler(
            resolve({"space": space, "time": time} | scale),
            NetworkSettings.from_config(tiny_network | (network or {}), "network"),
            SamplerSettings(**{"steps": 3} | (sampler or {})),
            RainTransform(name=transform, unit=0.2),
            statics=statics,
            tile=tile,
            detach_mean=detach_mean,
            amplitude=amplitude,
        )
        for module in net.modules():  # zero-initialised layers would hide what is before them
            if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
                torch.nn.init.normal_(module.weight, std=0.5 / module.weight[0].numel() ** 0.5)
        return net.eval()

    return build


@pytest.fixture
def rain():
    """Coarse rain with dry cells: ``rain(n, L, y, x)`` in mm h-1."""

    def build(*shape, seed=0):
        generator = torch.Generator().manual_seed(seed)
        return (3 * torch.rand(shape, generator=generator) - 1).clamp(min=0)

    return build


@pytest.fixture
def noise():
    """``noise(shape)`` is the function of draws that the samplers want."""

    def build(*shape, seed=0, dtype=torch.float32):
        def draw(k):
            generator = torch.Generator().manual_seed(1000 * seed + k)
            return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)

        return draw

    return build
