"""Local averages of noisy fields."""

import pytest
import torch

from anemoi_scaleadapt.layers.averages import averages

LEVEL = torch.tensor([2.0])[:, None, None, None]


def test_by_hand():
    # patches of 2 x 2 hold 1, 2, 3; their averages over 3 patches end at the domain's edge
    x = torch.tensor([1.0, 2.0, 3.0]).repeat_interleave(2).expand(1, 1, 2, 6)
    one, three = averages(x, LEVEL, 2, (1, 3))
    torch.testing.assert_close(one * (1 + (2 / 2) ** 2) ** 0.5, torch.tensor([[[[1.0, 2.0, 3.0]]]]))
    torch.testing.assert_close(three * (1 + (2 / 6) ** 2) ** 0.5, torch.tensor([[[[1.5, 2.0, 2.5]]]]))


@pytest.mark.parametrize("sigma", [0.1, 3.0, 100.0])
def test_noise_on_a_constant_of_unit_variance_comes_out_with_unit_variance(sigma):
    generator = torch.Generator().manual_seed(0)
    level = torch.full((400, 1, 1, 1), sigma)
    x = torch.randn(400, 1, 1, 1, generator=generator) + level * torch.randn(400, 1, 60, 60, generator=generator)
    for mean in averages(x, level, 4, (1, 3, 7)):
        assert mean[..., 4:-4, 4:-4].square().mean() == pytest.approx(1, abs=0.15)


def test_they_look_no_further_than_their_width():
    x = torch.zeros(1, 1, 40, 40)
    x[..., 20, 20] = 1
    (mean,) = averages(x, LEVEL, 4, (5,))
    rows = mean[0, 0].sum(1).nonzero().flatten().tolist()
    assert rows == [3, 4, 5, 6, 7]


def test_no_widths_no_averages():
    assert averages(torch.zeros(1, 1, 8, 8), LEVEL, 4, ()) == []
