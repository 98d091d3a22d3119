"""The projection of a grid is found from its coordinates, and never taken on trust."""

import subprocess
import sys

import numpy as np
import pytest

from anemoi_scaleadapt.datasets.comephore.grid import PROJ_STRING
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.proj import pyproj
from anemoi_scaleadapt.rain.projection import KNOWN, find_projection, grid_mapping
from support.layouts import GRIDS, positions


@pytest.mark.parametrize("kind", GRIDS)
@pytest.mark.parametrize("precision", ["f8", "f4"])
def test_known_projections_are_found(kind, precision):
    crs, left, top, step = GRIDS[kind]
    lat, lon = (c.astype(precision) for c in positions(kind))
    found = find_projection(lat, lon)
    near = {"abs": step / 500}
    assert found.x == pytest.approx(left + step * np.arange(30), **near)
    assert found.y == pytest.approx(top - step * np.arange(20), **near)
    assert found.mapping == find_projection(lat, lon, crs).mapping


def test_comephore_is_known_by_its_own_text():
    assert PROJ_STRING in KNOWN
    found = find_projection(*positions("comephore"))
    assert found.mapping["standard_parallel"] == 45 and found.mapping["latitude_of_projection_origin"] == 90
    assert found.x[1] - found.x[0] == 1000 and found.y[1] - found.y[0] == -1000


def test_a_bent_grid_has_none_and_a_wrong_crs_is_refused():
    lat, lon = positions("lambert")
    bent = lat + 0.002 * np.sin(np.arange(30))
    assert find_projection(bent, lon) is None and find_projection(None, None) is None
    with pytest.raises(ScaleAdaptError, match=r"crs EPSG:3035: .* not regular in it"):
        find_projection(lat, lon, "EPSG:3035")
    with pytest.raises(ScaleAdaptError, match="crs Lambert 94"):
        find_projection(lat, lon, "Lambert 94")
    with pytest.raises(ScaleAdaptError, match="not in metres"):
        find_projection(lat, lon, "EPSG:2225")


def test_degrees_across_greenwich_and_the_date_line():
    y, x = np.mgrid[:5, :10] * 0.25
    for west in (-1.0, 179.0, 359.0):
        found = find_projection(50 - y, (west + x + 180) % 360 - 180)
        assert np.diff(found.x) == pytest.approx(0.25) and found.mapping["grid_mapping_name"] == "latitude_longitude"


def test_a_rotated_pole():
    rotated = "+proj=ob_tran +o_proj=longlat +o_lat_p=43 +o_lon_p=0 +lon_0=10 +datum=WGS84 +no_defs"
    y, x = np.mgrid[:20, :30] * 0.01
    lon, lat = pyproj().Transformer.from_crs(rotated, "EPSG:4326", always_xy=True).transform(x - 3, y + 1)
    found = find_projection(lat, lon, rotated)
    assert found.mapping["grid_mapping_name"] == "rotated_latitude_longitude"
    assert found.axes[0]["standard_name"] == "grid_latitude"
    assert found.x == pytest.approx(np.arange(30) * 0.01 - 3, abs=1e-4)


def test_the_grid_mapping_leads_back_to_the_projection():
    for crs in KNOWN:
        given = pyproj().CRS(crs)
        mapping, axes = grid_mapping(given)
        assert pyproj().CRS.from_cf(mapping) == given and [axis["axis"] for axis in axes] == ["Y", "X"]


def test_it_works_after_eccodes():
    code = """
import eccodes
eccodes.codes_grib_new_from_samples("regular_ll_sfc_grib2")
from support.layouts import layout
print(layout("lambert").projection.mapping["grid_mapping_name"])
"""
    from pathlib import Path

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert done.returncode == 0 and done.stdout.strip() == "lambert_conformal_conic", done.stderr
