"""Intervals: what resampling days must and must not do."""

import numpy as np
import pytest

from anemoi_scaleadapt.verification.bootstrap import combine, day_weights, intervals
from anemoi_scaleadapt.verification.tally import Settings, tally


def day(error, seed):
    draw = np.random.default_rng(seed)
    truth = draw.gamma(1, 1, (2, 8, 8))
    forecast = truth[None] + error * draw.choice([-1.0, 1.0], (3, *truth.shape))
    return tally(forecast.astype("f4"), truth.astype("f4"), truth.mean(axis=0), Settings())


def test_weights_draw_as_many_days_as_there_are():
    weights = day_weights(7, 50, 0)
    assert (weights.sum(axis=1) == 7).all() and weights.std() > 0.5


def test_combine_adds_sums_and_takes_maxima():
    days = [{"count": 2.0, "max_truth": 5.0}, {"count": 3.0, "max_truth": 4.0}]
    assert combine(days) == {"count": 5, "max_truth": 5}
    assert combine(days, np.array([0.0, 2.0])) == {"count": 6, "max_truth": 4}


def test_equal_days_have_no_width_and_unequal_days_have():
    equal = [day(1.0, 0)] * 5
    plain, _ = intervals({"a": equal}, (8, 8), Settings(), 50, 0, "a")
    assert plain["a"]["rmse"][0] == pytest.approx(plain["a"]["rmse"][1])
    mixed = [day(e, 0) for e in (0.1, 0.5, 1, 2, 4)]
    plain, _ = intervals({"a": mixed}, (8, 8), Settings(), 200, 0, "a")
    assert plain["a"]["rmse"][1] > 1.5 * plain["a"]["rmse"][0]


def test_ratios_are_paired():
    errors = (0.1, 0.5, 1, 2, 4)
    sums = {"a": [day(2 * e, 0) for e in errors], "b": [day(e, 0) for e in errors]}
    _, ratios = intervals(sums, (8, 8), Settings(), 100, 0, "a")
    assert ratios["b"]["rmse"] == pytest.approx([2, 2], rel=1e-3)  # whatever the days


def test_the_spread_of_resampled_means_is_the_standard_error():
    values = np.random.default_rng(1).normal(0, 1, 100)
    means = day_weights(100, 4000, 0) @ values / 100
    assert means.std() == pytest.approx(values.std() / 10, rel=0.05)


def test_one_day_has_no_interval():
    assert intervals({"a": [day(1.0, 0)]}, (8, 8), Settings(), 50, 0, "a") == ({}, {})
