import numpy as np
import pytest
import xarray as xr

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.regrid.cf import grid_of_dataset
from anemoi_scaleadapt.regrid.files import read_cells, read_grid
from anemoi_scaleadapt.regrid.grid import Grid, infer_corners
from anemoi_scaleadapt.regrid.named import find_grid, read_box
from anemoi_scaleadapt.regrid.projection import to_lonlat

ROTATED = {
    "grid_mapping_name": "rotated_latitude_longitude",
    "grid_north_pole_latitude": 39.25,
    "grid_north_pole_longitude": -162.0,
}


def test_a_projected_template_keeps_its_rows_and_its_system_and_km_become_metres(tmp_path):
    y, x = np.array([6600.5, 6599.5, 6598.5]), np.array([700.5, 701.5])
    data = xr.Dataset(
        {"rain": (("y", "x"), np.zeros((3, 2)), {"grid_mapping": "crs"}), "crs": ((), 0, {"crs_wkt": "EPSG:2154"})},
        {"y": ("y", y, {"units": "km"}), "x": ("x", x, {"units": "km"})},
    )
    data.to_netcdf(tmp_path / "t.nc")
    grid = read_grid(str(tmp_path / "t.nc"))
    assert grid.x.tolist() == [700500, 701500] and grid.y.tolist() == [6600500, 6599500, 6598500]
    # the origin of EPSG:2154 is 3 E, 46.5 N at (700 000, 6 600 000) m
    assert grid.latitude[0, 0] == pytest.approx(46.5 + 0.5 / 111.2, abs=1e-3)
    assert grid.longitude[0, 0] == pytest.approx(3.0065, abs=1e-3)
    assert grid.cell_km == pytest.approx(1, abs=2e-3)


def test_corners_between_rotated_cells_are_those_of_the_rotated_axes():
    axes = np.arange(-3, 3, 0.11), np.arange(-2, 2, 0.11)
    grid = Grid.on_axes("eur", *axes, ROTATED)
    exact = grid.mesh_lonlat()
    inferred = infer_corners(grid.longitude, grid.latitude)
    assert np.abs(exact[1] - inferred[1]).max() < 1e-5 and np.abs(exact[0] - inferred[0]).max() < 2e-5


def test_axes_are_found_across_greenwich_and_bent_grids_have_none():
    lat, lon = np.meshgrid([50.0, 49, 48], [359.0, 0, 1], indexing="ij")
    grid = Grid.from_latlon("g", lat, lon)
    assert grid.is_latlon and grid.x.tolist() == [359, 360, 361]
    bent = Grid.from_latlon("b", lat + 0.1 * np.arange(3), lon)
    assert bent.crs is None and not bent.is_latlon


def test_bounds_of_bent_cells_are_read_whatever_their_first_vertex_and_turn():
    grid = Grid.on_axes("eur", np.arange(0, 2, 0.5), np.arange(5, 4, -0.25), ROTATED)
    lon, lat = grid.mesh_lonlat()
    vertices = [np.stack([c[:-1, :-1], c[:-1, 1:], c[1:, 1:], c[1:, :-1]], -1)[..., [2, 1, 0, 3]] for c in (lat, lon)]
    dims = ("y", "x", "nv")
    data = xr.Dataset(
        {"lat_v": (dims, vertices[0]), "lon_v": (dims, vertices[1])},
        {
            "lat": (("y", "x"), grid.latitude, {"bounds": "lat_v"}),
            "lon": (("y", "x"), grid.longitude, {"bounds": "lon_v"}),
        },
    )
    found = grid_of_dataset(data, "v")
    assert found.crs is None
    np.testing.assert_allclose(found.mesh()[0], lon, atol=1e-12)
    data.lat_v[1, 1] += 0.2
    with pytest.raises(ScaleAdaptError, match="gaps"):
        grid_of_dataset(data, "v")


def test_bounds_of_an_axis_are_its_edges():
    data = xr.Dataset(
        {"b": (("lat", "n"), [[50, 60.0], [40, 50], [35, 40]])},
        {"lat": ("lat", [55.0, 45, 37], {"bounds": "b"}), "lon": ("lon", [0.0, 10])},
    )
    assert grid_of_dataset(data, "g").y_edges.tolist() == [60, 50, 40, 35]


def test_grids_are_named(tmp_path):
    france = find_grid("EPSG:2154", 1000, (-5, 41, 10, 51.5))
    assert france.y[0] > france.y[1] and france.x[0] % 1000 == 500
    west, south = to_lonlat(france.crs, france.x[0], france.y[-1])
    assert west < -4 and south < 41.1
    metres = find_grid("EPSG:2154", 2000, (700_100, 6_600_000, 709_900, 6_608_000))
    assert metres.shape == (4, 5) and metres.x[0] == 701_000
    assert find_grid("comephore:0,42.3,1.2,43.8").shape == (170, 101)
    assert read_box("-5,41,10,51") == (-5, 41, 10, 51)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("nowhere.nc", {}, "no such file"),
        ("EPSG:2154", {}, "--resolution"),
        ("EPSG:999999", {"resolution": 1.0, "box": (0, 0, 1, 1)}, "999999"),
        ("EPSG:2154", {"resolution": 0.01, "box": (-5, 41, 10, 51)}, "unit of the system"),
        ("comephore", {"resolution": 500.0}, "1000 m"),
        ("comephore:1,2", {}, "west,south"),
        ("comephore:30,42,31,43", {}, "no pixel"),
    ],
)
def test_a_grid_that_is_none_is_one_clear_error(name, options, words):
    with pytest.raises(ScaleAdaptError, match=words):
        find_grid(name, **options)


@pytest.mark.parametrize("code", [2154, None])
def test_geotiff_places_its_pixels_by_its_tags(tmp_path, code):
    from PIL import Image, TiffImagePlugin

    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[33550], tags[33922] = (1000.0, 1000.0, 0.0), (0.0, 0.0, 0.0, 700_000.0, 6_600_000.0, 0.0)
    if code:
        tags[34735] = (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, code)
    Image.fromarray(np.zeros((3, 4), "uint16")).save(tmp_path / "a.tif", tiffinfo=tags)
    if code is None:
        with pytest.raises(ScaleAdaptError, match="GeoTIFF"):
            read_grid(str(tmp_path / "a.tif"))
        return
    grid = read_grid(str(tmp_path / "a.tif"))
    assert grid.shape == (3, 4) and grid.x[0] == 700_500 and grid.y[0] == 6_599_500


def test_grib_gives_its_rows_in_file_order(grib):
    grid = read_grid(grib("regular"))
    assert grid.is_latlon and grid.y[0] > grid.y[1] and grid.shape == (31, 41)
    assert read_grid(grib("south first")).y[0] < 60


def test_reduced_grids_of_grib_have_cells_but_no_rows_and_columns(grib):
    path = grib("reduced")
    cells = read_cells(path)
    assert cells.latitude.size == 6114  # N32: points of the reduced Gaussian grid
    with pytest.raises(ScaleAdaptError, match="reduced"):
        read_grid(path)
