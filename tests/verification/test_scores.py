"""What holds for all scores together."""

import numpy as np
import pytest

from anemoi_scaleadapt.verification.scores import add, curves, score
from anemoi_scaleadapt.verification.settings import Settings
from support.scoring import scores_of, sums_of

#: the scores that see neither neighbours nor the past
ALONE = ("crps", "rmse", "ssr", "mae_median", "bias", "rank_deviation", "brier_1mm", "twcrps_1mm", "q99_ratio",
         "q999_ratio", "max_ratio", "emd", "wet_fraction_ratio", "lag1", "crps_window_max", "crps_change")  # fmt: skip


@pytest.fixture(scope="module")
def small(ensemble):
    return ensemble[0][:, :4], ensemble[1][:4]


def test_missing_pixels_leave_every_score(small):
    forecast, truth = (a.copy() for a in small)
    truth[:, :20] = np.nan
    forecast[2, :, :, 30:] = np.nan
    found, part = scores_of(forecast, truth), scores_of(forecast[:, :, 20:, :30], truth[:, 20:, :30])
    for key in ALONE:
        assert found[key] == pytest.approx(part[key], rel=1e-5), key


def test_the_order_of_members_does_not_matter(small):
    forecast, truth = small
    found, turned = scores_of(forecast, truth), scores_of(forecast[::-1], truth)
    for key in found.keys() - {"lag1_moving", "lag1_moving_ratio"}:  # of the first member alone
        assert found[key] == pytest.approx(turned[key], rel=1e-5, abs=1e-9, nan_ok=True), key


def test_turning_the_map_does_not_matter(small):
    forecast, truth = small
    found, turned = scores_of(forecast, truth), scores_of(forecast.swapaxes(-1, -2), truth.swapaxes(-1, -2))
    for key in found:
        if key not in ("fss_1mm_10km", "lag1_moving", "lag1_moving_ratio"):
            assert found[key] == pytest.approx(turned[key], rel=1e-5, abs=1e-9, nan_ok=True), key


def test_halves_of_the_time_add_up(small):
    forecast, truth = small
    parts = add(sums_of(forecast[:, :2], truth[:2]), sums_of(forecast[:, 2:], truth[2:]))
    settings = Settings(truth.shape[-2:])
    found, whole = score(parts, settings), scores_of(forecast, truth)
    for key in whole:
        if not key.startswith(("lag", "crps_change", "crps_window_max", "conservation", "spectra_ratio_time")):
            assert found[key] == pytest.approx(whole[key], rel=1e-5, abs=1e-9), key


def test_the_truth_is_perfect(small):
    truth = small[1]
    found = scores_of(np.stack([truth] * 3), truth)
    for key, value in found.items():
        if key.startswith(("crps", "twcrps", "rmse", "mae", "bias", "brier", "emd", "variogram", "sal")):
            assert value == pytest.approx(0, abs=1e-6), key
        elif key.startswith("fss") or (key.endswith("ratio") and np.isfinite(value)):
            assert value == pytest.approx(1), key
    assert found["crps"] == 0


def test_a_dry_period_gives_no_ratio_and_no_crash():
    found = scores_of(np.zeros((3, 2, 10, 10)), np.zeros((2, 10, 10)))
    assert found["crps"] == found["crps_mean_5km"] == 0
    for key in ("fss_1mm_5km", "q99_ratio", "lag1_ratio", "spectra_ratio_high", "wet_fraction_ratio", "max_ratio"):
        assert np.isnan(found[key]), key


def test_all_missing_gives_nothing():
    found = scores_of(np.zeros((3, 2, 10, 10)), np.full((2, 10, 10), np.nan), coarse=np.zeros((2, 2)))
    assert all(np.isnan(value) for key, value in found.items() if key != "conservation_error")


def test_curves_have_what_they_stand_on(ensemble):
    forecast, truth = ensemble
    found = curves(sums_of(forecast, truth), Settings(truth.shape[-2:]))
    assert found["rank_histogram"].sum() == pytest.approx(1)
    assert len(found["spectrum"]["wavelength_km"]) == len(found["spectrum"]["power"]) == 20
    assert found["spectrum_time"]["period_hours"].tolist() == pytest.approx([12, 6, 4, 3, 2.4, 2])
    assert found["lags"]["truth"][0] == pytest.approx(scores_of(truth[None], truth)["lag1"])
    assert "reliability" not in curves(sums_of(forecast[:1], truth), Settings(truth.shape[-2:]))
