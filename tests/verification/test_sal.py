"""SAL by hand, its symmetries, and pysteps where it can run."""

import numpy as np
import pytest

from anemoi_scaleadapt.verification.sal import describe, sal


def block(row, column, size=4, value=2.0, shape=(40, 60)):
    field = np.zeros(shape)
    field[row : row + size, column : column + size] = value
    return field


def compare(one, other):
    return sal(describe(one), describe(other), one.shape)


def test_equal_fields_are_perfect():
    assert compare(block(5, 5), block(5, 5)) == pytest.approx((0, 0, 0))


def test_twice_the_rain_is_amplitude_two_thirds():
    s, a, location = compare(block(5, 5, value=4), block(5, 5))
    assert (s, a, location) == pytest.approx((0, 2 / 3, 0))


def test_a_shift_is_location_only():
    s, a, location = compare(block(5, 25), block(5, 5))
    assert (s, a) == pytest.approx((0, 0))
    assert location == pytest.approx(20 / np.hypot(39, 59))


def test_larger_objects_have_positive_structure():
    # V of a flat object is its area: 64 against 16: (64 - 16) / 40
    assert compare(block(5, 5, size=8, value=0.5), block(5, 5))[0] == pytest.approx(1.2)


def test_two_objects_scatter_about_their_centre():
    two = block(5, 5) + block(5, 25)
    assert describe(two)[2] == pytest.approx(10)
    assert compare(two, block(5, 15))[2] == pytest.approx(2 * 10 / np.hypot(39, 59))


def test_dry_fields_are_left_out():
    assert describe(np.zeros((40, 60))) is None


def test_amplitude_and_location_against_pysteps(shower):
    pytest.importorskip("skimage")
    pytest.importorskip("pandas")
    from pysteps.verification.salscores import sal as theirs

    one, other = shower(2, 60, seed=4).astype(float)
    ours = compare(one, other)
    options = dict(thr_factor=1 / 15, thr_quantile=0.95)
    found = theirs(one, other, **options)
    assert ours[1] == pytest.approx(found[1], rel=1e-6)
    assert np.sign(ours[0]) == np.sign(found[0]) or abs(found[0]) < 0.1
