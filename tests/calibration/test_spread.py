"""The search for the settings with the lowest CRPS and true texture: on known bowls, with the measurements counted."""

import math

import pytest

from anemoi_scaleadapt.calibration.spread import MOST, Point, find


def measured(crps):
    """Return what measures a CRPS over both settings, and the list of where it did."""
    asked = []

    def measure(sigma_max, noise_factor):
        asked.append((sigma_max, noise_factor))
        return Point(sigma_max, noise_factor, 0.9, crps(sigma_max, noise_factor), 1.0)

    return measure, asked


def bowl(sigma_max, noise_factor):
    """A CRPS whose floor of 0.1 lies at (10, 1.2)."""
    return lambda s, n: 0.1 + 0.01 * math.log(s / sigma_max) ** 2 + 0.3 * (n - noise_factor) ** 2


@pytest.mark.parametrize("truth", [(10.0, 1.2), (40.0, 0.8), (80.0, 1.4), (2.5, 1.0)])
def test_the_floor_of_a_bowl_is_found(truth):
    measure, asked = measured(bowl(*truth))
    found = find(measure, (80.0, 1.0), 80.0)
    assert found.chosen.noise_factor == pytest.approx(truth[1], abs=0.051)
    assert found.chosen.sigma_max == pytest.approx(truth[0], rel=0.42)  # within half a step of factor 2
    assert found.chosen.crps < found.before.crps or truth == (80.0, 1.0)
    assert len(asked) == len(set(asked)) == len(found.points) <= MOST


def test_what_is_best_already_stays():
    measure, asked = measured(bowl(20.0, 1.0))
    found = find(measure, (20.0, 1.0), 80.0)
    assert found.chosen == found.before and asked[0] == (20.0, 1.0) and len(asked) == 5
    assert found.reason.startswith("as it is: CRPS 0.1000")


def test_nothing_is_tried_outside_the_limits():
    measure, asked = measured(lambda s, n: 1 - 0.01 * math.log(s) - 0.1 * n)
    found = find(measure, (20.0, 1.5), 12.6)
    assert asked[0] == (12.6, 1.5) and found.chosen.noise_factor == 1.6 and found.chosen.sigma_max == 12.6
    assert all(2.0 <= s <= 12.6 and 0.5 <= n <= 1.6 for s, n in asked)
    measure, asked = measured(lambda s, n: 1 + 0.01 * math.log(s))
    assert find(measure, (12.6, 1.0), 12.6).chosen.sigma_max == pytest.approx(12.6 / 4)


def test_a_gain_too_small_to_matter_is_not_followed():
    measure, asked = measured(lambda s, n: 0.1 * (1 - 0.0005 * math.log(80 / s)))
    find(measure, (80.0, 1.0), 80.0)
    assert sorted(asked) == [(40.0, 1.0), (80.0, 0.9), (80.0, 1.0), (80.0, 1.1)]


def test_spread_and_texture_decide_among_what_is_nearly_as_good():
    def rough(sigma_max, noise_factor):
        crps = 0.1 + 0.2 * (noise_factor - 1.2) ** 2  # 1.1 is 2 % worse than 1.2, 1.3 too
        return Point(sigma_max, noise_factor, 0.9, crps, 1.5 * noise_factor if sigma_max == 80 else 0.9)

    found = find(rough, (80.0, 1.0), 80.0)
    assert (found.chosen.sigma_max, found.chosen.noise_factor, found.chosen.power) == (40.0, 1.2, 0.9)


def test_a_spread_that_is_too_narrow_counts_like_a_texture_that_is_off():
    def narrow(sigma_max, noise_factor):
        return Point(sigma_max, noise_factor, 0.8 * noise_factor, 0.1 + 0.2 * (noise_factor - 1.0) ** 2, 1.0)

    chosen = find(narrow, (80.0, 1.0), 80.0).chosen
    assert chosen.noise_factor == 1.1 and chosen.ssr == pytest.approx(0.88)  # 2 % more CRPS is allowed


def test_the_reason_says_what_was_before():
    measure, _ = measured(bowl(10.0, 1.2))
    reason = find(measure, (80.0, 1.0), 80.0).reason
    assert "with 80 and 1, as it is," in reason and "spread-skill ratio 0.90" in reason
