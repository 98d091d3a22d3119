"""The table of the sampler's settings: nothing measured, one pair, several, and what a draw takes of it."""

import pytest
import torch

from anemoi_scaleadapt.diffusion.settings import SamplerSettings, Tuned
from anemoi_scaleadapt.models.calibrated import Calibrated
from anemoi_scaleadapt.scale import recipe


def test_nothing_is_known_before_anything_was_measured():
    assert Calibrated()(10, 3) is None


def test_one_pair_holds_everywhere():
    table = Calibrated()
    table.fill({(10, 3): Tuned(20.0, 1.2, 0.4, 0.3)})
    for pair in ((1, 2), (10, 3), (25, 6)):
        assert table(*pair) == pytest.approx((20.0, 1.2, 0.4, 0.3), rel=1e-5)


def test_between_pairs_it_is_smooth_and_near_each_it_is_near_its_own():
    table = Calibrated()
    table.fill({(1, 3): Tuned(40.0, 1.0, 0.0), (25, 6): Tuned(10.0, 1.4, 0.6, 0.0)})
    along = [table(s, 3) for s in (1, 3, 8, 25)]
    assert [x[0] for x in along] == sorted((x[0] for x in along), reverse=True)
    assert [x[1] for x in along] == sorted(x[1] for x in along)
    assert table(1, 3)[0] == pytest.approx(40, rel=0.01) and table(25, 6)[1] == pytest.approx(1.4, rel=0.01)
    assert all(10 <= x[0] <= 40 and 1.0 <= x[1] <= 1.4 for x in along)
    assert [x[2] for x in along] == sorted(x[2] for x in along) and table(25, 6)[2] == pytest.approx(0.6, rel=0.01)
    assert [x[3] for x in along] == sorted((x[3] for x in along), reverse=True) and table(25, 6)[3] < 0.01


def test_a_draw_takes_what_its_settings_leave_open(downscaler):
    net, scale = downscaler(), recipe(10, 3)
    usual = net.chosen(SamplerSettings(), scale)
    assert usual.sigma_max == pytest.approx(157.4, abs=0.05)
    assert (usual.noise_factor, usual.noise_memory, usual.eta) == (1.0, 0.0, 1.0)
    net.calibrated.fill({(10, 3): Tuned(9.0, 1.3, 0.2, 0.5)})
    found = net.chosen(SamplerSettings(steps=5), scale)
    assert [getattr(found, name) for name in Tuned._fields] == pytest.approx([9.0, 1.3, 0.2, 0.5])
    assert found.steps == 5
    told = net.chosen(SamplerSettings(sigma_max=30.0), scale)
    assert (told.sigma_max, told.noise_factor) == (30.0, pytest.approx(1.3))


def test_what_was_measured_may_lie_above_the_levels_of_the_pairs_own_beta(downscaler):
    net = downscaler()
    net.calibrated.fill({(25, 6): Tuned(70.0)})
    assert net.sigma_max(recipe(10, 1)) < 13
    assert net.chosen(SamplerSettings(), recipe(10, 1)).sigma_max == pytest.approx(70.0)


def test_it_goes_with_the_weights(downscaler):
    one, other = downscaler(), downscaler()
    one.calibrated.fill({(10, 3): Tuned(9.0, 1.3)})
    other.load_state_dict(one.state_dict())
    assert torch.equal(one.calibrated.table, other.calibrated.table)
