"""CRPS of means and maxima over areas, of a window's maximum and of changes in time; the variogram score."""

import numpy as np
import pytest

from anemoi_scaleadapt.verification import neighbourhoods
from anemoi_scaleadapt.verification.settings import Settings
from support.scoring import forecast_of, scores_of


def test_means_and_maxima_by_hand():
    # one square of 4 km fits; members with 16 and 48 mm/h in one pixel, truth 16 in another
    forecast, truth = np.zeros((2, 1, 4, 4)), np.zeros((1, 4, 4))
    forecast[0, 0, 0, 0], forecast[1, 0, 0, 0], truth[0, 3, 3] = 16, 48, 16
    found = scores_of(forecast, truth, mean_scales_km=(4.0,), maximum_km=4.0)
    # means 1 and 3, truth 1: mean error 1, half the pair's difference 1
    assert found["crps_mean_4km"] == pytest.approx(0, abs=1e-6)
    # maxima 16 and 48, truth 16: 16 - 16; were they 48 and 48: 32
    assert found["crps_max_4km"] == pytest.approx(0, abs=1e-6)
    forecast[0] = forecast[1]
    found = scores_of(forecast, truth, mean_scales_km=(4.0, 5.0), maximum_km=4.0)
    assert (found["crps_mean_4km"], found["crps_max_4km"]) == pytest.approx((2, 32))
    assert np.isnan(found["crps_mean_5km"])  # wider than the field


def test_means_against_scores_and_a_plain_loop(ensemble):
    from scores.probability import crps_for_ensemble
    from xarray import DataArray

    forecast, truth = ensemble[0][:, :2], ensemble[1][:2]
    found = scores_of(forecast, truth)

    def wanted(width, reduce):
        starts = range(0, 40 - width + 1, width // 2)
        squares = [(..., slice(y, y + width), slice(x, x + width)) for y in starts for x in starts]
        members, observed = (np.stack([reduce(a[s], axis=(-2, -1)) for s in squares], -1) for a in (forecast, truth))
        arrays = DataArray(members, dims=("member", "t", "n")), DataArray(observed, dims=("t", "n"))
        return float(crps_for_ensemble(*arrays, "member", method="fair"))

    assert found["crps_mean_5km"] == pytest.approx(wanted(5, np.mean), rel=1e-4)
    assert found["crps_mean_25km"] == pytest.approx(wanted(25, np.mean), rel=1e-4)
    assert found["crps_max_10km"] == pytest.approx(wanted(10, np.max), rel=1e-4)


def test_the_windows_maximum_and_changes_by_hand():
    # a pixel, three hours; members 1, 5, 2 and 1, 1, 2; truth 0, 3, 3
    forecast = np.array([[1.0, 5, 2], [1, 1, 2]]).reshape(2, 3, 1, 1)
    found = scores_of(forecast, np.array([0.0, 3, 3]).reshape(3, 1, 1))
    # maxima 5 and 2 for 3: (2 + 1) / 2 - 3 / 2
    assert found["crps_window_max"] == pytest.approx(0)
    # changes 4, -3 and 0, 1 for 3, 0: (1 + 3) / 2 - 4 / 2 and (3 + 1) / 2 - 4 / 2
    assert found["crps_change"] == pytest.approx(0)
    # one member: |4 - 3| and |-3 - 0|
    assert scores_of(forecast[:1], np.array([0.0, 3, 3]).reshape(3, 1, 1))["crps_change"] == pytest.approx(2)


def test_a_change_reaches_back_to_the_window_before_and_counts_where_both_hours_are_known():
    settings = Settings((1, 2))
    forecast = forecast_of([[[[3.0, 3.0]]]], [[[1.0, 1.0]]], settings=settings)
    assert np.isnan(neighbourhoods.score(neighbourhoods.tally(forecast, settings), settings)["crps_change"])
    forecast.past, forecast.window.past = [np.array([[[1.0, 0.0]]])], [np.array([[0.0, 0.0]])]
    forecast.window.past_known = [np.array([[True, False]])]
    sums = neighbourhoods.tally(forecast, settings)["crps_change"]
    assert sums.tolist() == [1, 1]  # |(3 - 1) - (1 - 0)| of one pixel


def test_squares_with_a_missing_pixel_are_left_out(ensemble):
    forecast, truth = ensemble[0][:, :3], ensemble[1][:3].copy()
    truth[:, :, :20] = np.nan
    found, part = scores_of(forecast, truth), scores_of(forecast[..., 20:], truth[..., 20:])
    for key in ("crps_mean_10km", "crps_max_10km", "crps_window_max", "crps_change"):
        assert found[key] == pytest.approx(part[key], rel=1e-5), key


def test_variogram_by_hand_and_without_the_bias_of_few_members():
    # pixels 0 and 4 mm/h in the truth: root of the difference 2; members' roots 1 and 3: mean 2, variance 2
    forecast, truth = np.array([[0.0, 1.0], [9.0, 0.0]]).reshape(2, 1, 1, 2), np.array([[[0.0, 4.0]]])
    found = scores_of(forecast, truth, variogram_km=(1.0,))
    assert found["variogram_1km"] == pytest.approx((2 - 2) ** 2 - 2 / 2)
    assert scores_of(forecast[:1], truth, variogram_km=(1.0,))["variogram_1km"] == pytest.approx(1)
    draw = np.random.default_rng(0)
    sizes = [scores_of(draw.gamma(1, 1, (m, 1, 200, 200)), draw.gamma(1, 1, (1, 200, 200)))["variogram_2km"]
             for m in (2, 16)]  # fmt: skip
    assert sizes[0] == pytest.approx(sizes[1], rel=0.05)


def test_variogram_against_scoringrules():
    """Its vs_ensemble (0.10, p 0.5, estimator fair) gives these numbers 0.89508316; importing it takes 20 seconds."""
    forecast = [
        [[0.71, 1.03, 0.57, 0.9], [0.21, 3.38, 0.01, 2.81], [0.58, 0.3, 0.54, 0.31]],
        [[0.9, 1.07, 1.88, 0.22], [3.14, 0.74, 0.35, 0.88], [0.08, 0.06, 1.22, 0.77]],
        [[2.2, 0.48, 0.52, 1.18], [0.53, 0.02, 0.29, 1.01], [0.63, 1.4, 0.01, 0.9]],
        [[0.25, 0.36, 3.07, 1.4], [3.8, 1.75, 2.24, 0.14], [0.3, 0.24, 1.15, 1.22]],
        [[0.13, 0.38, 1.07, 0.07], [0.1, 0.87, 1.87, 2.7], [0.71, 1.31, 0.76, 0.94]],
    ]
    truth = [[0.14, 2.49, 0.88, 0.88], [0.03, 1.09, 1.06, 1.06], [0.57, 1.36, 1.57, 0.65]]
    found = scores_of(np.array(forecast)[:, None], np.array(truth)[None], variogram_km=(2.0,))["variogram_2km"]
    assert found * 10 == pytest.approx(0.89508316, rel=1e-5)  # the sum over 6 + 4 pairs


def test_variogram_of_missing_pixels(ensemble):
    forecast, truth = ensemble[0][:, :2], ensemble[1][:2].copy()
    truth[:, :20] = np.nan
    found, part = scores_of(forecast, truth), scores_of(forecast[:, :, 20:], truth[:, 20:])
    assert found["variogram_10km"] == pytest.approx(part["variogram_10km"], rel=1e-5)
