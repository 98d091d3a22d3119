"""beta against its noise levels, and v-prediction against the preconditioned form."""

import pytest
import torch

from anemoi_scaleadapt.diffusion import schedule


@pytest.mark.parametrize(("beta", "largest"), [(0.010, 12.6), (0.015, 44), (0.020, 157), (0.035, 7182)])
def test_largest_level_of_the_papers_betas(beta, largest):
    levels = schedule.noise_levels(beta)
    assert levels[-1] == pytest.approx(largest, rel=0.01)
    assert (levels.diff() > 0).all() and len(levels) == 1000


def test_first_level_by_hand():
    # one step with variance 1e-4: sigma = sqrt(1e-4 / (1 - 1e-4))
    assert schedule.noise_levels(0.02)[0] == pytest.approx((1e-4 / (1 - 1e-4)) ** 0.5)


def test_the_papers_v_prediction_is_ours_with_the_sign_turned():
    generator = torch.Generator().manual_seed(0)
    residual, noise = (torch.randn(50, dtype=torch.float64, generator=generator) for _ in range(2))
    kept = torch.cumprod(1 - schedule.betas(0.02), 0)
    for n in (0, 10, 500, 999):
        noisy = kept[n].sqrt() * residual + (1 - kept[n]).sqrt() * noise  # R_n of the paper
        v = kept[n].sqrt() * noise - (1 - kept[n]).sqrt() * residual
        sigma = schedule.noise_levels(0.02)[n]
        x = residual + sigma * noise
        torch.testing.assert_close(schedule.condition_noise(x, sigma), noisy, rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(schedule.target(residual, noise, sigma), -v, rtol=1e-10, atol=1e-12)


def test_a_right_output_denoises_exactly():
    residual, noise = torch.randn(2, 40, dtype=torch.float64)
    for sigma in torch.tensor([0.01, 1.0, 150.0], dtype=torch.float64):
        aim = schedule.target(residual, noise, sigma)
        got = schedule.denoised(residual + sigma * noise, sigma, aim)
        torch.testing.assert_close(got, residual, rtol=1e-9, atol=1e-9)


def test_a_batch_takes_one_level_of_each_part_of_the_schedule():
    levels = schedule.noise_levels(0.02)
    drawn = schedule.draw_levels(levels, 8, torch.Generator().manual_seed(0))
    place = torch.searchsorted(levels, drawn)
    assert (levels[place] == drawn).all()
    assert sorted((place // 125).tolist()) == list(range(8))
    assert place.tolist() != sorted(place.tolist())
