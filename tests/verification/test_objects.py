"""SAL by hand, its symmetries, and pysteps; conservation."""

import numpy as np
import pytest

from anemoi_scaleadapt.verification.objects import describe, sal
from support.scoring import scores_of


def block(row, column, size=4, value=2.0, shape=(40, 60)):
    field = np.zeros(shape)
    field[row : row + size, column : column + size] = value
    return field


def compare(one, other):
    return sal(describe(one), describe(other), one.shape)


def test_equal_fields_are_perfect():
    assert compare(block(5, 5), block(5, 5)) == pytest.approx((0, 0, 0))


def test_twice_the_rain_is_amplitude_two_thirds():
    assert compare(block(5, 5, value=4), block(5, 5)) == pytest.approx((0, 2 / 3, 0))


def test_a_shift_is_location_only():
    assert compare(block(5, 25), block(5, 5)) == pytest.approx((0, 0, 20 / np.hypot(40, 60)))


def test_larger_objects_have_positive_structure():
    # V of a flat object is its area: 64 against 16: (64 - 16) / 40
    assert compare(block(5, 5, size=8, value=0.5), block(5, 5))[0] == pytest.approx(1.2)


def test_two_objects_scatter_about_their_centre():
    two = block(5, 5) + block(5, 25)
    assert describe(two).scatter == pytest.approx(10)
    assert compare(two, block(5, 15))[2] == pytest.approx(2 * 10 / np.hypot(40, 60))


def test_dry_fields_are_left_out():
    assert describe(np.zeros((40, 60))) is None
    assert np.isnan(scores_of(np.zeros((2, 1, 9, 9)), np.zeros((1, 9, 9)))["sal_s"])


def test_hours_and_members_are_averaged():
    truth = np.stack([block(5, 5), block(5, 5), np.zeros((40, 60))])
    members = np.stack([truth, 2 * truth])
    found = scores_of(members, truth, coarse=np.zeros((2, 3)))
    assert (found["sal_a"], found["sal_abs_a"]) == pytest.approx((1 / 3, 1 / 3))


def test_against_pysteps(shower):
    pytest.importorskip("skimage")
    from pysteps.verification.salscores import sal as theirs

    one, other = shower(2, 60, seed=4).astype(float)
    structure, amplitude, location = compare(one, other)
    wanted = theirs(one, other, thr_factor=1 / 15, thr_quantile=0.95)
    assert amplitude == pytest.approx(wanted[1], rel=1e-6)
    assert location == pytest.approx(wanted[2], abs=0.02)  # pysteps cuts objects in two where they are thin
    assert structure == pytest.approx(wanted[0], abs=0.15)


def test_conservation_error_by_hand():
    forecast = np.ones((1, 2, 4, 4))
    coarse = np.array([[1.0, 0.8], [1.0, 1.0]])
    assert scores_of(forecast, forecast[0], coarse)["conservation_error"] == pytest.approx(0.25)
    forecast[0, 0, 0, 3] = np.nan  # the cell with the error
    assert scores_of(forecast, np.ones((2, 4, 4)), coarse)["conservation_error"] == pytest.approx(0)
