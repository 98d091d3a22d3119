"""What values stand for: words, labels, bounds and sums, by hand in hours."""

import numpy as np
import pytest

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain import intervals
from anemoi_scaleadapt.rain.accumulation import amounts, grows

H = 3600
DRAW = np.random.default_rng(0)
RATES = DRAW.gamma(0.5, 2, (72, 6, 8)) * (DRAW.random((72, 1, 1)) < 0.7)

WORDS = [
    ("end of the hour, UTC", "end"),
    ("mean rain over the preceding hour", "end"),
    ("Total precipitation accumulated over the last 3 hours", "end"),
    ("hour ending", "end"),
    ("UTC, end of the accumulation interval (30 min)", "end"),
    ("start of the averaging period", "start"),
    ("time at beginning of interval", "start"),
    ("period-beginning", "start"),
    ("rain of the following hour", "start"),
    ("midpoint of the time step", "middle"),
    ("centre of the accumulation window", "middle"),
    ("interval midpoint", "middle"),
    ("time", None),
    ("minutes since the start of the simulation", None),
    ("initial time of forecast", None),
    ("start and end of the period", None),
    ("", None),
    (None, None),
]


@pytest.mark.parametrize(("text", "label"), WORDS)
def test_words(text, label):
    assert intervals.label_in(text) == label


def test_bounds_that_grow_are_taken_apart():
    start, end = np.array([0, 0, 0, 3, 3, 0]) * H, np.array([1, 3, 2, 4, 5, 0]) * H
    plan = intervals.by_bounds(start, end, "a.nc")
    assert plan.order.tolist() == [0, 2, 1, 3, 4]  # the empty one is left out
    assert plan.less.tolist() == [-1, 0, 2, -1, 3]
    assert (plan.start // H).tolist() == [0, 1, 2, 3, 4] and (plan.end // H).tolist() == [1, 2, 3, 4, 5]


def test_a_value_whose_forerunner_is_missing_stands_for_longer_and_is_left_out():
    end = np.array([1, 2, 3, 4, 5, 7, 8, 9]) * H
    plan, gaps = intervals.without_gaps(intervals.by_bounds(0 * end, end, "a.nc"))
    assert gaps == 1 and (plan.end // H).tolist() == [1, 2, 3, 4, 5, 8, 9]
    longer = np.array([1, 2, 3, 6, 9, 12]) * H  # no gaps but longer steps
    assert intervals.without_gaps(intervals.by_bounds(0 * longer, longer, "a.nc"))[1] == 0


def test_midnight_belongs_to_the_day_that_ends():
    end = np.arange(22, 28) * H
    plan = intervals.since(end, "since-midnight", H, None, "a.nc")
    assert (plan.start // H).tolist() == [0, 22, 23, 24, 25, 26] and plan.less.tolist() == [-1, 0, 1, -1, 3, 4]


@pytest.mark.parametrize(
    ("labels", "step", "half"),
    [([0.5, 1.5], 1, True), ([1, 2], 1, False), ([12, 36], 24, True), ([1.5, 4.5], 3, True), ([3, 9], 6, False),
     ([1 / 6, 7 / 6], 1, False), ([0.25, 0.75], 0.5, True)],
)  # fmt: skip
def test_half_way(labels, step, half):
    assert intervals.half_way((np.array(labels) * H).astype(int), int(step * H)) == half


def test_steps():
    assert intervals.common_step(np.array([1, 2, 10, 11]) * H, "a.nc") == H
    assert intervals.common_step(np.array([5]), "a.nc") is None
    with pytest.raises(ScaleAdaptError, match=r"every 3 h but for 1970-01-01T09"):
        intervals.common_step(np.array([3, 6, 9, 10, 12, 15, 18, 21]) * H, "a.nc")
    assert intervals.change_of_step(np.array([1, 2, 3, 6, 9, 12]) * H, H) == 2
    assert intervals.change_of_step(np.array([1, 2, 3, 9, 10, 11]) * H, H) is None


def sums(period):
    """RATES accumulated and begun anew every `period` frames."""
    return np.concatenate([RATES[k : k + period].cumsum(axis=0) for k in range(0, 72, period)])


@pytest.mark.parametrize(
    ("data", "found"),
    [(RATES, False), (sums(72), True), (sums(24), True), (sums(12), True), (0 * RATES, None), (RATES[:2], None)],
)
def test_growing_amounts_are_seen(data, found):
    growing, falls = grows(lambda index: data[None, index], len(data))
    assert growing is found
    if found:
        assert all((fall + 1) % 12 == 0 for fall in falls)


@pytest.mark.parametrize("period", [12, 24, 72])
def test_sums_come_apart_where_they_begin_anew(period):
    data = sums(period)
    plan = intervals.since(np.arange(1, 73) * H, "since-start", H, None, "a.nc")
    assert amounts(lambda places: data[None, places], plan, np.arange(72))[0] == pytest.approx(RATES)


def test_packing_leaves_no_rain_below_zero():
    data = np.round(sums(72), 1) + DRAW.normal(0, 1e-3, RATES.shape)
    plan = intervals.since(np.arange(1, 73) * H, "since-start", H, np.zeros(72, int), "a.nc")
    found = amounts(lambda places: data[None, places], plan, np.array([40, 60]))
    assert (found >= 0).all() and found[0, 0] == pytest.approx(RATES[40], abs=0.11)
