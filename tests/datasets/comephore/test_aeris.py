"""AERIS's NetCDF layout, written here as the public readers describe it: X before Y, integers, old epoch."""

import datetime as dt

import netCDF4
import numpy as np
import pytest

from anemoi_scaleadapt.datasets.comephore.grid import StereGrid, to_lonlat
from anemoi_scaleadapt.datasets.comephore.source import ComephoreSource
from anemoi_scaleadapt.errors import ScaleAdaptError

EPOCH = dt.datetime(1949, 12, 1)
HOUR = dt.timedelta(hours=1)
GRID = StereGrid().crop(0, 0, 6, 8)


def write(path, start, rain, quality=None, proj="+proj=stere +lat_0=90 +lat_ts=45 +lon_0=0 +ellps=WGS84"):
    """``rain`` is (time, y, x) in stored integers."""
    lon, lat = to_lonlat(GRID.left, GRID.top)
    with netCDF4.Dataset(path, "w") as data:
        data.setncatts(
            {
                "crs_proj4_string": proj,
                "x_resolution_in_m": 1000.0,
                "nw_corner_longitude": round(float(lon), 6),
                "nw_corner_latitude": round(float(lat), 6),
            }
        )
        for name, size in (("time", None), ("X", 8), ("Y", 6)):
            data.createDimension(name, size)
        time = data.createVariable("time", "i4", ("time",))
        time.units = "hours since 1949-12-01 00:00:00"
        time[:] = [int((start + k * HOUR - EPOCH) / HOUR) for k in range(len(rain))]
        for kind, values in (("RR", rain), ("QUALIF", quality)):
            if values is not None:
                data.createVariable(kind, "i4", ("time", "X", "Y"))[:] = values.transpose(0, 2, 1)


@pytest.fixture
def folder(tmp_path):
    """The last and the first two hours of a turn of months, and their stored rain."""
    rain = np.random.default_rng(0).integers(0, 400, (4, 6, 8)).astype(np.int32)
    rain[1, 2, 3] = 65535
    start = dt.datetime(2019, 1, 31, 22)
    quality = np.full(rain.shape, 90)
    quality[:, 0, 0] = 10
    write(tmp_path / "comephore_1km-1h_201901.nc", start, rain[:2], quality[:2])
    write(tmp_path / "comephore_1km-1h_201902.nc", start + 2 * HOUR, rain[2:], quality[2:])
    return tmp_path, start, rain


def read(folder, dates, **keys):
    found = ComephoreSource(None, path=str(folder), **keys).execute_valid_dates(dates)
    return np.stack([field.to_numpy() for field in found])


def expected(rain):
    values = (rain / 10).astype(np.float32)
    values[rain == 65535] = np.nan
    return values


def test_rows_and_columns_are_turned_and_both_months_are_read(folder):
    path, start, rain = folder
    np.testing.assert_array_equal(read(path, [start + k * HOUR for k in range(4)], label="end"), expected(rain))


def test_a_label_that_is_the_start_of_the_hour_moves_the_date_to_its_end(folder):
    path, start, rain = folder
    found = read(f"{path}/*.nc", [start + (k + 1) * HOUR for k in range(4)], label="start")
    np.testing.assert_array_equal(found, expected(rain))


def test_without_saying_what_the_label_means_nothing_is_read(folder):
    with pytest.raises(ScaleAdaptError, match=r"comephore\.label"):
        ComephoreSource(None, path=str(folder[0]))


def test_crop_and_quality_work_as_with_the_geotiffs(folder):
    path, start, rain = folder
    crop = {"row": 1, "col": 2, "height": 3, "width": 4}
    np.testing.assert_array_equal(read(path, [start], label="end", crop=crop)[0], expected(rain)[0, 1:4, 2:6])
    strict = read(path, [start], label="end", min_quality=50)[0]
    assert np.isnan(strict[0, 0]) and np.isnan(strict).sum() == 1


def test_the_corner_gives_the_grid(folder):
    source = ComephoreSource(None, path=str(folder[0]), label="end")
    assert abs(source.frames.grid.left - GRID.left) < 1 and abs(source.frames.grid.top - GRID.top) < 1


def test_a_missing_hour_is_an_error_or_missing(folder):
    path, start, _ = folder
    dates = [start, start + 9 * HOUR]
    with pytest.raises(ScaleAdaptError, match=r"not there: 2019-02-01T07"):
        read(path, dates, label="end")
    assert np.isnan(read(path, dates, label="end", missing_files="nan")[1]).all()


def test_another_projection_a_damaged_file_and_a_double_hour_are_named(folder, tmp_path_factory):
    path, start, rain = folder
    other = tmp_path_factory.mktemp("other")
    write(other / "comephore_1km-1h_201901.nc", start, rain, proj="+proj=lcc +lat_1=46")
    with pytest.raises(ScaleAdaptError, match=r"201901\.nc: not Comephore's projection"):
        ComephoreSource(None, path=str(other), label="end")
    write(path / "copy_201901.nc", start, rain[:1])
    with pytest.raises(ScaleAdaptError, match="2019-01-31T22 is in"):
        read(path, [start], label="end")
    (path / "copy_201901.nc").write_bytes(b"no NetCDF")
    with pytest.raises(ScaleAdaptError, match=r"copy_201901\.nc: cannot be read"):
        read(path, [start], label="end")
