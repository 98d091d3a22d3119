import pytest

from anemoi_scaleadapt.datasets.coarsen import (
    CoarsenFilter,
    check_factor,
    coarse_resolution,
)
from anemoi_scaleadapt.errors import ScaleAdaptError


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
