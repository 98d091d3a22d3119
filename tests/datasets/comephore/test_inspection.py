import datetime as dt

import pytest

from anemoi_scaleadapt.datasets.comephore.archive import Archive
from anemoi_scaleadapt.datasets.comephore.inspection import inspect, runs
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import ONE_HOUR
from support import synthetic


def test_successive_hours_are_one_line():
    start = dt.datetime(2019, 1, 31, 22)
    dates = [start, start + ONE_HOUR, start + 2 * ONE_HOUR, start + 5 * ONE_HOUR]
    assert runs(dates) == ["2019-01-31T22 .. 2019-02-01T00 (3 hours)", "2019-02-01T03"]
    assert runs([]) == []


def test_a_good_archive_is_clean(months, start):
    report = inspect(Archive(months[0]), kinds=("RR", "QUALIF"))
    assert report.clean
    assert (report.first, report.last) == (start, start + 23 * ONE_HOUR)
    assert report.hours == {"RR": 24, "QUALIF": 24}


def test_every_kind_of_finding_is_told_with_its_hour(tmp_path, grid, start):
    for k, (date, frames) in enumerate(synthetic.hours(grid, start, 8)):
        data = synthetic.encode(frames["RR"], date + ONE_HOUR if k == 4 else date, "RR", grid)
        if k == 2:
            continue
        (tmp_path / f"{date:%Y%m%d%H}_RR.gtif").write_bytes(data[:200] if k == 3 else data)
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / f"{start:%Y%m%d%H}_RR.gtif").write_bytes(data)
    (tmp_path / "H_COMEPHORE_201903.tar").write_bytes(b"")
    report = inspect(Archive(tmp_path), period=(start, start + 9 * ONE_HOUR))
    assert report.missing == ["RR 2019-01-31T15", "RR 2019-01-31T21 .. 2019-01-31T22 (2 hours)"]
    assert len(report.unreadable) == 1 and "2019-01-31T16" in report.unreadable[0]
    assert len(report.twice) == 1 and "2019-01-31T13" in report.twice[0]
    assert len(report.odd) == 2  # the hour whose tag is an hour late, and the copy under another hour's name
    assert any("2019-01-31T17" in line and "DateTime" in line for line in report.odd)
    assert "H_COMEPHORE_201903.tar" in report.faults[0]
    assert not report.clean


def test_names_only_reads_no_frame(tmp_path, start):
    (tmp_path / f"{start:%Y%m%d%H}_RR.gtif").write_bytes(b"nothing")
    assert inspect(Archive(tmp_path), read=False).clean
    assert not inspect(Archive(tmp_path)).clean


def test_an_archive_without_the_kind_is_named(months):
    with pytest.raises(ScaleAdaptError, match="no frame of ERR"):
        inspect(Archive(months[0]), kinds=("ERR",))
