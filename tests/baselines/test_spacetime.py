"""The noise of the space-time RainFARM: variance, memory, motion."""

import numpy as np
import pytest

from anemoi_scaleadapt.baselines.spacetime import MovingNoise, NoiseSettings, SpacetimeRainfarm, motion


def test_noise_has_unit_variance_and_the_memory_it_is_given():
    noise = MovingNoise((48, 48), 200, NoiseSettings(slope=2.0, memory=2.0), seed=0)
    fields = [noise.hour() for _ in range(3)]
    assert np.var(fields[0]) == pytest.approx(1, abs=0.06)
    for lag in (1, 2):
        found = np.corrcoef(fields[0].ravel(), fields[lag].ravel())[0, 1]
        assert found == pytest.approx(np.exp(-lag / 2), abs=0.05)


def test_noise_moves_with_the_rain():
    noise = MovingNoise((32, 32), 50, NoiseSettings(memory=1e9), seed=0)
    one, moved = noise.hour(), noise.hour((3, -5))
    assert moved == pytest.approx(np.roll(one, (3, -5), axis=(1, 2)), abs=1e-3)


def test_noise_power_falls_as_asked():
    noise = MovingNoise((64, 64), 100, NoiseSettings(slope=3.0), seed=1).hour()
    power = (np.abs(np.fft.fft2(noise)) ** 2).mean(axis=0)
    assert power[0, 4] / power[0, 16] == pytest.approx(4**3, rel=0.5)


def test_motion_finds_a_shift_and_stays_below_the_speed_limit(shower):
    field = np.zeros((20, 20))
    field[8:11, 6:9] = shower(1, 3)[0] + 1
    assert motion(field, np.roll(field, (2, 4), axis=(0, 1)), 10) == pytest.approx((2, 4), abs=0.3)
    assert np.hypot(*motion(field, np.roll(field, (0, 8), axis=(0, 1)), 3)) < 4
    assert motion(field, np.zeros((20, 20)), 10) == (0, 0)


@pytest.mark.parametrize("s", [1, 4])
def test_totals_are_exact_and_hours_differ_even_without_finer_space(s, shower):
    now = shower(1, 12)[0].astype(float) + 0.5
    out = SpacetimeRainfarm((12 * s, 12 * s), s, 3, 0)(np.stack([now] * 3), now)
    assert out.shape == (3, 3, 12 * s, 12 * s)
    cells = out.reshape(3, 3, 12, s, 12, s).mean(axis=(1, 3, 5))
    assert cells == pytest.approx(np.stack([now] * 3), rel=1e-9)
    assert np.abs(out[:, 0] - out[:, 1]).mean() > 0.05 and np.abs(out[0] - out[1]).mean() > 0.05
