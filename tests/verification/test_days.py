"""Intervals and tests: what resampling days must and must not do."""

import numpy as np
import pytest

from anemoi_scaleadapt.verification.days import (
    Days,
    combine,
    compare,
    day_weights,
    diebold_mariano,
    interval,
    relative,
    resample,
)
from anemoi_scaleadapt.verification.scores import score
from anemoi_scaleadapt.verification.settings import Settings
from support.scoring import sums_of

SETTINGS = Settings((8, 8))


def day(error, seed=0):
    draw = np.random.default_rng(seed)
    truth = draw.gamma(1, 1, (2, 8, 8))
    return sums_of(truth[None] + error * draw.choice([-1.0, 1.0], (3, *truth.shape)), truth)


def test_weights_draw_as_many_days_as_there_are():
    weights = day_weights(7, 50, 0)
    assert (weights.sum(axis=1) == 7).all() and weights.std() > 0.5


def test_days_add_up_and_keep_maxima():
    days = [{"count": 2.0, "max_truth": 5.0}, {"count": 3.0, "max_truth": 4.0}]
    assert combine(days) == {"count": 5, "max_truth": 5}
    many = Days(days).total(np.array([[0.0, 2.0], [1.0, 1.0]]))
    assert many["count"].tolist() == [6, 5] and many["max_truth"].tolist() == [4, 5]


def test_scores_of_many_resamples_are_those_of_each():
    days, weights = Days([day(e, k) for k, e in enumerate((0.1, 1, 3))]), day_weights(3, 4, 0)
    together = score(days.total(weights), SETTINGS)
    for k, each in enumerate(weights):
        for key, value in score(days.total(each), SETTINGS).items():
            assert together[key][k] == pytest.approx(value, nan_ok=True), key


def test_equal_days_have_no_width_and_unequal_days_have():
    for errors, wide in (((1.0,) * 5, False), ((0.1, 0.5, 1, 2, 4), True)):
        low, high = interval(resample({"a": [day(e) for e in errors]}, SETTINGS, 200, 0)["a"]["rmse"])
        assert (high > 1.5 * low) if wide else high == pytest.approx(low)


def test_comparisons_are_paired():
    errors = (0.1, 0.5, 1, 2, 4)
    sums = {"a": [day(2 * e) for e in errors], "b": [day(e) for e in errors]}
    drawn = resample(sums, SETTINGS, 100, 0)
    assert interval(relative(drawn["a"], drawn["b"])["rmse"]) == pytest.approx([2, 2], rel=1e-3)  # whatever the days
    found = compare(sums["a"], sums["b"], (drawn["a"], drawn["b"]), SETTINGS)
    mean = score(combine(sums["a"]), SETTINGS)["crps"] - score(combine(sums["b"]), SETTINGS)["crps"]
    assert found["crps"]["difference"] == pytest.approx(mean)
    low, high = found["crps"]["interval"]
    assert 0 < low < mean < high and 0 < found["crps"]["p"] < 0.2
    assert "ssr" not in found and "fss_1mm_5km" in found
    same = compare(sums["a"], sums["a"], (drawn["a"], drawn["a"]), SETTINGS)["crps"]
    assert same["difference"] == 0 and np.isnan(same["p"])


def test_the_spread_of_resampled_means_is_the_standard_error():
    values = np.random.default_rng(1).normal(0, 1, 100)
    means = day_weights(100, 4000, 0) @ values / 100
    assert means.std() == pytest.approx(values.std() / 10, rel=0.05)


def test_diebold_mariano_by_hand_and_against_scipy():
    from scipy.stats import t, ttest_1samp

    # mean 2, deviations -1, 0, 1: variance of the mean 2 / 9, corrected by (3 - 1) / 3: t = 2 / sqrt(1 / 3)
    series = np.array([[1.0, 2, 3], [0, 0, 0], [1, np.nan, 2]])
    found = diebold_mariano(series)
    assert found[0] == pytest.approx(2 * t.sf(2 * np.sqrt(3), 2))
    assert np.isnan(found[1:]).all()
    draw = np.random.default_rng(0).normal(0.3, 1, 15)
    assert diebold_mariano(draw[None])[0] == pytest.approx(ttest_1samp(draw, 0).pvalue)


def test_diebold_mariano_keeps_its_level():
    days = np.random.default_rng(0).normal(0, 1, (400, 11))
    assert (diebold_mariano(days) < 0.05).mean() == pytest.approx(0.05, abs=0.025)
