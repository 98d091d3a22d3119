"""Noise is a function of seed, member, valid time and draw alone."""

import datetime

import pytest
import torch

from anemoi_scaleadapt.diffusion.noise import draws, ensemble_noise, field_noise, remembered
from anemoi_scaleadapt.hours import ONE_HOUR

START = datetime.datetime(2018, 5, 18)


def test_a_member_does_not_know_the_others():
    together = ensemble_noise(1, range(8), START, 3, (20, 30))
    alone = ensemble_noise(1, range(5, 6), START, 3, (20, 30))
    assert together.shape == (3, 8, 20, 30)
    assert torch.equal(together[:, 5:6], alone)


def test_an_hour_does_not_know_its_window():
    early, late = (ensemble_noise(1, range(2), START + shift * ONE_HOUR, 3, (20, 30)) for shift in (0, 1))
    assert torch.equal(early[1:], late[:2])


def test_the_windows_of_a_batch_have_each_its_own_noise_of_a_draw():
    starts = [START, START + 3 * ONE_HOUR]
    noise = draws(1, range(2, 4), starts, torch.empty(2, 3, 20, 30, dtype=torch.float64))
    assert noise(5).dtype == torch.float64
    for one, start in zip(noise(5), starts, strict=True):
        assert torch.equal(one, ensemble_noise(1, range(2, 4), start - ONE_HOUR, 4, (20, 30), 5).double())


def test_an_hour_that_remembers_the_one_before_is_still_normal_and_does_not_know_its_window():
    early, late = (ensemble_noise(1, range(2), START + shift * ONE_HOUR, 6, (200, 200)) for shift in (0, 1))
    one, other = (remembered(noise[None], 0.5)[0] for noise in (early, late))
    assert torch.equal(one[1:], other[:-1])
    assert one.mean().abs() < 0.01 and one.std() == pytest.approx(1, abs=0.01)
    for apart, want in ((1, 0.4), (2, 0.0)):  # 0.5 / (1 + 0.5^2)
        pairs = torch.stack([one[:-apart].flatten(), one[apart:].flatten()])
        assert torch.corrcoef(pairs)[0, 1] == pytest.approx(want, abs=0.01)
    assert torch.equal(remembered(early[None], 0.0)[0], early[1:])


def test_every_key_counts():
    base = field_noise(1, 2, START, (50, 50))
    others = [
        field_noise(2, 2, START, (50, 50)),
        field_noise(1, 3, START, (50, 50)),
        field_noise(1, 2, START + ONE_HOUR, (50, 50)),
        field_noise(1, 2, START, (50, 50), draw=1),
    ]
    for other in others:
        assert abs(torch.corrcoef(torch.stack([base.flatten(), other.flatten()]))[0, 1]) < 0.1


def test_golden_values():
    # numpy promises Philox's stream; were it to change, old members could not be drawn again
    got = field_noise(0, 0, START, (1, 3))
    torch.testing.assert_close(got, torch.tensor([[GOLDEN]]).reshape(1, 3), rtol=0, atol=1e-7)


GOLDEN = [-0.11730939894914627, 0.31745490431785583, -1.063584804534912]
