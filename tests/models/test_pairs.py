"""All 150 factor pairs build and take one training step; members of some have exact totals."""

import pytest
import torch

from anemoi_scaleadapt.conservation import block_mean
from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.models.downscaler import Downscaler
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.models.transform import RainTransform
from anemoi_scaleadapt.scale import recipe

TINY = NetworkSettings(
    mean_channels=(4, 4), residual_channels=(4, 4), frame_channels=4, blocks=1, heads=1, window=3, patch=2
)


@pytest.mark.parametrize("time", range(1, 7))
def test_every_pair_learns_and_draws(time):
    for space in range(1, 26):
        torch.manual_seed(space)
        cells = 2 if space < 10 else 1
        net = Downscaler(
            recipe(space, time), TINY, SamplerSettings(steps=2), RainTransform(name="sqrt", unit=0.5)
        ).train()
        hr = torch.rand(1, time, cells * space, cells * space)
        lr = block_mean(hr.mean(1), space)[:, None].expand(-1, net.scale.context_length, -1, -1)
        optimiser = torch.optim.SGD(net.parameters(), lr=1e-2)
        before = [p.detach().clone() for p in net.parameters()]
        sum((p - t).square().mean() for p, t in net.terms(lr, hr).values()).backward()
        optimiser.step()
        assert any((a != b).any() for a, b in zip(before, net.parameters(), strict=True)), (space, time)
        if space not in (1, 7, 10, 25):
            continue
        drawn = net.eval().sample(lr, lambda k, shape=hr.shape: torch.randn(shape)[:, :, None])
        torch.testing.assert_close(block_mean(drawn[:, :, 0].mean(1), space), net.current(lr), rtol=1e-5, atol=0)
