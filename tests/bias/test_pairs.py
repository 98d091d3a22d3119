"""Records on other grids and over longer intervals, pairs, the report and the commands."""

import json

import numpy as np
import pytest
import xarray as xr

from anemoi_scaleadapt.bias.filter import UnbiasFilter
from anemoi_scaleadapt.bias.fit import fit
from anemoi_scaleadapt.bias.mapping import Mapping
from anemoi_scaleadapt.bias.pairs import pairs
from anemoi_scaleadapt.bias.report import compare
from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.rain.steps import averaged

pytestmark = pytest.mark.usefixtures("numpy_quantiles")

LAT, LON = np.arange(50.0, 47.99, -0.1), np.arange(0.0, 3.01, 0.1)  # 21 x 31
SHAPE = (72, len(LAT), len(LON))


def write(path, rain, minutes=60, first="2020-07-01T01:00", lat=LAT, lon=LON):
    times = np.datetime64(first, "ns") + np.arange(len(rain)) * np.timedelta64(minutes, "m")
    data = xr.Dataset(
        {"rain": (("time", "lat", "lon"), rain.astype("float32"), {"units": "mm h-1"})},
        {
            "time": times,
            "lat": ("lat", lat, {"units": "degrees_north"}),
            "lon": ("lon", lon, {"units": "degrees_east"}),
        },
    )
    data.to_netcdf(path)
    return str(path)


@pytest.fixture
def truth():
    smooth = np.random.default_rng(0).gamma(0.3, 2, (72, 11, 16)).repeat(2, 1).repeat(2, 2)[:, :21, :31]
    return np.where(smooth > 0.5, smooth, 0)


def test_half_hours_become_hours_at_whole_hours_and_gaps_cost_theirs(tmp_path, truth):
    half = open_rain(write(tmp_path / "h.nc", truth, minutes=30, first="2020-07-01T00:30"))
    hourly = averaged(half)
    assert str(hourly.times[0]) == "2020-07-01T01:00:00" and len(hourly.times) == 36
    np.testing.assert_allclose(hourly.at(hourly.times[3:5])[0], truth[6:10].reshape(2, 2, 21, 31).mean(1), rtol=1e-5)
    six = averaged(hourly, 6 * HOUR)
    assert [str(t)[11:13] for t in six.times] == ["06", "12", "18", "00", "06", "12"]
    late = open_rain(write(tmp_path / "l.nc", truth, first="2020-07-01T00:50"))
    assert {str(t)[11:16] for t in averaged(late, 3 * HOUR).times} == {
        f"{h:02d}:50" for h in (0, 3, 6, 9, 12, 15, 18, 21)
    }
    with pytest.raises(ScaleAdaptError, match="do not make up"):
        averaged(hourly, 2.5 * HOUR)


def test_pairs_of_other_intervals_and_cells(tmp_path, truth):
    """Truth of 0.1 degrees and 1 h, coarse rain of 0.2 degrees and 3 h."""
    blocks = truth[:, :20, :30].reshape(72, 10, 2, 15, 2).mean((2, 4))
    coarse = 2 * blocks.reshape(24, 3, 10, 15).mean(1)
    lat, lon = LAT[:20].reshape(10, 2).mean(1), LON[:30].reshape(15, 2).mean(1)
    given = open_rain(write(tmp_path / "c.nc", coarse, minutes=180, first="2020-07-01T03:00", lat=lat, lon=lon))
    found = pairs(given, open_rain(write(tmp_path / "t.nc", truth)), space=2)
    assert found.coarse.shape == (24, 10, 15) and found.hours == 3 and found.km == pytest.approx(18, abs=2)
    np.testing.assert_allclose(found.coarse, 2 * found.truth, rtol=1e-4, atol=1e-6)
    part = pairs(given, open_rain(str(tmp_path / "t.nc")), end=np.datetime64("2020-07-02"), space=2)
    assert len(part.times) == 8
    with pytest.raises(ScaleAdaptError, match="in common"):
        pairs(given, open_rain(str(tmp_path / "t.nc")), start=np.datetime64("2021-01-01"), space=2)


def test_the_report_counts_what_lies_beyond_the_sample(truth):
    times = np.datetime64("2020-07-01T01", "s") + np.arange(72) * np.timedelta64(3600, "s")
    mapping = fit(2 * truth, truth, times, hours=1, km=10)
    wet = 2 * truth
    wet[0, 0, :5] = 1000.0
    clean = mapping.apply(wet, times)
    report = compare(wet, truth, times, mapping, clean)
    assert report.columns["truth"]["mean (mm h-1)"] == pytest.approx(truth.mean(), rel=1e-4)
    assert report.columns["truth"]["power, 4 to 8 cells"] == pytest.approx(1)
    assert report.columns["corrected"]["q95 (mm h-1)"] == pytest.approx(np.quantile(truth, 0.95), rel=0.02)
    (words,) = report.said
    assert f"{5 / truth.size:.2g}" in words and "factor of its last rank, 0.5" in words
    assert "| correlation |" in report.markdown()


def test_commands_from_files_to_files(tmp_path, truth, capsys):
    real, true = write(tmp_path / "c.nc", 0.5 * truth), write(tmp_path / "t.nc", truth)
    to = str(tmp_path / "b.json")
    options = ["--coarse", real, "--truth", true]
    assert main(["bias", "fit", *options, "--end", "2020-07-02T12", "--to", to]) == 0
    assert json.loads((tmp_path / "b.json").read_text())["about"]["library"] == "xsdba"
    assert main(
        ["bias", "report", to, *options, "--start", "2020-07-02T13", "--to", str(tmp_path / "r.md"), "--figure",
         str(tmp_path / "f.png")]
    ) == 0  # fmt: skip
    assert (tmp_path / "f.png").stat().st_size > 1000 and "| raw | corrected | truth |" in (
        tmp_path / "r.md"
    ).read_text()
    assert main(["bias", "report", *options]) == 0 and "| raw | truth |" in capsys.readouterr().out
    for more in ([], ["--keep-change"]):
        assert main(["bias", "apply", to, "--coarse", real, "--to", str(tmp_path / "o.nc"), *more]) == 0
        clean = open_rain(str(tmp_path / "o.nc"))
        np.testing.assert_allclose(clean.at(clean.times)[0], truth, rtol=0.03, atol=0.03)
        assert "quantile" in clean.attributes["scaleadapt_bias"]
    capsys.readouterr()
    assert main(["bias", "apply", to, "--coarse", real, "--to", str(tmp_path / "o.txt")]) == 2
    assert main(["bias", "fit", *options, "--start", "yesterday", "--to", to]) == 2
    said = capsys.readouterr().err
    assert "o.txt" in said and "yesterday" in said and "Traceback" not in said
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(("o", "."))) == ["o.nc"]


def test_the_filter_corrects_fields_by_their_season(tmp_path):
    import earthkit.data as ekd

    curves = {}
    for season, factor in (("all", 1.0), ("JJA", 0.5)):
        curves[season] = {"ranks": [0.5], "coarse": [1.0], "factor": [factor], "most": 9, "seeds": False, "values": 9}
    content = {"format": "anemoi-scaleadapt bias 1", "about": {}, "hours": 1, "km": 10, "leads": [], "curves": curves}
    (tmp_path / "b.json").write_text(json.dumps(content))
    field = np.full((2, 21, 31), 3.0)
    path = write(tmp_path / "c.nc", field, minutes=60 * 24 * 61, first="2020-08-15T00:00")
    with pytest.raises(ScaleAdaptError, match=r"unbias\.mappig is not a setting; did you mean unbias\.mapping"):
        UnbiasFilter(mappig="b.json")
    july, october = UnbiasFilter(mapping=str(tmp_path / "b.json")).forward(ekd.from_source("file", path))
    assert july.to_numpy().max() == 1.5 and october.to_numpy().max() == 3.0 and july.shape == (21, 31)
    mapping = Mapping.load(tmp_path / "b.json")
    assert mapping.curve("DJF") is mapping.curves["all"]
