"""Moving noise: variance, spectrum, memory by scale, motion, seeds."""

import numpy as np
import pytest

from anemoi_scaleadapt.baselines.noise import MovingNoise
from anemoi_scaleadapt.baselines.settings import NoiseSettings
from anemoi_scaleadapt.hours import HOUR

TIME = np.datetime64("2018-05-18T01:00", "s")


def draw(hours=1, members=60, shape=(48, 48), shift=(0, 0), seed=0, **settings):
    noise = MovingNoise(shape, members, NoiseSettings(**settings), seed)
    places = np.indices(shape) - np.reshape(shift, (2, 1, 1))
    return [noise.hour(TIME + k * HOUR, places) for k in range(hours)]


def correlation(one, other):
    return np.corrcoef(one.ravel(), other.ravel())[0, 1]


def test_it_has_unit_variance_and_the_memory_it_is_given():
    fields = draw(3, 200, slope=2.0, memory=2.0)
    assert [np.var(field) for field in fields] == pytest.approx([1, 1, 1], abs=0.06)
    for lag in (1, 2):
        assert correlation(fields[0], fields[lag]) == pytest.approx(np.exp(-lag / 2), abs=0.05)


def test_hours_without_memory_are_independent():
    assert correlation(*draw(2, memory=0.0)) == pytest.approx(0, abs=0.1)


def test_it_moves_with_the_rain_round_the_edges():
    one, next_hour = draw(2, shift=(3, -5), memory=100.0)
    assert correlation(np.roll(one, (3, -5), axis=(1, 2)), next_hour) > 0.98 > correlation(one, next_hour)


def test_its_power_falls_as_asked():
    power = (np.abs(np.fft.fft2(draw(1, 100, (64, 64), slope=3.0)[0])) ** 2).mean(axis=0)
    assert power[0, 4] / power[0, 16] == pytest.approx(4**3, rel=0.5)


def test_large_scales_remember_longer():
    # memory 1 h at 10 pixels, growing as the wavelength: 4 h at 40 pixels, 0.5 h at 5
    one, later = (np.fft.fft2(field) for field in draw(2, 400, (40, 40), slope=1.0, memory=1.0, growth=1.0))
    for wave, hours in ((1, 4.0), (4, 1.0), (8, 0.5)):
        found = (one[:, 0, wave].conj() * later[:, 0, wave]).mean().real / (np.abs(one[:, 0, wave]) ** 2).mean()
        assert found == pytest.approx(np.exp(-1 / hours), abs=0.12)


def test_a_member_is_the_same_whatever_their_number_and_differs_by_seed_and_hour():
    few, many = draw(2, 2), draw(2, 5)
    assert many[1][:2] == pytest.approx(few[1], abs=1e-12)
    assert abs(correlation(few[0][0], draw(1, 2, seed=1)[0][0])) < 0.9
    assert draw(1, 1, seed=-1)[0].shape == (1, 48, 48)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (2, 2)])
def test_small_domains_have_noise_too(shape):
    assert np.isfinite(draw(2, 3, shape)[1]).all() and np.std(draw(1, 300, shape)[0]) == pytest.approx(1, abs=0.2)
