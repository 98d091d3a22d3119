"""Place: whatever the longitudes are counted from, and where two records differ, by hand."""

import logging

import numpy as np
import pytest

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.grid import arrange
from anemoi_scaleadapt.rain.place import box, on_blocks, same_grid
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.windows import space_factor

KM = 1 / 111.19493  # degrees of latitude


def grid(lat, lon):
    lat, lon = np.broadcast_arrays(np.asarray(lat, "f8")[:, None], np.asarray(lon, "f8"))
    return arrange(lat.shape, "a.nc", lat, lon, names="yx")


def record(name, ny=10, nx=10, km=1.0, north=0.0, east=0.0, **more):
    """Cells of `km` round the equator, the corner `north` and `east` of (0, 0) in km."""
    lat = (north - (np.arange(ny) + 0.5) * km) * KM
    lon = (east + (np.arange(nx) + 0.5) * km) * KM
    lat, lon = np.meshgrid(lat, lon, indexing="ij")
    return Rain(name, np.array([], "M8[s]"), (ny, nx), lat, lon, lambda index: None, **more)


LONGITUDES = [
    # what the file has, the same from the west without a jump, which columns
    ([1, 2, 3, 4], [1, 2, 3, 4], [0, 1, 2, 3]),
    ([4, 3, 2, 1], [1, 2, 3, 4], [3, 2, 1, 0]),
    ([358, 359, 0, 1], [-2, -1, 0, 1], [0, 1, 2, 3]),  # across Greenwich
    ([0, 1, 358, 359], [-2, -1, 0, 1], [2, 3, 0, 1]),  # the same, cut at Greenwich
    ([1, 0, 359, 358], [-2, -1, 0, 1], [3, 2, 1, 0]),
    ([178, 179, -180, -179], [178, 179, 180, 181], [0, 1, 2, 3]),  # across the date line
    ([-180, -179, 178, 179], [178, 179, 180, 181], [2, 3, 0, 1]),  # the same, cut at the date line
    ([178, 179, 180, 181], [178, 179, 180, 181], [0, 1, 2, 3]),
    ([350, 351, 352], [-10, -9, -8], [0, 1, 2]),
    ([-190, -189, -188], [170, 171, 172], [0, 1, 2]),
    ([0, 90, 180, 270], [-180, -90, 0, 90], [2, 3, 0, 1]),  # the whole globe
    ([-180, -90, 0, 90], [-180, -90, 0, 90], [0, 1, 2, 3]),
    ([0, 90, 180, 270, 360], [-180, -90, 0, 90], [2, 3, 0, 1]),  # a column twice
]


@pytest.mark.parametrize(("given", "right", "columns"), LONGITUDES)
def test_columns_run_from_the_west(given, right, columns):
    made = grid([1, 0], given)
    assert made.longitude[0] == pytest.approx(right)
    assert made.order(np.tile(np.arange(len(given)), (2, 1)))[0].tolist() == columns
    assert made.shape == (2, len(right))


CURVED = [row for row in LONGITUDES if row[2] in ([0, 1, 2, 3], [3, 2, 1, 0]) and row[1][1] - row[1][0] == 1]


@pytest.mark.parametrize(("given", "right", "columns"), CURVED)
def test_columns_of_curved_grids_run_from_the_west(given, right, columns):
    lat = np.linspace(1, 0, 5)[:, None] + 0.01 * np.arange(len(given))
    made = arrange(lat.shape, "a.nc", lat, np.broadcast_to(np.asarray(given, "f8"), lat.shape), names="yx")
    assert np.mod(made.longitude[0] - right, 360) == pytest.approx(0)
    assert np.diff(made.longitude[0]) == pytest.approx(1)
    assert made.order(np.tile(np.arange(len(given)), (5, 1)))[0].tolist() == columns


def test_only_a_projection_says_where_north_is():
    made = arrange((3, 2), "a.nc", along=(np.array([1e3, 2e3, 3e3]), np.array([5e3, 4e3])), names="yx")
    assert made.order(np.arange(6).reshape(3, 2)).tolist() == [[5, 4], [3, 2], [1, 0]]
    assert made.y.tolist() == [3e3, 2e3, 1e3] and made.x.tolist() == [4e3, 5e3]


SHIFTS = [
    # other record, words or None where it is the same grid
    (record("b.nc"), None),
    (record("b.nc", north=0.09), None),
    (record("b.nc", north=0.11), r"up to 0\.11 km apart"),
    (record("b.nc", east=0.5), r"up to 0\.5 km apart"),  # edges for middles
    (record("b.nc", east=2), "up to 2 km apart"),
    (record("b.nc", km=1.05), "km apart.*cells of 1.05"),
    (record("b.nc", north=500, east=2000), "km apart"),
    (record("b.nc", nx=9), r"different grids.*10 x 10 cells of 1 x 1 km.*10 x 9 cells"),
]


@pytest.mark.parametrize(("other", "words"), SHIFTS)
def test_another_place_is_refused_in_km_with_both_boxes(other, words):
    one = record("a.nc")
    if words is None:
        return same_grid(one, other)
    with pytest.raises(ScaleAdaptError, match=words) as caught:
        same_grid(one, other)
    assert box(one) in str(caught.value) and box(other) in str(caught.value)


def test_360_degrees_are_no_distance():
    one, other = record("a.nc"), record("b.nc")
    other.longitude = other.longitude + 360
    same_grid(one, other)


def test_the_box_by_hand():
    assert box(record("a.nc", 2, 4, km=10)) == "-0.135..-0.045 N, 0.045..0.315 E, 2 x 4 cells of 10 x 10 km"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, None),
        ({"north": 0.09}, None),
        ({"north": 0.2}, r"up to 0\.2 km"),
        ({"east": 1}, "does not lie on the blocks of 5 x 5"),
        ({"km": 10.0}, "does not lie on the blocks"),
    ],
)
def test_coarse_cells_are_blocks_of_the_fine_grid(changes, words):
    fine, coarse = record("fine.nc", 20, 20), record("coarse.nc", 4, 4, **{"km": 5.0, **changes})
    if words is None:
        assert space_factor(fine, coarse) == 5
        return
    with pytest.raises(ScaleAdaptError, match=words):
        space_factor(fine, coarse)


def test_a_coarse_grid_upside_down_is_named():
    fine, coarse = record("fine.nc", 20, 20), record("coarse.nc", 4, 4, km=5.0)
    coarse.latitude = coarse.latitude[::-1]
    with pytest.raises(ScaleAdaptError, match=r"up to 15 km from them.*fit when its rows are turned upside down"):
        on_blocks(fine, coarse, 5)


def test_numbers_that_do_not_divide_are_told_with_both_boxes():
    with pytest.raises(ScaleAdaptError, match=r"6 x 4 cells.*20 x 20 cells"):
        space_factor(record("fine.nc", 20, 20), record("coarse.nc", 6, 4, km=5.0))


def test_a_factor_of_one_means_one_grid():
    assert space_factor(record("a.nc"), record("b.nc")) == 1
    with pytest.raises(ScaleAdaptError, match="km apart"):
        space_factor(record("a.nc"), record("b.nc", east=3))


def test_what_has_no_coordinates_is_said(caplog):
    bare = Rain("bare.nc", np.array([], "M8[s]"), (10, 10), None, None, lambda index: None)
    with caplog.at_level(logging.WARNING):
        same_grid(record("a.nc"), bare)
        on_blocks(record("a.nc", 20, 20), bare, 2)
    assert len(caplog.records) == 2 and "bare.nc without latitude and longitude" in caplog.text


def test_projections_are_compared_where_both_have_only_them():
    def flat(x):
        metres = 1000.0 * (x + np.arange(10))
        return Rain("a.nc", np.array([], "M8[s]"), (10, 10), None, None, lambda i: None, y=metres[::-1], x=metres)

    same_grid(flat(0), flat(0.05))
    with pytest.raises(ScaleAdaptError, match=r"km apart: y 0\.000\.\.9\.000 km"):
        same_grid(flat(0), flat(1))
