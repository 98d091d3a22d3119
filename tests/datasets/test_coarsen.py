import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anemoi_scaleadapt.datasets.coarsen import (
    CoarsenFilter,
    block_mean,
    check_factor,
    coarse_resolution,
)
from anemoi_scaleadapt.errors import ScaleAdaptError

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


def test_a_factor_that_does_not_divide_names_the_grid_and_the_largest_crop():
    with pytest.raises(ScaleAdaptError, match=r"factor 25 .* 170 x 101 .* 150 x 100"):
        check_factor((170, 101), 25)
    with pytest.raises(ScaleAdaptError, match="smaller than one block"):
        check_factor((4, 101), 5)


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"factor": 0}, "coarsen.factor"),
        ({"factor": 2.5}, "coarsen.factor"),
        ({"factor": True}, "coarsen.factor"),
        ({"factor": 2, "min_valid": 0}, "coarsen.min_valid"),
        ({"factor": 2, "min_valid": 1.1}, "coarsen.min_valid"),
        ({"factor": 2, "crop": {"row": 0}}, "coarsen.crop.col is missing"),
        ({"factor": 2, "crop": {"row": 0, "col": 0, "height": 0, "width": 2}}, "coarsen.crop.height = 0"),
        ({"factor": 2, "crop": {"row": 0, "col": -1, "height": 1, "width": 2}}, "coarsen.crop.col = -1"),
        ({"factor": 2, "crop": [1, 2]}, "coarsen.crop = .*mapping with the keys row, col, height, width"),
        ({"factor": 2, "shape": [3]}, "coarsen.shape = "),
        ({"facter": 2}, "coarsen.factor is missing.*coarsen.facter is not a setting; did you mean coarsen.factor?"),
    ],
)
def test_a_bad_key_is_named(keys, named):
    with pytest.raises(ScaleAdaptError, match=named):
        CoarsenFilter(**keys)


def test_a_flat_field_asks_for_its_shape_and_a_crop_outside_is_refused():
    class Flat:
        shape = (12,)

    with pytest.raises(ScaleAdaptError, match="shape: \\[rows, columns\\]"):
        CoarsenFilter(factor=2).forward([Flat()])
    with pytest.raises(ScaleAdaptError, match=r"coarsen\.shape: 3 x 5 .* 12 pixels"):
        CoarsenFilter(factor=1, shape=(3, 5)).forward([Flat()])
    crop = {"row": 2, "col": 0, "height": 2, "width": 2}
    with pytest.raises(ScaleAdaptError, match="reaches outside the grid of 3 x 4"):
        CoarsenFilter(factor=2, crop=crop, shape=(3, 4)).forward([Flat()])


def test_the_resolution_grows_with_the_factor_and_is_unknown_where_the_source_does_not_say():
    assert coarse_resolution("1km", 25) == "25km"
    assert coarse_resolution("0.5km", 5) == "2.5km"
    assert coarse_resolution(None, 5) is None
    assert coarse_resolution("o96", 5) is None
    assert coarse_resolution("xkm", 5) is None
