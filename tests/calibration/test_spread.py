"""The search for the sigma_max whose spread is honest: on known curves, with the measurements counted."""

import numpy as np
import pytest

from anemoi_scaleadapt.calibration.spread import NEAR, Point, find


def measured(curve):
    """Return what measures a curve of the spread-skill ratio, and the list of where it did."""
    asked = []

    def measure(sigma_max):
        asked.append(sigma_max)
        return Point(sigma_max, float(curve(sigma_max)), 0.1)

    return measure, asked


def test_what_is_honest_already_costs_one_measurement():
    measure, asked = measured(lambda s: 1.01)
    found = find(measure, 20, 157)
    assert asked == [20] and found.chosen == found.before == Point(20, 1.01, 0.1) and found.bracketed


@pytest.mark.parametrize("truth", [3.0, 8.0, 15.0, 30.0, 100.0])
def test_a_growing_ratio_is_found_from_either_side(truth):
    measure, asked = measured(lambda s: 1 + 0.2 * np.log(s / truth))
    found = find(measure, 20, 157)
    assert found.bracketed and abs(found.chosen.ssr - 1) <= NEAR
    assert found.chosen.sigma_max == pytest.approx(truth, rel=0.11)  # 0.02 / 0.2 in log sigma
    assert asked[:2] == [20, 2.0 if truth < 20 else 157] and len(asked) == 3  # a line in log sigma: one step


def test_a_bent_curve_takes_a_few_more_and_stays_inside():
    measure, asked = measured(lambda s: 1.3 * s**2 / (s**2 + 60**2) + 0.02)
    found = find(measure, 20, 7182)
    assert found.bracketed and abs(found.chosen.ssr - 1) <= NEAR
    assert len(asked) <= 8 and all(20 <= s <= 7182 for s in asked)


def test_out_of_reach_takes_the_nearest_end_and_says_so():
    measure, asked = measured(lambda s: 0.6 + 0.05 * np.log(s / 20))
    found = find(measure, 20, 157)
    assert not found.bracketed and found.chosen.sigma_max == 157
    assert asked == [20, 157, pytest.approx(np.sqrt(20 * 157))]
    assert "no sigma_max from 20 to 157" in found.reason and "nearest is 0.70" in found.reason


def test_a_hump_between_is_found():
    measure, _ = measured(lambda s: 1.1 - 0.4 * np.log(s / 56) ** 2)
    found = find(measure, 20, 157)
    assert found.bracketed and abs(found.chosen.ssr - 1) <= NEAR


def test_a_value_beyond_the_schedule_begins_at_its_end():
    measure, asked = measured(lambda s: 1.2 + 0.2 * np.log(s / 12.6))
    found = find(measure, 20, 12.6)
    assert asked[0] == 12.6 and found.bracketed and found.chosen.sigma_max < 12.6


def test_points_are_in_order():
    measure, _ = measured(lambda s: 1 + 0.2 * np.sin(s) + 0.1 * np.log(s / 40))
    levels = [p.sigma_max for p in find(measure, 20, 157).points]
    assert levels == sorted(levels)
