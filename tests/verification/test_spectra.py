"""Power in space and in time by hand and against pysteps and scipy."""

import numpy as np
import pytest

from anemoi_scaleadapt.verification.spectra import spectrum, spectrum_in_time, wavenumbers
from support.scoring import scores_of, sums_of


@pytest.mark.parametrize("shape", [(32, 32), (24, 31), (31, 24)])
def test_a_wave_has_its_power_in_its_ring(shape):
    ny, nx = shape
    wave = np.cos(2 * np.pi * 4 * np.arange(nx) / nx)[None, :] * np.ones((ny, 1))
    power = spectrum(wave[None])
    ring = round(4 * max(shape) / nx)
    # two modes of amplitude 1/2: |F|^2 = (N/2)^2 each, over N pixels
    assert power[ring] == pytest.approx(2 * (ny * nx / 2) ** 2 / (ny * nx))
    assert np.delete(power, ring) == pytest.approx(0, abs=1e-9)


def test_against_pysteps(shower):
    from pysteps.utils.spectral import rapsd

    field = shower(1, 40)[0].astype(float)
    full = np.round(np.hypot(*np.meshgrid(np.fft.fftfreq(40), np.fft.fftfreq(40))) * 40).astype(int)
    assert set(wavenumbers((40, 40)).ravel()) == set(full.ravel())
    rings = np.bincount(full.ravel())[:20]
    assert spectrum(field[None])[:20] / rings == pytest.approx(rapsd(field, fft_method=np.fft)[:20], rel=1e-9)


def test_the_ratio_sees_missing_and_surplus_small_scales(ensemble):
    truth = ensemble[1][:3]
    assert scores_of(truth[None], truth)["spectra_ratio_high"] == pytest.approx(1)
    assert scores_of(2 * truth[None], truth)["spectra_ratio_high"] == pytest.approx(4)
    noisy = truth[None] + np.random.default_rng(0).normal(0, 1, truth.shape)
    assert scores_of(noisy, truth)["spectra_ratio_high_mean"] > 2


def test_in_time_by_hand():
    # cos(2 pi 3 h / 12) under Hann's window: power in its frequency 3/12 and in both beside it, a quarter of it there
    wave = np.cos(2 * np.pi * 3 * np.arange(12) / 12)[None, :, None]
    power = spectrum_in_time(wave)
    assert power[[2, 4]] == pytest.approx([power[3] / 4] * 2)
    assert np.delete(power, [2, 3, 4]) == pytest.approx(0, abs=1e-12)
    # all power of a window whose squares have the mean 1 is the variance 1/2, over bins of 1/12 h-1
    assert power.sum() / 12 == pytest.approx(0.5)


def test_in_time_a_lively_system_has_too_much(ensemble):
    forecast, truth = ensemble
    same = scores_of(truth[None], truth)["spectra_ratio_time"]
    lively = scores_of(forecast, truth)["spectra_ratio_time"]
    still = scores_of(truth.mean(axis=0, keepdims=True).repeat(12, axis=0)[None], truth)["spectra_ratio_time"]
    assert same == pytest.approx(1) and lively > 1.2 and still == pytest.approx(0, abs=1e-6)
    assert np.isnan(scores_of(forecast[:, :11], truth[:11])["spectra_ratio_time"])  # 12 hours in a row are needed


def test_points_with_a_missing_hour_leave_the_spectrum_in_time(ensemble):
    truth = ensemble[1].copy()
    truth[4, :20] = np.nan
    found, part = sums_of(ensemble[0], truth), sums_of(ensemble[0][:, :, 20:], truth[:, 20:])
    for key in ("power_time", "power_time_truth"):
        assert found[key] == pytest.approx(part[key], rel=1e-5)
