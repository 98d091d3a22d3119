"""What goes wrong in an archive ends in one error with file and hour, or in missing values where asked for."""

import datetime as dt
import re
import shutil
import tarfile

import numpy as np
import pytest

from anemoi_scaleadapt.datasets.comephore.archive import scan_tar
from anemoi_scaleadapt.datasets.comephore.grid import StereGrid
from anemoi_scaleadapt.datasets.comephore.source import ComephoreSource
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import ONE_HOUR
from support import synthetic

BAD = 5  # the hour that is spoilt: 2019-01-31T18


@pytest.fixture
def dates(start):
    return [start + k * ONE_HOUR for k in range(24)]


def read(folder, dates, **keys):
    found = ComephoreSource(None, path=str(folder), **keys).execute_valid_dates(dates)
    return np.stack([field.to_numpy() for field in found])


def member(tar, date):
    for (stamp, kind), location in scan_tar(str(tar), tar.stat().st_mtime).frames:
        if (stamp, kind) == (date, "RR"):
            return location
    raise AssertionError(date)


def overwrite(location, data, at=0):
    with open(location.path, "r+b") as file:
        file.seek(location.offset + at)
        file.write(data)


def check_lost(folder, dates, rain, lost):
    """With missing_files: nan exactly the hours ``lost`` are missing, and all others are as written."""
    found = read(folder, dates, missing_files="nan")
    for k in range(24):
        if k in lost:
            assert np.isnan(found[k]).all()
        else:
            np.testing.assert_allclose(found[k], rain[k], atol=1e-5)


def test_a_corrupted_member_is_named_with_its_hour_and_nothing_else_is_lost(months, dates):
    folder, rain = months
    tar = folder / "H_COMEPHORE_201901.tar"
    overwrite(member(tar, dates[BAD]), b"\0" * 400)
    with pytest.raises(ScaleAdaptError, match=r"H_COMEPHORE_201901.tar: 2019/2019013118_RR.gtif .*2019-01-31T18 RR"):
        read(folder, dates)
    check_lost(folder, dates, rain, {BAD})


def test_a_corrupted_header_in_a_tar_costs_its_own_hour_only(months, dates):
    folder, rain = months
    tar = folder / "H_COMEPHORE_201901.tar"
    overwrite(member(tar, dates[BAD]), b"\xff" * 512, at=-512)
    with pytest.raises(ScaleAdaptError, match=r"not there: 2019-01-31T18 RR\."):
        read(folder, dates)
    check_lost(folder, dates, rain, {BAD})


def test_a_truncated_tar_keeps_what_lies_before_the_cut(months, dates):
    folder, rain = months
    tar = folder / "H_COMEPHORE_201901.tar"
    location = member(tar, dates[BAD])
    with open(tar, "r+b") as file:
        file.truncate(location.offset + location.size // 2)
    with pytest.raises(
        ScaleAdaptError, match=r"2019-01-31T19 RR.*H_COMEPHORE_201901.tar: the tar is damaged or cut off"
    ):
        read(folder, dates)
    check_lost(folder, dates, rain, set(range(BAD, 12)))
    with pytest.raises(ScaleAdaptError, match=r"2019-01-31T18 RR\): cut off"):
        read(folder, dates[: BAD + 1])


def test_an_empty_month_and_a_file_that_is_no_tar_are_named(months, dates):
    folder, rain = months
    tar = folder / "H_COMEPHORE_201902.tar"
    with tarfile.open(tar, "w"):
        pass
    with pytest.raises(ScaleAdaptError, match=r"H_COMEPHORE_201902.tar: holds no frame"):
        read(folder, dates)
    check_lost(folder, dates, rain, set(range(12, 24)))
    tar.write_bytes(b"<html>Sorry, this service is not available</html>" * 40)
    with pytest.raises(ScaleAdaptError, match=r"H_COMEPHORE_201902.tar"):
        read(folder, dates)
    check_lost(folder, dates, rain, set(range(12, 24)))


def test_a_missing_hour_is_named(tmp_path, grid, start, dates):
    synthetic.write_months(tmp_path, grid, start, BAD)
    with pytest.raises(ScaleAdaptError, match=r"2019-01-31T18 RR, .* and 14 more"):
        read(tmp_path, dates)
    found = read(tmp_path, dates, missing_files="nan")
    assert np.isnan(found[BAD:]).all() and np.isfinite(found[:BAD, 20:]).all()


@pytest.mark.parametrize("asked", ["error", "nan"])
def test_an_hour_that_is_there_twice_is_an_error_that_names_both_files(months, dates, asked):
    folder, _ = months
    (folder / "again").mkdir()
    shutil.copy(folder / "H_COMEPHORE_201901.tar", folder / "again")
    with pytest.raises(ScaleAdaptError, match=re.escape("there twice")) as error:
        read(folder, dates, missing_files=asked)
    assert str(folder / "again") in str(error.value) and "2019-01-31T13" in str(error.value)


def spoil(tmp_path, grid, start, other):
    """Three frames, the second of which is ``other``."""
    for k, (date, frames) in enumerate(synthetic.hours(grid, start, 3)):
        data = other(date, frames["RR"]) if k == 1 else synthetic.encode(frames["RR"], date, "RR", grid)
        (tmp_path / f"{date:%Y%m%d%H}_RR.gtif").write_bytes(data)


SPOILT = {
    "another grid": lambda d, f: synthetic.encode(f[::2, ::2].copy(), d, "RR", StereGrid(pixel=2000.0, ny=20, nx=30)),
    "DateTime says 2019:01:31 15": lambda d, f: synthetic.encode(
        f, d + ONE_HOUR, "RR", StereGrid().crop(700, 600, 40, 60)
    ),
    "ImageDescription says ERR": lambda d, f: synthetic.encode(f, d, "ERR", StereGrid().crop(700, 600, 40, 60)),
    "not Comephore's projection": lambda d, f: synthetic.encode(
        f, d, "RR", StereGrid().crop(700, 600, 40, 60), doubles=(90.0, 0.0, 0.0, 0.0, 0.0)
    ),
}


@pytest.mark.parametrize("asked", ["error", "nan"])
@pytest.mark.parametrize("said", SPOILT)
def test_a_frame_that_is_not_what_its_name_says_is_always_an_error(tmp_path, grid, start, said, asked):
    spoil(tmp_path, grid, start, SPOILT[said])
    with pytest.raises(ScaleAdaptError, match=said) as error:
        read(tmp_path, [start + k * ONE_HOUR for k in range(3)], missing_files=asked)
    assert "2019013114_RR.gtif (hour 2019-01-31T14 RR)" in str(error.value)


def test_a_damaged_first_frame_does_not_hide_the_grid(tmp_path, grid, start):
    spoil(tmp_path, grid, start, lambda d, f: synthetic.encode(f, d, "RR", grid))
    first = tmp_path / f"{start:%Y%m%d%H}_RR.gtif"
    first.write_bytes(first.read_bytes()[:100])
    with pytest.raises(ScaleAdaptError, match=r"2019013113_RR.gtif"):
        read(tmp_path, [start + ONE_HOUR])
    found = read(tmp_path, [start, start + ONE_HOUR], missing_files="nan")
    assert np.isnan(found[0]).all() and np.isfinite(found[1, 20:]).all()


def test_an_archive_without_one_readable_frame_is_named(tmp_path):
    (tmp_path / "2019013113_RR.gtif").write_bytes(b"")
    with pytest.raises(ScaleAdaptError, match="not one frame there can be read"):
        read(tmp_path, [dt.datetime(2019, 1, 31, 13)], missing_files="nan")
