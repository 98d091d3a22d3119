import numpy as np
import pytest

from anemoi_scaleadapt.datasets.comephore.grid import StereGrid, lonlat
from anemoi_scaleadapt.errors import ScaleAdaptError

SMALL = StereGrid(ny=154, nx=154, pixel=10_000.0)


def test_the_north_western_corner_is_the_documented_one():
    lon, lat = lonlat(StereGrid(pixel=1e-3, ny=1, nx=1))
    assert (round(lon.item(), 3), round(lat.item(), 2)) == (-9.965, 53.67)


def test_a_crop_moves_the_corner_and_keeps_the_pixels():
    crop = StereGrid().crop(300, 225, 1050, 1225)
    assert crop.shape == (1050, 1225)
    assert (crop.left, crop.top) == (-619652.07 + 225_000, -3526818.34 - 300_000)
    lon, lat = lonlat(SMALL)
    part = lonlat(SMALL.crop(3, 5, 7, 9))
    np.testing.assert_allclose(part[0], lon[3:10, 5:14], atol=1e-12)
    np.testing.assert_allclose(part[1], lat[3:10, 5:14], atol=1e-12)


@pytest.mark.parametrize("crop", [(-1, 0, 5, 5), (0, 0, 155, 1), (0, 150, 1, 5), (0, 0, 0, 1)])
def test_a_crop_outside_is_refused_with_the_size_of_the_grid(crop):
    with pytest.raises(ScaleAdaptError, match="154 x 154"):
        SMALL.crop(*crop)


def test_a_box_holds_exactly_the_rows_and_columns_with_a_pixel_inside():
    keys = SMALL.box(0.0, 44.0, 3.0, 46.0)
    lon, lat = lonlat(SMALL)
    inside = (lon >= 0) & (lon <= 3) & (lat >= 44) & (lat <= 46)
    rows, columns = np.nonzero(inside)
    assert keys == {
        "row": rows.min(),
        "col": columns.min(),
        "height": np.ptp(rows) + 1,
        "width": np.ptp(columns) + 1,
    }


def test_a_box_elsewhere_or_turned_over_is_refused():
    with pytest.raises(ScaleAdaptError, match="holds no pixel"):
        SMALL.box(100, 10, 110, 20)
    with pytest.raises(ScaleAdaptError, match="is not a box"):
        SMALL.box(3, 44, 0, 46)
