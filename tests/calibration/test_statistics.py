import itertools

import numpy as np
import pytest

from anemoi_scaleadapt.calibration import statistics


def test_temporal_correlation_of_an_alternating_series_by_hand():
    frames = np.tile([1.0, 9.0], 50).reshape(-1, 1, 1)  # roots 1, 3: anomalies -1, 1
    assert statistics.temporal_correlation([frames], 3) == pytest.approx([1, -1, 1, -1])


def test_pairs_are_never_made_across_a_gap():
    one = np.array([0.0, 4.0]).reshape(-1, 1, 1)  # anomalies -1, 1
    assert statistics.temporal_correlation([one, one, one], 2)[:2] == pytest.approx([1, -1])
    assert np.isnan(statistics.temporal_correlation([one, one], 2)[2])


def test_missing_values_take_no_part_in_time():
    rng = np.random.default_rng(0)
    frames = rng.random((40, 3, 3)) ** 2
    holed = np.concatenate([frames, np.full((40, 3, 1), np.nan)], axis=2)
    want = statistics.temporal_correlation([frames], 4)
    assert statistics.temporal_correlation([holed], 4) == pytest.approx(want)


def test_spatial_correlation_of_stripes_by_hand():
    stripes = np.zeros((2, 1, 8, 8))
    stripes[..., ::2] = 4.0  # along x the anomaly alternates, along y it is constant
    assert statistics.spatial_correlation(stripes) == pytest.approx([1, 0, 1, 0, 1, 0, 1])


def test_amount_below_by_hand():
    rates, share = statistics.amount_below(np.array([0, 0, 1.0, 1, 2, 4]))
    assert rates.tolist() == [1, 2, 4]
    assert share == pytest.approx([2 / 8, 4 / 8, 1])


class TestResidualSpectrum:
    """Power of the standardised residual."""

    def test_total_power_is_the_number_of_modes(self):
        fine = np.random.default_rng(1).gamma(0.3, 2, (30, 3, 20, 20)).astype("f4")
        mean, _ = statistics.residual_spectrum(fine, 10)
        assert mean.sum() == pytest.approx(mean.size, rel=1e-4)  # Parseval: unit variance

    def test_one_wave_is_one_pair_of_modes(self):
        x = np.arange(40)
        wave = 1 + 0.5 * np.cos(2 * np.pi * 8 * x / 40)  # 8 waves, a period of 5 cells: no coarse cell sees it
        fine = np.broadcast_to(wave**2, (5, 2, 40, 40)).astype("f4")
        mean, wet = statistics.residual_spectrum(fine, 10)
        k = np.unravel_index(np.argsort(np.where(np.arange(mean.size) == 0, 0, mean.ravel()))[-2:], mean.shape)
        assert sorted(zip(*k, strict=True)) == [(0, 0, 8), (0, 0, 32)]
        # two modes share nearly all of the 2 x 40 x 40 units of power
        assert np.sqrt(mean[0, 0, 8]) == pytest.approx(np.sqrt(2 * 40 * 40 / 2), rel=0.06)
        assert wet == pytest.approx(mean)

    def test_white_noise_has_power_one_everywhere(self):
        noise = np.random.default_rng(2).normal(20, 1, (200, 1, 20, 20))
        mean, _ = statistics.residual_spectrum((noise**2).astype("f4"), 20)
        high = mean[0, 5:15, 5:15]
        assert high.mean() == pytest.approx(1, rel=0.05)

    def test_what_the_bicubic_value_tells_is_no_residual(self):
        guess = np.random.default_rng(3).random((40, 1, 20, 20))
        slope = np.array([1.0, 3.0]).reshape(1, 2, 1, 1)
        residual = slope * guess + 5
        left = residual - statistics.conditional_mean(residual, guess)
        assert left.std() < 0.05 * residual.std() and abs(left.mean()) < 1e-12

    def test_a_mode_started_at_its_own_size_keeps_71_percent_of_its_spread(self):
        # the probability-flow ODE of a Gaussian of std m: x falls by sqrt(m^2 / (m^2 + sigma^2))
        m = sigma = 50.0
        steps = np.geomspace(sigma, 1e-3, 20001)
        x = sigma
        for a, b in itertools.pairwise(steps):
            x += (b - a) * a * x / (m**2 + a**2)  # dx/dsigma = (x - D(x)) / sigma, D = x m^2 / (m^2 + sigma^2)
        assert x / m == pytest.approx(1 / np.sqrt(2), rel=1e-3)
