"""Quantiles, distances and ratios of distributions."""

import numpy as np
import pytest

from anemoi_scaleadapt.verification.distribution import EDGES, earth_mover, histogram, quantile
from support.scoring import scores_of


def test_the_histogram_has_the_bins_of_its_edges():
    draw = np.random.default_rng(0)
    rain = np.where(draw.random(5000) < 0.5, 0, draw.lognormal(0, 2, 5000))
    assert (histogram(rain, 7) - np.histogram(rain, EDGES)[0]).tolist() == [7, *[0] * 6000]
    assert histogram(np.array([0.0, 5e-4, 2e3]))[[0, -1]].tolist() == [2, 1]


def test_quantiles_and_distance_against_numpy_and_scipy(ensemble):
    from scipy.stats import wasserstein_distance

    forecast, truth = ensemble
    one, other = histogram(forecast), histogram(truth)
    for q in (0.9, 0.99, 0.999, 0.9999):
        assert quantile(one, q) == pytest.approx(np.quantile(forecast, q), rel=0.01)
    assert earth_mover(one, other) == pytest.approx(wasserstein_distance(forecast.ravel(), truth.ravel()), rel=0.01)
    # by hand: half of 4 mm/h moved to 2 mm/h is a distance of 1
    two, four = (histogram(np.array(x)) for x in ([2.0, 4.0], [4.0, 4.0]))
    assert earth_mover(two, four) == pytest.approx(1, rel=0.01)


def test_many_histograms_at_once_give_what_each_gives(ensemble):
    parts = np.stack([histogram(x) for x in (ensemble[1], 2 * ensemble[1], np.zeros(3))])
    for q in (0.2, 0.99):
        assert quantile(parts, q) == pytest.approx([float(quantile(x, q)) for x in parts])
    assert np.isnan(quantile(np.zeros(len(EDGES) - 1), 0.5))


def test_ratios_by_hand():
    truth = np.array([0, 0, 1, 2], dtype=float).reshape(1, 2, 2)
    found = scores_of(np.array([0, 1, 1, 4]).reshape(1, 1, 2, 2), truth)
    assert found["wet_fraction_ratio"] == pytest.approx(1.5)
    assert found["max_ratio"] == pytest.approx(2)


def test_the_tail_of_twice_the_rain_is_twice_as_far(ensemble):
    found = scores_of(2 * ensemble[1][None], ensemble[1])
    for key in ("q99_ratio", "q999_ratio", "q9999_ratio"):
        assert found[key] == pytest.approx(2, rel=0.01)
