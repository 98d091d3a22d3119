"""Piecewise linear rates that keep totals: numbers by hand, and the promises for any rain."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anemoi_scaleadapt.baselines.interpolation import piecewise_linear

RATES = st.floats(0, 100)


def test_a_lone_frame_becomes_a_triangle():
    # dry before and after: zero at the ends, 2 x 3 in the middle of three hours
    assert piecewise_linear(0.0, 3.0, 0.0, 3) == pytest.approx([2, 5, 2])
    assert piecewise_linear(0.0, 3.0, 0.0, 2) == pytest.approx([3, 3])


def test_a_steady_slope_stays_one():
    # 2, 6, 10 on frames of 2 h: 2 mm h-1 more each hour; borders 4 and 8, middle 6
    assert piecewise_linear(2.0, 6.0, 10.0, 2) == pytest.approx([5, 7])


def test_an_end_is_held_to_twice_the_smaller():
    # borders min(5, 2) = 2 and 1, middle 2 - 1.5 = 0.5
    assert piecewise_linear(9.0, 1.0, 1.0, 2) == pytest.approx([1.25, 0.75])


@given(RATES, RATES, RATES, st.integers(1, 7))
def test_totals_are_kept_and_no_hour_is_negative(before, now, after, t):
    hours = piecewise_linear(before, now, after, t)
    assert hours.mean() == pytest.approx(now, rel=1e-9, abs=1e-9) and hours.min() >= -1e-9


def test_one_hour_is_itself_and_gaps_stay_in_their_cell():
    frame = np.array([[1.0, np.nan]])
    assert piecewise_linear(frame, frame, frame, 1)[0, 0, 0] == 1
    out = piecewise_linear(frame, frame, frame, 3)
    assert np.isnan(out[:, 0, 1]).all() and not np.isnan(out[:, 0, 0]).any()
