"""Bias that grows with lead time: fitted, taken out and reported range by range."""

import numpy as np
import pytest
import xarray as xr

from anemoi_scaleadapt.bias.filter import UnbiasFilter
from anemoi_scaleadapt.bias.fit import fit, record_quantiles
from anemoi_scaleadapt.bias.mapping import Mapping
from anemoi_scaleadapt.bias.records import corrected
from anemoi_scaleadapt.bias.report import compare
from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.reader import open_rain
from rain.test_from_grib import TP, message

pytestmark = pytest.mark.usefixtures("numpy_quantiles")

START = np.datetime64("2020-06-01", "s")
SHAPE = (6, 8)
#: nine days of truth, 3-hourly; a run of 48 h begins on each of eight, 2 times too wet on its first day and 4 times on
#: its second
TRUTH = np.random.default_rng(0).gamma(0.5, 2, (72, *SHAPE))
RUNS = np.stack([TRUTH[8 * day : 8 * day + 16] for day in range(8)]) * np.repeat([2.0, 4.0], 8)[:, None, None]
ENDS = START + 3 * np.arange(1, 73) * np.timedelta64(3600, "s")
PLACE = {
    "lat": ("lat", 50 - 0.1 * np.arange(6), {"units": "degrees_north"}),
    "lon": ("lon", 5 + 0.1 * np.arange(8), {"units": "degrees_east"}),
}
GROUPS = ((0.0, 24.0), (24.0, 48.0))


def pairs():
    """Runs beside the truth, (T, Y, X), their times and lead times."""
    truth, times = (np.concatenate([of[8 * day : 8 * day + 16] for day in range(8)]) for of in (TRUTH, ENDS))
    return RUNS.reshape(-1, *SHAPE), truth, times, np.tile(3.0 * np.arange(1, 17), 8)


def fitted(groups=GROUPS):
    coarse, truth, times, leads = pairs()
    return fit(coarse, truth, times, hours=3, km=10, leads=leads, groups=groups)


def write(path, days=8):
    """Runs as a service's archive has them: mm since the start of each."""
    dims = ("forecast_reference_time", "step", "lat", "lon")
    xr.Dataset(
        {"rain": (dims, 3 * RUNS[:days].cumsum(1), {"units": "mm", "long_name": "rain accumulated since the start"})},
        {
            "forecast_reference_time": START.astype("M8[ns]") + np.arange(days) * np.timedelta64(1, "D"),
            "step": ("step", 3 * np.arange(1, 17), {"units": "hours", "standard_name": "forecast_period"}),
            **PLACE,
        },
    ).to_netcdf(path)
    return str(path)


def test_each_range_has_its_curve_and_one_curve_is_wrong_for_both(tmp_path):
    coarse, truth, times, leads = pairs()
    mapping = fitted()
    assert {"all", "all 0-24 h", "all 24-48 h", "JJA 24-48 h"} < set(mapping.curves)
    mapping.save(tmp_path / "b.json")
    mapping = Mapping.load(tmp_path / "b.json")
    np.testing.assert_allclose(mapping.apply(coarse, times, None, leads), truth, rtol=0.01, atol=0.01)
    pooled = mapping.apply(coarse, times)  # lead times that are not known
    assert pooled[leads <= 24].mean() < 0.9 * truth.mean() and pooled[leads > 24].mean() > 1.1 * truth.mean()
    beyond = mapping.apply(coarse, times, None, leads + 48)
    np.testing.assert_array_equal(beyond, mapping.apply(coarse, times, None, 0 * leads + 48))
    record = record_quantiles(mapping, [(times, coarse, leads)], coarse.size)
    assert set(record) == {"JJA 0-24 h", "JJA 24-48 h"}
    np.testing.assert_allclose(mapping.apply(coarse, times, record, leads), truth, rtol=0.05, atol=0.05)
    with pytest.raises(ScaleAdaptError, match="does not say when its forecasts began"):
        fit(coarse, truth, times, hours=3, km=10, groups=GROUPS)


def test_a_range_with_too_few_values_shares_the_curve_of_all_and_says_so():
    coarse, truth, times, leads = pairs()
    mapping = fitted(groups=((0.0, 24.0), (24.0, 27.0), (27.0, 48.0)))
    assert "all 24-27 h" not in mapping.curves and "all 27-48 h" in mapping.curves  # eight frames, 56
    assert mapping.curve("JJA 24-27 h") is mapping.curves["JJA"]
    report = compare(coarse, truth, times, mapping, mapping.apply(coarse, times, None, leads), leads)
    assert "24-27 h: the fit had too little of these lead times; they share the curve of all." in report.said
    assert [row[:2] for row in report.leads] == [("0-24 h", "64"), ("24-27 h", "8"), ("27-48 h", "56")]
    raw, clean, true = map(float, report.leads[0][2].split(" / "))
    assert raw == pytest.approx(2 * true, rel=0.01) and clean == pytest.approx(true, rel=0.01)
    pooled = compare(coarse, truth, times, leads=leads)  # by days
    assert [row[0] for row in pooled.leads] == ["0-24 h", "24-48 h"] and "| lead time | frames |" in pooled.markdown()
    assert not compare(coarse, truth, times).leads and not compare(coarse, truth, times, leads=leads / 2).leads


def test_commands_from_an_archive_of_forecasts_to_the_next_one(tmp_path, capsys):
    archive, one, to = write(tmp_path / "runs.nc"), write(tmp_path / "run.nc", days=1), str(tmp_path / "b.json")
    true, clean = str(tmp_path / "t.nc"), str(tmp_path / "o.nc")
    rain = {"rain": (("time", "lat", "lon"), TRUTH / 1.0, {"units": "mm h-1"})}
    xr.Dataset(rain, {"time": ENDS.astype("M8[ns]"), **PLACE}).to_netcdf(true)
    options = ["--coarse", archive, "--truth", true]
    assert main(["bias", "fit", *options, "--to", to]) == 2 and "--leads 0-24" in capsys.readouterr().err
    assert main(["bias", "fit", *options, "--leads", "0-24,24-48", "--to", to]) == 0
    said = capsys.readouterr().out
    assert "| 24-48 h | 64 |" in said and "all 24-48 h 3072" in said
    assert main(["bias", "apply", to, "--coarse", one, "--to", clean]) == 0
    written = open_rain(clean)
    np.testing.assert_allclose(written.at(written.times)[0], TRUTH[:16], rtol=0.01, atol=0.01)
    assert main(["bias", "report", to, "--coarse", one, "--truth", true]) == 0
    assert "| 0-24 h | 8 |" in capsys.readouterr().out
    assert main(["bias", "apply", to, "--coarse", archive, "--leads", "0-24,24-48", "--to", clean]) == 2
    assert "one range here" in capsys.readouterr().err


def test_records_and_fields_of_grib_are_corrected_by_their_lead_time(tmp_path):
    import earthkit.data as ekd

    first = {**TP, "dataDate": 20200601}
    growing = [message(f, {**first, "stepRange": f"0-{3 * k + 3}"}) for k, f in enumerate(3 * RUNS[0].cumsum(0))]
    (tmp_path / "a.grib").write_bytes(b"".join(growing))
    mapping = fitted()
    rain = corrected(open_rain(tmp_path / "a.grib"), mapping)
    np.testing.assert_allclose(rain.at(rain.times)[0], TRUTH[:16], rtol=0.01, atol=0.01)
    mapping.save(tmp_path / "b.json")
    rates = [message(RUNS[0, k], {**first, "stepRange": f"{3 * k}-{3 * k + 3}"}) for k in (0, 8)]
    (tmp_path / "r.grib").write_bytes(b"".join(rates))
    found = UnbiasFilter(mapping=str(tmp_path / "b.json")).forward(ekd.from_source("file", str(tmp_path / "r.grib")))
    for field, truth in zip(found, TRUTH[[0, 8]], strict=True):
        np.testing.assert_allclose(field.to_numpy(), truth, rtol=0.01, atol=0.01)
