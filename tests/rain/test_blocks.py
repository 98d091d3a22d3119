"""Means over blocks, by hand and against a loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anemoi_scaleadapt.rain.blocks import block_mean

NAN = np.nan
FIELD = np.array([[1, 2, 5, NAN], [3, 4, 7, 9]], np.float32)


def test_the_mean_of_a_block_worked_by_hand_and_one_missing_pixel_makes_it_missing():
    np.testing.assert_array_equal(block_mean(FIELD, 2), [[2.5, NAN]])


def test_a_share_of_three_quarters_takes_the_mean_of_the_three_valid_pixels():
    np.testing.assert_array_equal(block_mean(FIELD, 2, min_valid=0.75), [[2.5, 7.0]])
    np.testing.assert_array_equal(block_mean(FIELD, 2, min_valid=0.76), [[2.5, NAN]])


def test_a_block_without_any_valid_pixel_is_missing_for_every_share():
    assert np.isnan(block_mean(np.full((2, 2), NAN), 2, min_valid=1e-9)).all()


@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_the_block_mean_equals_a_loop_over_the_pixels_and_keeps_the_total(s, ny, nx, seed):
    rng = np.random.default_rng(seed)
    field = rng.gamma(0.3, 5, (ny * s, nx * s)).astype(np.float32)
    coarse = block_mean(field, s)
    for i in range(ny):
        for j in range(nx):
            pixels = [field[i * s + k, j * s + m].astype(float) for k in range(s) for m in range(s)]
            assert coarse[i, j] == pytest.approx(sum(pixels) / s**2, rel=1e-6, abs=1e-12)
    assert coarse.sum(dtype=float) * s**2 == pytest.approx(field.sum(dtype=float), rel=1e-6)
