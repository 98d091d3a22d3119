"""`anemoi-scaleadapt baseline`: members like those of any system, which `verify` reads."""

import json

import numpy as np
import pytest
import xarray as xr

from anemoi_scaleadapt.commands import main


@pytest.fixture
def rain(tmp_path):
    """Three days of fine rain (20, 20) and its coarse rain (4, 4)."""
    draw = np.random.default_rng(0)
    smooth = draw.gamma(0.4, 1, (84, 4, 4)).repeat(5, 1).repeat(5, 2)
    fine = (smooth * draw.gamma(1, 1, (84, 20, 20))).astype("f4")
    times = np.datetime64("2018-05-10T01:00", "ns") + np.arange(84) * np.timedelta64(3600, "s")
    for name, field in (("hr", fine), ("lr", fine.reshape(84, 4, 5, 4, 5).mean(axis=(2, 4)))):
        data = xr.Dataset({"rain": (("time", "y", "x"), field, {"units": "mm h-1"})}, {"time": times})
        data.to_netcdf(tmp_path / f"{name}.nc", engine="netcdf4")
    return tmp_path


def words(rain, name, *more):
    files = ["--lr", str(rain / "lr.nc"), "--grid", str(rain / "hr.nc"), "--to", str(rain / "members.nc")]
    return ["baseline", name, *files, "--time-factor", "3", "--members", "4", *more]


SYSTEMS = {"nearest": 1, "bicubic": 1, "piecewise_linear": 1, "advection": 1}


@pytest.mark.parametrize(("name", "members"), [*SYSTEMS.items(), ("rainfarm", 4), ("rainfarm_ar1", 4), ("steps", 4)])
def test_members_have_exact_totals(rain, name, members):
    assert main(words(rain, name, "--start", "2018-05-12T01:00", "--end", "2018-05-12T06:00")) == 0
    with xr.open_dataset(rain / "members.nc", engine="netcdf4") as data, xr.open_dataset(rain / "lr.nc") as lr:
        assert data.rain.dims == ("member", "time", "y", "x")
        assert data.rain.shape == (members, 6, 20, 20) and data.rain.attrs["units"] == "mm h-1"
        assert data.attrs["scaleadapt_space_factor"] == 5 and data.attrs["scaleadapt_time_factor"] == 3
        cells = data.rain.values.reshape(members, 2, 3, 4, 5, 4, 5).mean(axis=(2, 4, 6))
        coarse = lr.rain.sel(time=data.time).values.reshape(2, 3, 4, 4).mean(axis=1)
        assert cells == pytest.approx(np.stack([coarse] * members), rel=1e-5)


NOISE = {"space_factor": 5, "time_factor": 3, "first": "2018-04-01T01:00:00", "last": "2018-04-30T00:00:00"}


@pytest.mark.parametrize("name", ["rainfarm_ar1", "steps"])
def test_a_smaller_spread_is_a_narrower_ensemble(rain, name):
    widths = []
    for spread in (0.5, 1.5):
        noise = {"rainfarm_ar1": {}, "steps": {}} | {name: {"spread": spread}}
        (rain / "noise.json").write_text(json.dumps(NOISE | noise))
        assert main(words(rain, name, "--end", "2018-05-11T00:00", "--noise", str(rain / "noise.json"))) == 0
        with xr.open_dataset(rain / "members.nc", engine="netcdf4") as data:
            widths.append(float(data.rain.std("member").mean()))
    assert widths[0] < 0.7 * widths[1]


def test_noise_is_fitted_to_other_days_and_used(rain, capsys):
    archive = ["--archive", str(rain / "hr.nc"), "--end", "2018-05-11T12:00", "--to", str(rain / "noise.json")]
    assert main(["baseline", "fit", "--space-factor", "5", "--time-factor", "3", *archive]) == 0
    found = json.loads((rain / "noise.json").read_text())
    assert found["last"] == "2018-05-11T12:00:00" and found["steps"]["spread"] > 0
    later = ["--start", "2018-05-12T01:00", "--end", "2018-05-12T06:00", "--noise", str(rain / "noise.json")]
    assert main(words(rain, "steps", *later)) == 0
    (rain / "members.nc").unlink()
    assert main(words(rain, "steps", *later, "--start", "2018-05-11T10:00")) == 2
    assert "holds hours that are to be forecast" in " ".join(capsys.readouterr().err.split())
    assert not (rain / "members.nc").exists()


def test_the_analog_never_sees_the_day_it_forecasts(rain):
    archive = ["--archive", str(rain / "hr.nc")]
    assert main(words(rain, "analog", *archive, "--start", "2018-05-13T07:00", "--end", "2018-05-13T12:00")) == 0
    with xr.open_dataset(rain / "members.nc", engine="netcdf4") as data, xr.open_dataset(rain / "hr.nc") as hr:
        truth = hr.rain.sel(time=data.time).values
        assert np.abs(data.rain.values - truth).mean() > 0.1 * truth.mean()


def test_verify_reads_what_baseline_writes(rain):
    period = ["--start", "2018-05-12T01:00", "--end", "2018-05-13T12:00"]
    assert main(words(rain, "rainfarm_ar1", *period, "--seed", "7")) == 0
    files = [str(rain / "members.nc"), str(rain / "hr.nc"), "--lr", str(rain / "lr.nc"), "--out", str(rain / "out")]
    assert main(["verify", *files, "--no-figure", "--no-report", "--bootstrap", "0"]) == 0
    card = json.loads((rain / "out" / "scorecard.json").read_text())
    own, same = card["systems"]["scaleadapt"], card["systems"]["rainfarm_ar1"]
    assert own["crps"] == pytest.approx(same["crps"], rel=0.1)  # another seed, another size of ensemble
    assert card["systems"]["mean"] is None


def test_factors_that_nothing_tells_are_asked_for(rain, capsys):
    files = ["--lr", str(rain / "lr.nc"), "--to", str(rain / "members.nc")]
    assert main(["baseline", "bicubic", *files]) == 2
    assert "--time-factor is not known: give it." in capsys.readouterr().err
    assert main(["baseline", "bicubic", *files, "--time-factor", "3"]) == 2
    assert "--space-factor is not known: give it or --grid FILE." in capsys.readouterr().err
    assert main(["baseline", "bicubic", *files, "--time-factor", "3", "--space-factor", "5"]) == 0


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("bicubic", ["--start", "2019-01-01"], "is not within that of"),
        ("bicubic", ["--start", "May"], "--start May is not a date"),
        ("bicubic", ["--end", "2018-05-10T02:00"], "do not divide"),
        ("bicubic", ["--space-factor", "4"], "it is 4 as given, 5 by --grid"),
        ("bicubic", ["--time-factor", "0"], "it is 0 as given"),
        ("bicubic", ["--checkpoint", "x.ckpt"], "only with it"),
        ("mean", [], "give --checkpoint FILE"),
        ("mean", ["--checkpoint", "no.ckpt"], "--checkpoint no.ckpt is not there"),
        ("analog", [], "--archive"),
        ("steps", ["--noise", "no.json"], "--noise no.json cannot be read"),
        ("fit", [], "baseline fit needs fine rain of other days: give --archive"),
    ],
)
def test_bad_input_stops_and_writes_nothing(rain, capsys, name, more, message):
    assert main(words(rain, name, *more)) == 2
    assert message in capsys.readouterr().err
    assert not (rain / "members.nc").exists()
