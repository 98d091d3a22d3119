"""Weights against numbers by hand, an independent library, and the water on the Earth."""

import numpy as np
import pytest

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.regrid.blocks import Blocks, choose_factor
from anemoi_scaleadapt.regrid.cells import drawn, of_grid, of_rows, pieces
from anemoi_scaleadapt.regrid.files import read_cells
from anemoi_scaleadapt.regrid.grid import Grid
from anemoi_scaleadapt.regrid.projection import pyproj, to_lonlat, to_xy
from anemoi_scaleadapt.regrid.weights import Weights, fingerprint, make_weights

LAMBERT = "EPSG:2154"


def france(ny=120, nx=100, x=600_500.0, y=6_700_500.0):
    return Grid.on_axes("fine", x + 1000.0 * np.arange(nx), y - 1000.0 * np.arange(ny), LAMBERT)


def sources():
    """Coarse grids of every kind round the fine one (about 1.7 to 3.1 E, 46.3 to 47.4 N)."""
    lat, lon = np.arange(49, 44.9, -0.25), np.arange(-0.5, 5.1, 0.25)
    regular = Grid.from_latlon("north", *np.meshgrid(lat, lon, indexing="ij"))
    rotated = {
        "grid_mapping_name": "rotated_latitude_longitude",
        "grid_north_pole_latitude": 39.25,
        "grid_north_pole_longitude": -162.0,
    }
    cordex = Grid.on_axes("cordex", np.arange(-14.0, -8, 0.11), np.arange(-5.5, -0.5, 0.11), rotated)
    yield regular
    yield Grid.from_latlon("south", *np.meshgrid(lat[::-1], lon % 360, indexing="ij"))
    yield cordex
    yield Grid.from_latlon("bent", cordex.latitude, cordex.longitude)
    yield Grid.on_axes("laea", np.arange(3.4e6, 4.0e6, 12e3), np.arange(2.9e6, 2.3e6, -12e3), "EPSG:3035")


def true_area(cells, index):
    """Areas on the ellipsoid by geodesics (Karney), which share nothing with the plane of the weights, m2."""
    geod = pyproj().Geod(ellps="WGS84")
    lon, lat = drawn(*cells.rings(index), 4)
    return np.array([abs(geod.polygon_area_perimeter(a, b)[0]) for a, b in zip(lon, lat, strict=True)])


@pytest.mark.parametrize("source", sources(), ids=lambda grid: grid.name)
def test_water_over_the_interior_is_kept_on_the_earth(source):
    fine = france()
    cells = of_grid(source)
    weights = make_weights(cells, Blocks.of(fine, 20))
    assert weights.share == 1 and weights.cover.min() > 1 - 1e-9
    x, y = to_xy(LAMBERT, cells.longitude, cells.latitude)
    reach = 1000 * cells.km
    inside = (x > 600_000 + reach) & (x < 700_000 - reach) & (y < 6_701_000 - reach) & (y > 6_581_000 + reach)
    assert inside.sum() >= 4
    rain = np.where(inside, np.random.default_rng(0).gamma(0.5, 4, inside.size), 0.0)
    index = np.flatnonzero(inside)
    given = (rain[index] * true_area(cells, index)).sum()
    out = weights.matrix @ rain
    got = (out * true_area(Blocks.of(fine, 20).cells, np.arange(out.size))).sum()
    assert got == pytest.approx(given, rel=1e-6)
    assert (out * weights.area.ravel() * 1e6).sum() == pytest.approx(given, rel=1e-6)


def test_overlaps_are_those_of_exactextract():
    """In a cylindrical equal-area plane rows of equal sine of latitude are a raster, so the oracle is exact there."""
    exactextract = pytest.importorskip("exactextract")
    from exactextract.raster import NumPyRasterSource

    plane = "+proj=cea +datum=WGS84"
    lon_edges = np.arange(0, 6.01, 0.25)
    left, bottom = to_xy(plane, lon_edges[0], 45.0)
    right, top = to_xy(plane, lon_edges[-1], 49.0)
    y_edges = np.linspace(top, bottom, 17)
    lat_edges = to_lonlat(plane, 0 * y_edges, y_edges)[1]
    lat, lon = (e[1:] / 2 + e[:-1] / 2 for e in (lat_edges, lon_edges))
    source = Grid.on_axes("sine", lon, lat, "EPSG:4326", x_edges=lon_edges, y_edges=lat_edges)
    blocks = Blocks.of(france(), 20)
    weights = make_weights(of_grid(source), blocks)
    ids = np.arange(16.0 * 24).reshape(16, 24)
    raster = NumPyRasterSource(ids, xmin=left, ymin=bottom, xmax=right, ymax=top)
    for block in (0, 7, 29):
        ring = np.stack(to_xy(plane, *(c[0] for c in drawn(*blocks.cells.rings(np.array([block])), 8))), -1)
        shape = {"type": "Polygon", "coordinates": [[*ring.tolist(), ring[0].tolist()]]}
        feature = {"type": "Feature", "properties": {}, "geometry": shape}
        found = exactextract.exact_extract(raster, feature, ["values", "coverage"])[0]["properties"]
        expected = np.zeros(ids.size)
        expected[found["values"].astype(int)] = found["coverage"] / found["coverage"].sum()
        np.testing.assert_allclose(weights.matrix[[block]].toarray()[0], expected, atol=5e-6)  # the sides bend


def test_shares_by_hand():
    """Blocks of 2 km under cells of 3 km, both from one corner: the second block has 1 of 2 km of each cell."""
    fine = Grid.on_axes("fine", 700_500 + 1000.0 * np.arange(6), 6_600_500 - 1000.0 * np.arange(6), LAMBERT)
    coarse = Grid.on_axes("coarse", [701_500.0, 704_500], [6_599_500.0, 6_596_500], LAMBERT)
    matrix = make_weights(of_grid(coarse), Blocks.of(fine, 2)).matrix.toarray()
    np.testing.assert_allclose(matrix[0], [1, 0, 0, 0], atol=1e-5)
    np.testing.assert_allclose(matrix[1], [0.5, 0.5, 0, 0], atol=1e-5)
    np.testing.assert_allclose(matrix[4], [0.25] * 4, atol=1e-5)


def test_blocks_covered_in_part_are_missing_below_the_share_in_the_matrix_too():
    fine = Grid.on_axes("fine", 700_500 + 1000.0 * np.arange(8), 6_600_500 - 1000.0 * np.arange(4), LAMBERT)
    coarse = Grid.on_axes("coarse", [702_500.0, 707_500], [6_600_500.0, 6_595_500], LAMBERT)  # from 700 km to 710 km
    shifted = Grid.on_axes("coarse", [703_500.0, 708_500], [6_600_500.0, 6_595_500], LAMBERT)  # one km later
    assert make_weights(of_grid(coarse), Blocks.of(fine, 4)).share == 1
    strict, lax = (make_weights(of_grid(shifted), Blocks.of(fine, 4), share) for share in (0.99, 0.7))
    assert strict.cover[0] == pytest.approx([0.75, 1], abs=1e-4)
    rain = np.ones((2, 2))
    assert np.isnan(strict.apply(rain)).tolist() == [[True, False]]
    assert np.isnan(strict.matrix @ rain.ravel()).tolist() == [True, False]
    np.testing.assert_allclose(lax.apply(rain), 1)


def test_a_missing_cell_costs_only_the_blocks_that_need_it():
    fine = Grid.on_axes("fine", 700_500 + 1000.0 * np.arange(8), 6_600_500 - 1000.0 * np.arange(8), LAMBERT)
    coarse = Grid.on_axes("coarse", 701_000 + 2000.0 * np.arange(4), 6_600_000 - 2000.0 * np.arange(4), LAMBERT)
    rain = np.ones((3, 4, 4))
    rain[1, 0, 0] = np.nan
    out = make_weights(of_grid(coarse), Blocks.of(fine, 4)).apply(rain)
    assert np.isnan(out).sum() == 1 and np.isnan(out[1, 0, 0]) and out.dtype == np.float32
    np.testing.assert_allclose(make_weights(of_grid(coarse), Blocks.of(fine, 4), 0.7).apply(rain), 1)


def test_reduced_gaussian_grids_keep_water_too(grib):
    cells = read_cells(grib("reduced"))
    fine = Grid.on_axes("fine", np.arange(0.5, 40, 1), np.arange(60.5, 30, -1), "EPSG:4326")
    weights = make_weights(cells, Blocks.of(fine.rows_columns(slice(0, 30), slice(0, 40)), 5))
    inside = (cells.longitude > 6) & (cells.longitude < 34) & (cells.latitude > 37) & (cells.latitude < 54)
    rain = np.where(inside, 2.0, 0)
    given = 2 * true_area(cells, np.flatnonzero(inside)).sum()
    assert (weights.matrix @ rain * weights.area.ravel() * 1e6).sum() == pytest.approx(given, rel=2e-5)


def test_points_without_cells_are_refused():
    with pytest.raises(ScaleAdaptError, match="cells"):
        of_rows("icon", np.linspace(0, 1, 30), np.linspace(0, 1, 30))


def test_another_place_and_cells_that_overlap_are_refused():
    fine = Blocks.of(france(), 20)
    away = Grid.from_latlon("away", *np.meshgrid(np.arange(-40.0, -30), np.arange(5.0), indexing="ij"))
    with pytest.raises(ScaleAdaptError, match="not where the fine grid is"):
        make_weights(of_grid(away), fine)
    wide = Grid.on_axes(
        "wide", np.arange(1, 4.0), np.arange(48, 45.0, -1), "EPSG:4326", x_edges=np.array([0.0, 2, 1, 3])
    )
    with pytest.raises(ScaleAdaptError, match="overlap"):
        make_weights(of_grid(wide), fine)


def test_what_is_saved_is_what_the_filter_regrid_of_anemoi_transform_applies(tmp_path, grib):
    import earthkit.data as ekd
    from anemoi.transform.filters.fields.regrid import RegridFilter

    path = grib("south first")
    weights = make_weights(read_cells(path), Blocks.of(france(), 25))
    weights.save(tmp_path / "w.npz")
    field = ekd.from_source("file", path)
    (out,) = RegridFilter(matrix=str(tmp_path / "w.npz")).forward(field)
    expected = weights.apply(field[0].to_numpy())
    np.testing.assert_allclose(out.to_numpy(flatten=True), expected.ravel(), rtol=1e-6)
    np.testing.assert_allclose(out.grid_points()[0], weights.block_latitude)
    again = Weights.load(tmp_path / "w.npz")
    np.testing.assert_array_equal(again.apply(field[0].to_numpy()), expected)
    assert again.fits(*field[0].grid_points()) and not again.fits(*(p[::-1] for p in field[0].grid_points()))
    (tmp_path / "x.npz").write_bytes(b"nothing")
    with pytest.raises(ScaleAdaptError, match=r"x\.npz"):
        Weights.load(tmp_path / "x.npz")


@pytest.mark.parametrize(("coarse", "s"), [(23.1, 25), (9.26, 10), (1.0, 1), (2.3, 3), (31.0, 25), (12.1, 12)])
def test_the_factor_follows_from_the_cells(coarse, s):
    chosen, why = choose_factor(coarse, 1.0)
    assert chosen == s and "km" in why
    assert ("smoother" in why) == (coarse > 27)


def test_nothing_to_super_resolve():
    with pytest.raises(ScaleAdaptError, match="nothing to super-resolve"):
        choose_factor(1.0, 2.5)


def test_blocks_are_whole():
    fine = france(50, 45)
    cut = Blocks.of(fine, 20)
    assert cut.shape == (2, 2) and cut.fine.shape == (40, 40) and "10 rows and 5 columns" in cut.said
    grown = Blocks.of(Grid(**{**vars(fine), "grows": True}), 20)
    assert grown.shape == (3, 3) and grown.fine.x[44] == fine.x[44] and grown.fine.x[-1] == fine.x[-1] + 15_000
    with pytest.raises(ScaleAdaptError, match="fewer than one block"):
        Blocks.of(fine, 60)
    with pytest.raises(ScaleAdaptError, match="whole number"):
        Blocks.of(fine, 2.5)


def test_a_side_bends_by_less_than_a_hundred_thousandth_of_a_cell():
    assert pieces(2.0) == 1 and pieces(25.0) == 8
    whole = of_grid(Grid.from_latlon("g", *np.meshgrid([47.25, 47.0], [2.0, 2.25], indexing="ij")))
    rings = whole.rings(np.arange(4))
    finer = drawn(*rings, 16)
    areas = []
    for ring in (rings, finer):
        x, y = to_xy("+proj=laea +lat_0=47 +lon_0=2", *ring)
        areas.append(abs((x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1)).sum(1)) / 2)
    np.testing.assert_allclose(areas[0], areas[1], rtol=1e-5)


def test_the_name_in_the_cache_knows_grid_and_factor():
    fine, (source, other, *_) = france(), sources()
    names = {
        fingerprint(of_grid(grid), Blocks.of(fine, s), share)
        for grid in (source, other)
        for s in (20, 10)
        for share in (0.99, 0.5)
    }
    assert len(names) == 8 and fingerprint(of_grid(source), Blocks.of(fine, 20), 0.99) in names
