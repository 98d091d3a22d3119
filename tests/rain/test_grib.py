"""The template of a grid: eccodes finds every pixel where pyproj puts it."""

import eccodes
import numpy as np
import pytest

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.grib import template
from anemoi_scaleadapt.rain.projection import find_projection
from support.layouts import GRIDS, positions


def message(kind, crs=None, **how):
    lat, lon = positions(kind, **how) if isinstance(kind, str) else kind
    return eccodes.codes_new_from_message(template(find_projection(lat, lon, crs), lat, lon)), lat, lon


@pytest.mark.parametrize("kind", [*GRIDS, "comephore"])
@pytest.mark.parametrize("south_first", [False, True])
def test_pixels_are_where_they_are(kind, south_first):
    handle, lat, lon = message(kind, shape=(200, 300), south_first=south_first)
    rows = slice(None, None, 1 if south_first else -1)  # a message goes from south to north
    for key, want in (("latitudes", lat), ("longitudes", lon)):
        got = eccodes.codes_get_array(handle, key).reshape(lat.shape)[rows]
        assert np.abs((got - want + 180) % 360 - 180).max() < 2e-6


def test_cfgrib_and_earthkit_find_a_projected_grid(tmp_path):
    import earthkit.data as ekd
    import xarray as xr

    lat, lon = positions("comephore")
    (tmp_path / "t.grib2").write_bytes(template(find_projection(lat, lon), lat, lon))
    data = xr.open_dataset(tmp_path / "t.grib2", engine="cfgrib", backend_kwargs={"indexpath": ""})
    assert data.tp.dims == ("y", "x")
    field = ekd.from_source("file", str(tmp_path / "t.grib2"))[0].to_latlon()
    for got, want in ((data.latitude, lat), (data.longitude, lon), (field["lat"], lat), (field["lon"], lon)):
        assert np.abs((np.asarray(got)[::-1] - want + 180) % 360 - 180).max() < 2e-6


def test_all_of_france_on_comephores_ellipsoid():
    handle, lat, _ = message("comephore", shape=(1050, 1000))
    assert eccodes.codes_get(handle, "gridType") == "lambert"
    got = eccodes.codes_get_array(handle, "latitudes").reshape(lat.shape)[::-1]
    assert np.abs(got - lat).max() < 2e-6  # 0.2 m


def test_it_is_total_precipitation_of_a_member():
    handle, *_ = message("lambert")
    want = {
        "shortName": "tp",
        "units": "kg m**-2",
        "productDefinitionTemplateNumber": 11,
        "dataType": "pf",
        "centre": "255",
    }
    assert {key: eccodes.codes_get(handle, key) for key in want} == want


def test_an_ellipsoid_in_numbers():
    handle, lat, _ = message("degrees")
    assert eccodes.codes_get(handle, "gridType") == "regular_ll" and lat.shape == (20, 30)
    knmi = "+proj=stere +lat_0=90 +lat_ts=60 +lon_0=0 +a=6378140 +b=6356750 +units=m +no_defs"
    from anemoi_scaleadapt.proj import pyproj

    x, y = np.meshgrid(1000.0 * np.arange(20), -3650e3 - 1000.0 * np.arange(10))
    lon, lat = pyproj().Transformer.from_crs(knmi, "EPSG:4326", always_xy=True).transform(x, y)
    handle, *_ = message((lat, lon), knmi)
    assert eccodes.codes_get(handle, "shapeOfTheEarth") == 7
    assert eccodes.codes_get(handle, "earthMinorAxisInMetres") == 6356750


def test_what_grib_cannot_tell_is_refused():
    lat, lon = positions("lambert")
    with pytest.raises(ScaleAdaptError, match="give `crs`"):
        template(None, lat, lon)
    with pytest.raises(ScaleAdaptError, match="transverse_mercator cannot be told"):
        found = find_projection(lat, lon)
        template(
            type(found)({**found.mapping, "grid_mapping_name": "transverse_mercator"}, found.axes, found.y, found.x),
            lat,
            lon,
        )
