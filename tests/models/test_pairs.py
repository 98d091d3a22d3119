"""One network takes a training step of every factor pair, and draws it with exact totals."""

import pytest
import torch

from anemoi_scaleadapt.rain.average import coarse_frames
from anemoi_scaleadapt.scale import recipe


@pytest.mark.parametrize("time", range(1, 7))
def test_every_pair_learns_and_draws(downscaler, draw, time):
    net = downscaler(network={"patch": 2}, sampler={"steps": 1})
    for space in range(1, 26):
        scale = recipe(space, time)
        generator = torch.Generator().manual_seed(space)
        cells = 2 if space < 10 else 1
        hr = torch.rand(1, time, cells * space, cells * space, generator=generator)
        axis = coarse_frames(hr, space, time).expand(-1, time + 12, -1, -1)
        net.train().zero_grad()
        sum((p - t).square().mean() for p, t in net.terms(axis, hr, scale).values()).backward()
        assert all(torch.isfinite(p.grad).all() for p in net.parameters() if p.grad is not None)
        assert all(one.head.weight.grad.abs().sum() > 0 for one in (net.mean, net.residual))
        if space in (1, 7, 25):
            drawn = draw(net.eval(), axis, scale, members=1)[:, :, 0]
            torch.testing.assert_close(coarse_frames(drawn, space, time), axis[:, :1], rtol=1e-5, atol=0)
