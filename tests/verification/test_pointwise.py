"""Errors, spread, ranks and reliability by hand and against second libraries."""

import numpy as np
import pytest

from support.scoring import scores_of, single, sums_of


def test_errors_by_hand_and_against_scikit_learn(ensemble):
    found = scores_of(*single([0, 1, 5], 4))  # mean 2, median 1
    assert [found[k] for k in ("rmse", "mae", "rmse_median", "mae_median", "bias")] == pytest.approx([2, 2, 3, 3, -2])
    assert scores_of(*single([0, 1, 2, 5], 4))["mae_median"] == pytest.approx(2.5)
    metrics = pytest.importorskip("sklearn.metrics")
    forecast, truth = ensemble
    found = scores_of(forecast, truth)
    mean, median = forecast.mean(axis=0).ravel(), np.median(forecast, axis=0).ravel()
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(truth.ravel(), mean), rel=1e-5)
    assert found["mae_median"] == pytest.approx(metrics.mean_absolute_error(truth.ravel(), median), rel=1e-5)


def test_spread_skill_by_hand():
    # variance of 0, 2 is 2, mean 1, error 3: sqrt(3/2 * 2) / 3
    assert scores_of(*single([0, 2], 4))["ssr"] == pytest.approx(np.sqrt(3) / 3)
    assert np.isnan(scores_of(*single([2], 4))["ssr"])


def test_spread_skill_of_a_perfect_ensemble_is_one():
    fields = np.random.default_rng(0).gamma(2, 1, (6, 1, 100, 100))
    assert scores_of(fields[1:], fields[0])["ssr"] == pytest.approx(1, abs=0.03)


def test_rank_histogram_shares_ties_and_ignores_dry_cases():
    forecast = np.array([[1.0, 0.0], [1.0, 0.0]]).reshape(2, 1, 1, 2)
    assert sums_of(forecast, np.array([[[1.0, 0.0]]]))["ranks"] == pytest.approx([1 / 3, 1 / 3, 1 / 3])


def test_rank_histogram_against_scores_and_pysteps(ensemble):
    from pysteps.verification.ensscores import rankhist_accum, rankhist_compute, rankhist_init
    from scores.probability import rank_histogram
    from xarray import DataArray

    forecast, truth = ensemble
    wet = (truth >= 0.1) | (forecast >= 0.1).any(axis=0)
    ours = sums_of(forecast, truth)["ranks"]
    assert ours.sum() == pytest.approx(wet.sum())
    arrays = DataArray(forecast[:, wet], dims=("member", "case")), DataArray(truth[wet], dims="case")
    assert ours / ours.sum() == pytest.approx(rank_histogram(*arrays, "member").values)
    theirs = rankhist_init(len(forecast))
    rankhist_accum(theirs, forecast[:, wet][:, :, None].astype(float), truth[wet][:, None].astype(float))
    # ties, broken at random there, shared here, are only where truth and members are zero
    assert np.abs(ours / ours.sum() - rankhist_compute(theirs)).max() < 0.03


def test_distance_of_the_ranks_from_flat_by_hand():
    # truth below both members: shares 1, 0, 0, each a third away or two
    assert scores_of(*single([2, 3], 1))["rank_deviation"] == pytest.approx(4 / 3)


def test_reliability_and_brier_against_pysteps_and_scores(ensemble):
    from pysteps.verification.probscores import reldiag_accum, reldiag_init
    from scores.probability import brier_score_for_ensemble
    from xarray import DataArray

    forecast, truth = ensemble
    sums = sums_of(forecast, truth)
    probability = (forecast >= 1.0).mean(axis=0)
    theirs = reldiag_init(1.0, n_bins=6, min_count=1)
    theirs["bin_edges"] = np.array([-0.1, 0.1, 0.3, 0.5, 0.7, 0.9, 1.1])
    reldiag_accum(theirs, probability.astype(float), truth.astype(float))
    assert sums["reliability_forecasts"][1] == pytest.approx(theirs["sample_size"])
    assert sums["reliability_events"][1] == pytest.approx(theirs["Y_sum"])
    arrays = DataArray(forecast, dims=("member", "t", "y", "x")), DataArray(truth, dims=("t", "y", "x"))
    wanted = brier_score_for_ensemble(*arrays, "member", 1.0, fair_correction=False)
    assert scores_of(forecast, truth)["brier_1mm"] == pytest.approx(float(wanted.squeeze()), rel=1e-5)


def test_brier_by_hand():
    # one of two members at 1 mm/h or more, and it rained: (1/2 - 1)^2
    assert scores_of(*single([0, 2], 1))["brier_1mm"] == pytest.approx(0.25)


def test_an_ensemble_of_points_has_the_fss_of_its_brier_score(ensemble):
    forecast, truth = ensemble
    found = scores_of(forecast, truth)
    worst = ((forecast >= 1.0).mean(axis=0) ** 2).mean() + (truth >= 1.0).mean()
    assert found["fss_ensemble_1mm_1km"] == pytest.approx(1 - found["brier_1mm"] / worst, rel=1e-5)
