"""Every score against a number worked by hand and against a second library."""

import numpy as np
import pytest

from anemoi_scaleadapt.verification import tally as t
from anemoi_scaleadapt.verification.scores import correlation, earth_mover, quantile, score
from anemoi_scaleadapt.verification.tally import EDGES, Settings, add, spectrum, tally


def scores_of(forecast, truth, coarse=None, **settings):
    settings = Settings(**settings)
    forecast, truth = np.asarray(forecast, "float32"), np.asarray(truth, "float32")
    coarse = truth.mean(axis=0) if coarse is None else coarse
    return score(add(None, tally(forecast, truth, coarse, settings)), truth.shape[-2:], settings)


def single(members, truth):
    """One wet pixel in a field of one."""
    return np.reshape(members, (-1, 1, 1, 1)).astype(float), np.reshape(truth, (1, 1, 1)).astype(float)


@pytest.fixture
def case(shower):
    draw = np.random.default_rng(1)
    truth = shower(6, 40)
    return (np.roll(truth, 2, axis=2)[None] * draw.gamma(3, 1 / 3, (5, 6, 40, 40))).astype("float32"), truth


def test_crps_by_hand():
    # members 0, 2, 6, truth 1: mean error (1+1+5)/3 = 7/3; pairs 2, 6, 4: 12 / (3*2) = 2; fair 7/3 - 2 = 1/3
    assert scores_of(*single([0, 2, 6], 1))["crps"] == pytest.approx(1 / 3)


def test_crps_of_a_single_field_is_its_absolute_error():
    assert scores_of(*single([3], 1))["crps"] == pytest.approx(2)


def test_tail_crps_by_hand():
    # above 5: members 5, 5, 6, truth 5: mean error 1/3, pairs 0, 1, 1: 2 / 6 = 1/3; fair 0
    found = scores_of(*single([0, 2, 6], 1))
    assert found["twcrps_5mm"] == pytest.approx(0, abs=1e-12)
    # above 1: members 1, 2, 6, truth 1: errors 0+1+5 = 6/3 = 2; pairs 1, 5, 4: 10 / 6; fair 1/3
    assert found["twcrps_1mm"] == pytest.approx(1 / 3)


def test_crps_against_pysteps(case):
    from pysteps.verification.probscores import CRPS

    forecast, truth = case
    members = len(forecast)
    biased = np.mean([CRPS(forecast[:, h].astype(float), truth[h].astype(float)) for h in range(len(truth))])
    pairs = np.abs(forecast[:, None] - forecast[None]).mean()  # over M^2 pairs
    fair = biased - 0.5 * pairs / (members - 1)
    assert scores_of(forecast, truth)["crps"] == pytest.approx(fair, rel=1e-5)


def test_errors_by_hand_and_against_scikit_learn(case):
    found = scores_of(*single([0, 1, 5], 4))  # mean 2, median 1
    assert [found[k] for k in ("rmse", "mae", "rmse_median", "mae_median", "bias")] == pytest.approx([2, 2, 3, 3, -2])
    metrics = pytest.importorskip("sklearn.metrics")
    forecast, truth = case
    found = scores_of(forecast, truth)
    mean, median = forecast.mean(axis=0).ravel(), np.median(forecast, axis=0).ravel()
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(truth.ravel(), mean), rel=1e-5)
    assert found["mae_median"] == pytest.approx(metrics.mean_absolute_error(truth.ravel(), median), rel=1e-5)


def test_spread_skill_by_hand():
    # variance of 0, 2 is 2, mean 1, error 3: sqrt(3/2 * 2) / 3
    assert scores_of(*single([0, 2], 4))["ssr"] == pytest.approx(np.sqrt(3) / 3)


def test_spread_skill_of_a_perfect_ensemble_is_one():
    draw = np.random.default_rng(0)
    fields = draw.gamma(2, 1, (6, 3, 100, 100))
    assert scores_of(fields[1:], fields[0])["ssr"] == pytest.approx(1, abs=0.02)


def test_rank_histogram_against_pysteps(case):
    from pysteps.verification.ensscores import rankhist_accum, rankhist_compute, rankhist_init

    forecast, truth = case
    wet = (truth >= 0.1) | (forecast >= 0.1).any(axis=0)
    ours = tally(forecast, truth, truth.mean(axis=0), Settings())["ranks"]
    assert ours.sum() == pytest.approx(wet.sum())
    theirs = rankhist_init(len(forecast))
    rankhist_accum(theirs, forecast[:, wet][:, :, None].astype(float), truth[wet][:, None].astype(float))
    # ties, broken at random there, shared here, are only where truth and members are zero
    assert np.abs(ours / ours.sum() - rankhist_compute(theirs)).max() < 0.03
    assert np.abs(ours / ours.sum() - rankhist_compute(theirs)).sum() < 0.06


def test_rank_histogram_shares_ties_and_ignores_dry_cases():
    forecast = np.array([[1.0, 0.0], [1.0, 0.0]]).reshape(2, 1, 1, 2)
    ranks = tally(forecast, np.array([[[1.0, 0.0]]]), np.zeros((1, 2)), Settings())["ranks"]
    assert ranks == pytest.approx([1 / 3, 1 / 3, 1 / 3])


def test_rank_histogram_is_the_pit_histogram():
    from scores.probability import Pit
    from xarray import DataArray

    draw = np.random.default_rng(5)
    forecast, truth = draw.gamma(2, 1, (4, 1, 30, 30)) + 1, draw.gamma(2, 1.4, (1, 30, 30)) + 1
    ranks = tally(forecast, truth, truth[0], Settings())["ranks"]
    f = DataArray(forecast.reshape(4, -1), dims=("member", "case"))
    pit = Pit(f, DataArray(truth.ravel(), dims="case"), ensemble_member_dim="member")
    # the ECDF jumps by 1/4 at each member: between members PIT is constant, k/4 with k members below
    expected = np.bincount((forecast < truth).sum(axis=0).ravel(), minlength=5)
    assert ranks == pytest.approx(expected)
    assert float(pit.expected_value()) == pytest.approx((ranks * np.arange(5) / 4).sum() / ranks.sum())


def test_reliability_and_brier_against_pysteps_and_by_hand(case):
    from pysteps.verification.probscores import reldiag_accum, reldiag_init

    forecast, truth = case
    sums = tally(forecast, truth, truth.mean(axis=0), Settings())
    probability = (forecast >= 1.0).mean(axis=0)
    theirs = reldiag_init(1.0, n_bins=6, min_count=1)
    theirs["bin_edges"] = np.array([-0.1, 0.1, 0.3, 0.5, 0.7, 0.9, 1.1])
    reldiag_accum(theirs, probability.astype(float), truth.astype(float))
    assert sums["reliability_forecasts"][1] == pytest.approx(theirs["sample_size"])
    assert sums["reliability_events"][1] == pytest.approx(theirs["Y_sum"])
    brier = ((probability - (truth >= 1.0)) ** 2).mean()
    assert scores_of(forecast, truth)["brier_1mm"] == pytest.approx(brier, rel=1e-5)


def test_fss_by_hand():
    # one wet pixel each, far apart: no overlap at 1 pixel, and all of it in a window wider than the field
    forecast, truth = np.zeros((1, 1, 9, 9)), np.zeros((1, 9, 9))
    forecast[0, 0, 4, 4], truth[0, 4, 5] = 2, 2
    found = scores_of(forecast, truth)
    assert found["fss_1mm_1km"] == 0
    # 5 x 5 windows shifted by one column: 20 common cells of 25 each: 1 - 10 / 50
    assert found["fss_1mm_5km"] == pytest.approx(0.8)


def test_fss_against_pysteps_and_scores(case):
    from pysteps.verification.spatialscores import fss_accum, fss_compute, fss_init
    from scores.spatial import fss_2d
    from xarray import DataArray

    forecast, truth = case
    ours = scores_of(forecast, truth)["fss_1mm_5km"]
    pooled = []
    for member in forecast:
        theirs = fss_init(1.0, 5)
        for a, b in zip(member, truth, strict=True):
            fss_accum(theirs, a.astype(float), b.astype(float))
        pooled.append(fss_compute(theirs))
    assert ours == pytest.approx(np.mean(pooled), rel=1e-4)
    f, o = DataArray(forecast[0], dims=("t", "y", "x")), DataArray(truth, dims=("t", "y", "x"))
    options = dict(event_threshold=1.0, window_size=(5, 5), spatial_dims=("y", "x"), zero_padding=True)
    one = scores_of(forecast[:1], truth)["fss_1mm_5km"]
    assert one == pytest.approx(float(fss_2d(f, o, **options)), abs=2e-3)  # another rule at the edges


def test_fss_of_an_ensemble_by_hand():
    # two members with a wet pixel each, one of them right: half of the probability where it rained
    forecast, truth = np.zeros((2, 1, 9, 9)), np.zeros((1, 9, 9))
    truth[0, 4, 4] = forecast[0, 0, 4, 4] = forecast[1, 0, 0, 0] = 2
    found = scores_of(forecast, truth)
    # differences 0.5 and 0.5; squares 0.25 and 0.25 and, of the truth, 1
    assert found["fss_ensemble_1mm_1km"] == pytest.approx(1 - 0.5 / 1.5)
    assert found["fss_1mm_1km"] == pytest.approx(0.5)
    alone = scores_of(forecast[:1], truth)
    assert alone["fss_ensemble_1mm_1km"] == alone["fss_1mm_1km"] == 1


def test_fss_of_an_ensemble_of_points_is_the_brier_skill(case):
    # at one pixel the sum of squared differences is the Brier score
    forecast, truth = case
    found = scores_of(forecast, truth)
    probability, event = (forecast >= 1.0).mean(axis=0), truth >= 1.0
    worst = (probability**2).mean() + event.mean()
    assert found["fss_ensemble_1mm_1km"] == pytest.approx(1 - found["brier_1mm"] / worst, rel=1e-5)


def test_fss_scales_are_kilometres():
    assert Settings(pixel_km=2.5).fss_pixels() == [1, 2, 4, 10, 20]


def test_spectrum_by_hand_and_against_pysteps(shower):
    from pysteps.utils.spectral import rapsd

    x = np.arange(32)
    wave = np.cos(2 * np.pi * 4 * x / 32)[None, :] * np.ones((32, 1))
    power = spectrum(wave[None])
    # two modes of amplitude 1/2: |F|^2 = (N/2)^2 each, over N pixels
    assert power[4] == pytest.approx(2 * (1024 / 2) ** 2 / 1024)
    assert np.delete(power, 4) == pytest.approx(0, abs=1e-9)
    field = shower(1, 40)[0].astype(float)
    rings = np.bincount(t.wavenumbers((40, 40)).ravel())[:20]
    assert spectrum(field[None])[:20] / rings == pytest.approx(rapsd(field, fft_method=np.fft)[:20], rel=1e-9)


def test_spectra_ratio_sees_missing_and_surplus_small_scales(case):
    _, truth = case
    assert scores_of(truth[None], truth)["spectra_ratio_high"] == pytest.approx(1)
    assert scores_of(2 * truth[None], truth)["spectra_ratio_high"] == pytest.approx(4)
    noisy = truth[None] + np.random.default_rng(0).normal(0, 1, truth.shape)
    assert scores_of(noisy, truth)["spectra_ratio_high_mean"] > 2


def test_quantiles_and_emd_against_numpy_and_scipy(case):
    from scipy.stats import wasserstein_distance

    forecast, truth = case
    one, other = (np.histogram(v, EDGES)[0] for v in (forecast, truth))
    for q in (0.9, 0.99, 0.999):
        assert quantile(one, q) == pytest.approx(np.quantile(forecast, q), rel=0.01)
    assert earth_mover(one, other) == pytest.approx(wasserstein_distance(forecast.ravel(), truth.ravel()), rel=0.01)
    # by hand: half of 4 mm/h moved to 2 mm/h is a distance of 1
    assert earth_mover(np.histogram([2, 4], EDGES)[0], np.histogram([4, 4], EDGES)[0]) == pytest.approx(1, rel=0.01)


def test_ratios_by_hand():
    truth = np.array([0, 0, 1, 2], dtype=float).reshape(1, 2, 2)
    found = scores_of(np.array([0, 1, 1, 4]).reshape(1, 1, 2, 2), truth)
    assert found["wet_fraction_ratio"] == pytest.approx(1.5)
    assert found["max_ratio"] == pytest.approx(2)


def test_lags_against_numpy_and_across_windows(case):
    forecast, truth = case
    settings = Settings()
    whole = tally(forecast, truth, truth.mean(axis=0), settings)
    for lag in (1, 2, 3):
        expected = np.corrcoef(truth[:-lag].ravel(), truth[lag:].ravel())[0, 1]
        assert correlation(whole["lags_truth"][lag - 1]) == pytest.approx(expected, rel=1e-6)
        expected = np.corrcoef(forecast[:, :-lag].ravel(), forecast[:, lag:].ravel())[0, 1]
        assert correlation(whole["lags"][lag - 1]) == pytest.approx(expected, rel=1e-6)
    first = tally(forecast[:, :3], truth[:3], truth[:3].mean(axis=0), settings)
    before = (forecast[:, :3], truth[:3])
    second = tally(forecast[:, 3:], truth[3:], truth[3:].mean(axis=0), settings, before)
    assert first["lags"] + second["lags"] == pytest.approx(whole["lags"])


def test_conservation_error_by_hand():
    forecast = np.ones((1, 2, 4, 4))
    coarse = np.array([[1.0, 0.8], [1.0, 1.0]])
    assert scores_of(forecast, forecast[0], coarse)["conservation_error"] == pytest.approx(0.25)


def test_missing_pixels_leave_every_score(case):
    forecast, truth = (a.copy() for a in case)
    truth[:, :20] = np.nan
    forecast[2, :, :, 30:] = np.nan
    found = scores_of(forecast, truth)
    part = scores_of(forecast[:, :, 20:, :30], truth[:, 20:, :30])
    for key in ("crps", "rmse", "ssr", "q99_ratio", "q999_ratio", "lag1_ratio", "wet_fraction_ratio", "emd"):
        assert found[key] == pytest.approx(part[key], rel=1e-6), key


def test_a_dry_period_gives_no_ratio_and_no_crash():
    found = scores_of(np.zeros((3, 2, 10, 10)), np.zeros((2, 10, 10)))
    assert found["crps"] == 0
    assert found["fss_1mm_5km"] is None and found["q99_ratio"] is None and found["lag1_ratio"] is None


def test_all_missing_gives_nothing():
    assert scores_of(np.zeros((3, 2, 5, 5)), np.full((2, 5, 5), np.nan))["crps"] is None
