"""Which s the grids tell, and where the coarse cells lie."""

import numpy as np
import pytest

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.inference.grid import Grid, places, space_of


def grid(size, north=48):
    """Pixels of 0.01 degrees, rows from the north."""
    latitude, longitude = np.meshgrid(north - 0.01 * np.arange(size), 5 + 0.01 * np.arange(size), indexing="ij")
    return Grid((size, size), latitude.ravel(), longitude.ravel(), "hr.zarr")


def cells(fine, s):
    """Centres of the cells of s pixels, (latitudes, longitudes)."""
    height, width = (n // s for n in fine.shape)
    return (
        a.reshape(fine.shape)[: height * s, : width * s].reshape(height, s, width, s).mean((1, 3)).ravel()
        for a in (fine.latitudes, fine.longitudes)
    )


@pytest.mark.parametrize(
    ("size", "s"),
    [(100, 25), (100, 24), (100, 21), (100, 20), (50, 25), (50, 17), (25, 25), (25, 13), (30, 15), (30, 5), (30, 1)],
)
def test_coordinates_tell_s_where_numbers_do_not(size, s):
    fine = grid(size)  # 100 x 100 pixels are 4 x 4 cells for s = 21 to 25
    latitudes, longitudes = cells(fine, s)
    assert space_of(fine, len(latitudes), (latitudes, longitudes), "lr.zarr") == s
    # neither the order of the points nor the convention of longitudes matters
    assert space_of(fine, len(latitudes), (latitudes[::-1], longitudes[::-1] + 360), "lr.zarr") == s


@pytest.mark.parametrize("north", [2, 48, 71])
def test_coarse_rain_that_reaches_further_than_the_fine_grid(north):
    wide, s = grid(200, north), 25
    latitudes, longitudes = cells(wide, s)
    here = np.s_[50:150, 50:150]
    fine = Grid((100, 100), *(a.reshape(200, 200)[here].ravel() for a in (wide.latitudes, wide.longitudes)), "hr.zarr")
    assert space_of(fine, len(latitudes), (latitudes, longitudes), "lr.zarr") == s
    assert places(fine, s, latitudes, longitudes, "lr.zarr")[:5].tolist() == [
        18,
        19,
        20,
        21,
        26,
    ]  # from (2, 2) of 8 x 8


@pytest.mark.parametrize(("north", "east"), [(-5, 20), (0.06, 0), (0, -0.06)])
def test_none_fits(north, east):
    fine = grid(100)
    latitudes, longitudes = cells(fine, 25)
    with pytest.raises(ScaleAdaptError, match=r"^lr\.zarr has 16 points, 4.* N, .* E; hr\.zarr 100 x 100 pixels.*no s"):
        space_of(fine, 16, (latitudes + north, longitudes + east), "lr.zarr")


def test_several_fit():
    fine = grid(100)
    with pytest.raises(ScaleAdaptError, match=r"without coordinates.*fits s = 21, 22, 23, 24, 25\. Say which: .*scale"):
        space_of(fine, 16, None, "lr.zarr")
    assert space_of(fine, 100, None, "lr.zarr") == 10
    # points between those of 25 and of 24 tell neither
    latitudes, longitudes = (np.mean(pair, 0) for pair in zip(cells(grid(50), 25), cells(grid(50), 24), strict=True))
    with pytest.raises(ScaleAdaptError, match=r"fits s = 24, 25\. Say which"):
        space_of(grid(50), 4, (latitudes, longitudes), "lr.zarr")


@pytest.mark.parametrize(("told", "there"), [(24, 25), (25, 24), (10, 25), (5, 15), (15, 5)])
def test_a_scale_that_the_grids_contradict(told, there):
    fine = grid(100)
    latitudes, longitudes = cells(fine, there)
    says = rf"for s = {told}: cells are .*\. Its points are the cells of s = {there}: leave `scale` out, or set it"
    with pytest.raises(ScaleAdaptError, match=says):
        places(fine, told, latitudes, longitudes, "lr.zarr")
