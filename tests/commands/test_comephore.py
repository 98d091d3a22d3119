"""`comephore inspect`; the download is tested with its server in tests/datasets/comephore/test_download.py."""

import datetime as dt

from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.datasets.comephore.grid import StereGrid
from support import synthetic

START = dt.datetime(2019, 1, 31, 13)


def test_a_clean_archive_is_status_0_and_one_with_a_gap_is_1(tmp_path, capsys):
    synthetic.write_months(tmp_path, StereGrid().crop(700, 600, 40, 60), START, 24)
    assert main(["comephore", "inspect", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("2019-01-31T13 .. ") and "missing: none" in told.out and "frames" in told.err
    assert main(["comephore", "inspect", str(tmp_path), "--start", "2019-01-31", "--end", "2019-02-01"]) == 1
    out = capsys.readouterr().out
    assert "RR 2019-01-31T01 .. 2019-01-31T12 (12 hours)" in out
    assert "RR 2019-02-01T13 .. 2019-02-02T00 (12 hours)" in out


def test_long_findings_are_cut_unless_all_are_asked_for(tmp_path, capsys):
    for k in range(20):
        (tmp_path / f"{START + k * dt.timedelta(hours=1):%Y%m%d%H}_RR.gtif").write_bytes(b"damaged")
    assert main(["comephore", "inspect", str(tmp_path)]) == 1
    assert "and 8 more (--all shows them)" in capsys.readouterr().out
    main(["comephore", "inspect", str(tmp_path), "--all"])
    assert capsys.readouterr().out.count("_RR.gtif: no readable TIFF") == 20


def test_a_folder_without_an_archive_is_status_2(tmp_path, capsys):
    assert main(["comephore", "inspect", str(tmp_path)]) == 2
    assert "no monthly tar" in capsys.readouterr().err
