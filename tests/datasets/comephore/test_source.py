import datetime as dt
import tarfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anemoi_scaleadapt.datasets.coarsen import CoarsenFilter
from anemoi_scaleadapt.datasets.comephore.grid import lonlat
from anemoi_scaleadapt.datasets.comephore.source import ComephoreSource
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import ONE_HOUR
from support import synthetic


def fields(folder, dates, factor=None, **keys):
    found = ComephoreSource(None, path=str(folder), **keys).execute_valid_dates(dates)
    return CoarsenFilter(factor=factor).forward(found) if factor else found


def values(found):
    return np.stack([field.to_numpy() for field in found])


def independent_mean(rain, s, t):
    """Block mean by loops over the offsets within a block, in float64; NaN anywhere makes the block NaN."""
    hours, ny, nx = rain.shape
    windows = hours // t
    total = np.zeros((windows, ny // s, nx // s))
    for k in range(t):
        for i in range(s):
            for j in range(s):
                total += rain[k : windows * t : t, i::s, j::s]
    return total / (s * s * t)


@pytest.fixture(scope="module")
def year_end(tmp_path_factory):
    """36 hours over the turn of a year in two tars, on 60 x 48 pixels with holes."""
    from anemoi_scaleadapt.datasets.comephore.grid import StereGrid

    folder = tmp_path_factory.mktemp("year_end")
    grid, start = StereGrid().crop(700, 600, 60, 48), dt.datetime(2019, 12, 31, 7)
    hole = (slice(20, 23), slice(30, 48))
    synthetic.write_months(folder, grid, start, 36, missing=hole)
    stored = np.stack([f["RR"] for _, f in synthetic.hours(grid, start, 36, missing=hole)]).astype(float)
    stored[stored == 65535] = np.nan
    return folder, start, stored / 10


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_crop_factor_and_window_equal_an_independent_mean_over_the_months(year_end, data):
    folder, start, rain = year_end
    s, t = data.draw(st.integers(1, 25)), data.draw(st.integers(1, 6))
    height, width = s * data.draw(st.integers(1, 60 // s)), s * data.draw(st.integers(1, 48 // s))
    row, col = data.draw(st.integers(0, 60 - height)), data.draw(st.integers(0, 48 - width))
    first, windows = data.draw(st.integers(0, 30 - t)), data.draw(st.integers(1, 6 // t or 1))
    dates = [start + (first + k) * ONE_HOUR for k in range(windows * t)]
    crop = {"row": row, "col": col, "height": height, "width": width}
    coarse = values(fields(folder, dates, factor=s, crop=crop))
    part = rain[first : first + windows * t, row : row + height, col : col + width]
    expected = independent_mean(part, s, t)
    found = coarse.reshape(windows, t, *coarse.shape[1:]).astype(float).mean(axis=1)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    assert np.nanmax(np.abs(found - expected), initial=0) < 1e-6


def test_the_hour_that_ends_a_month_is_found_in_the_tar_of_that_month(months, start):
    folder, rain = months
    (folder / "H_COMEPHORE_201902.tar").unlink()
    midnight = dt.datetime(2019, 2, 1, 0)
    found = values(fields(folder, [midnight]))
    np.testing.assert_allclose(found[0], rain[(midnight - start) // ONE_HOUR], atol=1e-5)


def test_a_folder_of_frames_reads_as_the_tars_do(months, start, tmp_path):
    folder, _ = months
    for tar in folder.glob("*.tar"):
        with tarfile.open(tar) as archive:
            archive.extractall(tmp_path / "frames", filter="data")
    (tmp_path / "frames" / "2019" / "2019013113_RR.gtif.aux.xml").write_text("<PAMDataset/>")
    dates = [start + k * ONE_HOUR for k in range(24)]
    from_tars = values(fields(folder, dates))
    np.testing.assert_array_equal(values(fields(tmp_path / "frames", dates)), from_tars)
    np.testing.assert_array_equal(values(fields(f"{folder}/H_*.tar", dates)), from_tars)


def test_the_positions_are_those_of_the_crop(months, start, grid):
    folder, _ = months
    crop = {"row": 5, "col": 7, "height": 10, "width": 20}
    field = fields(folder, [start], crop=crop)[0]
    lat, lon = field.grid_points()
    expected = lonlat(grid.crop(**crop))
    np.testing.assert_array_equal(lon.reshape(10, 20), expected[0])
    np.testing.assert_array_equal(lat.reshape(10, 20), expected[1])


def test_a_box_in_degrees_gives_the_smallest_crop_that_holds_it(months, start, grid):
    folder, _ = months
    lon, lat = lonlat(grid)
    west, east, south, north = lon[20, 10], lon[20, 30], lat[30, 20], lat[10, 20]
    box = {"west": float(west), "east": float(east), "south": float(south), "north": float(north)}
    source = ComephoreSource(None, path=str(folder), crop=box)
    assert source.frames.crop == grid.box(**box)
    assert 20 <= source.frames.grid.nx <= 23


def test_pixels_of_a_lower_quality_are_missing(tmp_path, grid, start):
    frames = next(iter(synthetic.hours(grid, start, 1, missing=(slice(0, 1), slice(0, 1)))))[1]
    frames["QUALIF"][:] = 90
    frames["QUALIF"][5, 6], frames["QUALIF"][7, 8] = 79, 80
    frames["QUALIF"][9, 9] = 255
    for kind in ("RR", "QUALIF"):
        name = f"{start:%Y%m%d%H}_{kind}.gtif"
        (tmp_path / name).write_bytes(synthetic.encode(frames[kind], start, kind, grid))
    plain = values(fields(tmp_path, [start]))[0]
    strict = values(fields(tmp_path, [start], min_quality=80))[0]
    lost = np.isnan(strict) & ~np.isnan(plain)
    assert {tuple(map(int, p)) for p in np.argwhere(lost)} == {(5, 6), (9, 9)}
    assert strict[7, 8] == plain[7, 8]


def test_the_three_kinds_are_three_variables_with_units(months, start):
    folder, _ = months
    found = fields(folder, [start], kinds=["RR", "QUALIF"])
    described = [(f.metadata("param"), f.metadata("units"), f.metadata("valid_datetime")) for f in found]
    assert described == [
        ("rain", "mm h-1", "2019-01-31T13:00:00"),
        ("rain_quality", "%", "2019-01-31T13:00:00"),
    ]
    assert np.nanmax(found[1].to_numpy()) == 84


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"kinds": ["RAIN"]}, "comephore.kinds"),
        ({"kinds": []}, "comephore.kinds"),
        ({"knids": ["RR"]}, "comephore.knids is not a setting; did you mean comephore.kinds?"),
        ({"missing_files": "skip"}, "comephore.missing_files"),
        ({"min_quality": 101}, "comephore.min_quality"),
        ({"crop": {"row": 0, "col": 0, "height": 41, "width": 5}}, "40 x 60"),
        ({"crop": {"row": 0, "col": 0, "height": 4.0, "width": 5}}, "whole numbers"),
        ({"crop": {"lat": 0}}, "west, south, east, north"),
    ],
)
def test_a_bad_key_is_named(months, keys, named):
    with pytest.raises(ScaleAdaptError, match=named):
        ComephoreSource(None, path=str(months[0]), **keys)


def test_an_absent_path_is_named(tmp_path):
    with pytest.raises(ScaleAdaptError, match="nowhere"):
        ComephoreSource(None, path=str(tmp_path / "nowhere"))
    with pytest.raises(ScaleAdaptError, match="no monthly tar"):
        ComephoreSource(None, path=str(tmp_path))


def test_the_real_event_has_its_known_mean_and_maximum(real_tar):
    dates = [dt.datetime(2018, 2, 18) + k * ONE_HOUR for k in range(73)]
    rain = values(fields(real_tar, dates))
    assert rain.shape == (73, 170, 101)
    assert np.nanmax(rain) == pytest.approx(12.4, abs=0.05)
    assert np.nanmean(rain) == pytest.approx(0.79, abs=0.2)
    coarse = values(fields(real_tar, dates, 10, crop={"row": 20, "col": 0, "height": 100, "width": 100}))
    expected = independent_mean(rain[:, 20:120, :100].astype(float), 10, 1)
    assert np.abs(coarse - expected).max() < 1e-6
