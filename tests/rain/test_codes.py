"""Codes, impossible rain and negatives: a line an instance, what is left worked by hand."""

import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.codes import Cleaner, clean, codes_to_nan

NAN = np.nan
CASES = [
    # values, what is left, counted
    ([0, 1.5, NAN], [0, 1.5, NAN], {}),
    ([1, -9999], [1, NAN], {"codes": 1}),
    ([1, -99, -99], [1, NAN, NAN], {"codes": 2}),
    ([1, -99.9], [1, NAN], {"codes": 1}),
    ([1, -9.99], [1, NAN], {"codes": 1}),
    ([1, -1, -2], [1, NAN, NAN], {"codes": 2}),  # OPERA's two codes
    ([1, -327.68], [1, NAN], {"codes": 1}),
    ([1, -32767], [1, NAN], {"codes": 1}),
    ([1, 9.96921e36], [1, NAN], {"codes": 1}),
    ([1, 1e20, -1e30], [1, NAN, NAN], {"codes": 2}),
    ([1, np.inf, -np.inf], [1, NAN, NAN], {"codes": 2}),
    ([1, 655.35], [1, NAN], {"codes": 1}),
    ([1, 6553.5, 65535], [1, NAN, NAN], {"codes": 2}),
    ([1, 327.67], [1, NAN], {"codes": 1}),
    ([1, 999.9], [1, NAN], {"codes": 1}),
    ([1, 304.8, 655.3, 1000], [1, 304.8, 655.3, 1000], {}),  # heavy, not a code
    ([1, 1000.5], [1, NAN], {"impossible": 1}),
    ([1, -1e-6, -0.01], [1, 0, 0], {"negative": 2}),
    ([-1e-6, 9e36, 2000], [0, NAN, NAN], {"negative": 1, "codes": 1, "impossible": 1}),
]


@pytest.mark.parametrize(("values", "left", "counted"), CASES)
def test_what_is_left(values, left, counted):
    given = np.array(values, "float32")
    rain, found = clean(given)
    assert rain == pytest.approx(np.array(left, "float32"), nan_ok=True, rel=1e-6)
    assert dict(found) == counted
    assert given == pytest.approx(np.array(values, "float32"), nan_ok=True)  # not changed in place


@pytest.mark.parametrize("values", [[-0.02], [-0.3, 1], [-1, -2, -3, -4.0], [-0.7, -99]])
def test_negative_rain_is_an_error_with_the_count(values):
    wrong = sum(v < -0.01 for v in values)
    with pytest.raises(ScaleAdaptError, match=rf"a\.nc: {wrong} of {len(values)} cells have negative rain"):
        clean(np.array(values), "a.nc")


def test_limits_are_settings():
    assert np.isnan(clean(np.array([150.0]), most=100)[0]).all()
    assert clean(np.array([-0.05]), least=-0.1)[0] == 0


def test_codes_are_seen_in_the_unit_of_the_file():
    values, number = codes_to_nan(np.array([1e-4, -99], "float32"))  # kg m-2 s-1
    assert number == 1 and np.isnan(values[1]) and values[0] == np.float32(1e-4)
    assert codes_to_nan(np.array([3, 65535], "uint16"))[1] == 1  # whole numbers too


def test_a_cleaner_counts_all_and_warns_once(caplog):
    cleaner = Cleaner("a.nc")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            cleaner(np.array([-9999.0, 1]))
        cleaner(np.array([1.0]), codes=2)
    assert cleaner.counts == {"codes": 5}
    assert [r.message for r in caplog.records if "a.nc: 1 of 2 cells" in r.message] and len(caplog.records) == 1


@given(st.lists(st.floats(0, 300, width=32), max_size=20))
def test_rain_is_left_as_it_is(values):
    given = np.array(values, "float32")
    rain, found = clean(given)
    assert not found and (rain == given).all()


def test_most_of_the_rain_impossible_is_another_unit_and_a_few_cells_are_not():
    rain = np.linspace(0, 12000, 100)
    with pytest.raises(
        ScaleAdaptError, match=r"a\.nc: 91 of 99 wet cells have more than 1000 mm h-1 \(up to 1\.2e\+04\)"
    ):
        Cleaner("a.nc")(rain)
    few = np.where(np.arange(100) < 40, 5000.0, 1.0)  # one number in many cells is a code
    assert np.isnan(Cleaner("a.nc")(few)).sum() == 40
    assert np.isnan(Cleaner("a.nc")(np.where(np.arange(100) < 9, rain + 2000, 1.0))).sum() == 9


def test_sums_may_reach_what_hours_cannot():
    assert codes_to_nan(np.array([655.35, 9999.0]), sums=True)[1] == 0
    assert codes_to_nan(np.array([-9999.0, np.inf, 655.35]), sums=True)[1] == 2
