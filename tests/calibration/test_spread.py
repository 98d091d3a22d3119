"""The search for the settings with the lowest CRPS and true texture: on known bowls, with the measurements counted."""

import math

import pytest

from anemoi_scaleadapt.calibration.spread import LAG, MOST, POWER, SPREAD, WORTH, Point, find
from anemoi_scaleadapt.diffusion.settings import Tuned


def point(tuned, ssr=0.95, crps=0.1, power=1.0, lag=1.0):
    return Point(*tuned, ssr, crps, power, lag)


def measured(crps):
    """Return what measures a CRPS over noise_factor, noise_memory and eta, and the list of where it did."""
    asked = []

    def measure(tuned):
        asked.append(tuned)
        return point(tuned, crps=crps(*tuned[1:]))

    return measure, asked


def bowl(noise_factor, noise_memory, eta=1.0):
    """A CRPS whose floor of 0.1 lies there."""
    return lambda n, m, e: 0.1 + 0.3 * (n - noise_factor) ** 2 + 0.05 * (m - noise_memory) ** 2 + 0.05 * (e - eta) ** 2


@pytest.mark.parametrize("truth", [(1.2, 0.0, 1.0), (0.8, 0.4, 0.6), (1.4, 0.2, 0.8), (1.0, 0.6, 0.0)])
def test_the_floor_of_a_bowl_is_found(truth):
    crps, asked = bowl(*truth), []

    def measure(tuned):
        asked.append(tuned)
        return point(tuned, crps=crps(*tuned[1:]), lag=0.9 if tuned.noise_memory < truth[1] else 1.0)

    found = find(measure, Tuned(80.0))
    assert found.chosen.tuned == pytest.approx((80.0, *truth), abs=0.026)
    assert found.chosen.crps < found.before.crps
    assert len(asked) == len(set(asked)) == len(found.points) <= MOST


def test_what_is_best_already_stays():
    measure, asked = measured(bowl(1.0, 0.0))
    found = find(measure, Tuned(20.0))
    assert found.chosen == found.before and asked[0] == Tuned(20.0) and len(asked) == 6  # no eta above 1
    assert found.reason.startswith("as it is: CRPS 0.1000")


def test_nothing_is_tried_outside_the_limits():
    measure, asked = measured(lambda n, m, e: 1 - 0.1 * n + 0.1 * e)
    found = find(measure, Tuned(20.0, 1.5))
    assert asked[0] == Tuned(20.0, 1.5) and found.chosen.noise_factor == 1.6
    assert found.chosen.eta == 0.0
    assert all(s == 20.0 and 0.5 <= n <= 1.6 and 0 <= m <= 1 and 0 <= e <= 1 for s, n, m, e in asked)


def test_where_drawing_begins_stays_to_the_last_digit():
    begin = 157.40728
    measure, _ = measured(bowl(1.2, 0.0))
    assert find(measure, Tuned(begin)).chosen.tuned == (begin, 1.2, 0.0, 1.0)


def test_a_gain_too_small_to_matter_is_not_followed():
    measure, asked = measured(lambda n, m, e: 0.1 * (1 - 0.0005 * n))
    find(measure, Tuned(80.0))
    assert sorted({factor for _, factor, *_ in asked}) == [0.9, 0.95, 1.0, 1.05, 1.1]


def test_a_ratio_off_by_its_factor_costs_as_much_as_a_hundredth_of_crps():
    true = point(Tuned(80.0))
    for name, factor in (("ssr", SPREAD), ("power", POWER), ("lag", LAG)):
        for ratio in (factor, 1 / factor):
            worse = point(Tuned(80.0), **{"ssr": 1.0, name: ratio})
            assert worse.cost - point(Tuned(80.0), ssr=1.0).cost == pytest.approx(WORTH)
    assert point(Tuned(80.0), crps=0.1 * math.exp(WORTH)).cost - true.cost == pytest.approx(WORTH)
    assert math.isfinite(point(Tuned(80.0), crps=0.0, power=0.0).cost)


def test_texture_decides_among_what_is_nearly_as_good():
    def rough(tuned):
        crps = 0.1 + 0.2 * (tuned.noise_factor - 1.2) ** 2  # 1.1 is 2 % worse than 1.2
        return point(tuned, crps=crps, power=1.0 if tuned.noise_factor < 1.15 else 1.6)

    assert find(rough, Tuned(80.0)).chosen.noise_factor == 1.1


def test_the_middle_is_aimed_at_not_the_edge_of_what_is_allowed():
    def narrow(tuned):
        return point(tuned, ssr=0.9 * tuned.noise_factor, crps=0.1 + 0.02 * (tuned.noise_factor - 1.0) ** 2)

    assert find(narrow, Tuned(80.0)).chosen.noise_factor == 1.1  # .99 for 0.2 % of CRPS instead of 0.9

    def dear(tuned):
        return point(tuned, ssr=0.9 * tuned.noise_factor, crps=0.1 + 0.2 * (tuned.noise_factor - 1.0) ** 2)

    assert find(dear, Tuned(80.0)).chosen.noise_factor == 1.05  # 2 % of CRPS for 0.99 would be too much


def test_texture_alone_is_mended_by_how_much_is_drawn_again():
    def smooth(tuned):
        # a wider ensemble is rougher too, but worse
        crps = 0.1 + 0.2 * (tuned.noise_factor - 1.0) ** 2
        return point(tuned, ssr=tuned.noise_factor, crps=crps, power=tuned.noise_factor * (1.3 - 0.5 * tuned.eta))

    assert find(smooth, Tuned(80.0)).chosen.tuned == (80.0, 1.0, 0.0, 0.6)


def test_members_that_flicker_remember_more_and_their_texture_is_kept_true():
    asked = []

    def flicker(tuned):
        asked.append(tuned)
        _, fresh, memory, _ = tuned
        crps = 0.1 + 0.05 * (fresh - 1.0) ** 2 + 0.001 * memory
        return point(tuned, crps=crps, lag=0.5 + memory, power=fresh**4 * (1 + 0.6 * memory))

    chosen = find(flicker, Tuned(80.0)).chosen
    assert chosen.tuned == (80.0, 0.95, 0.4, 1.0)  # lag 0.9, power 1.01; with a factor of 1 1.24
    assert len(asked) == len(set(asked)) <= MOST
    chosen = find(lambda tuned: point(tuned, lag=1.4 + tuned.noise_memory), Tuned(80.0, 1.0, 0.2)).chosen
    assert chosen.noise_memory == 0.0  # too much alike: less memory, as far as there is any


def test_the_reason_says_what_was_before():
    measure, _ = measured(bowl(1.2, 0.0))
    reason = find(measure, Tuned(80.0)).reason
    assert "with sigma_max 80, noise_factor 1, noise_memory 0, eta 1, as it is," in reason
    assert "spread-skill ratio 0.95" in reason and "lag 1.00" in reason
