"""The output of a run: GRIB through anemoi's own encoding, a run that is killed, what is refused before the work."""

import json
import shutil
import time
from contextlib import nullcontext
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import earthkit.data as ekd
import numpy as np
import pytest
import xarray as xr
import yaml

from anemoi_scaleadapt.errors import ScaleAdaptError

START = "2020-01-02T00:00:00"


@pytest.fixture(scope="module")
def trained(tmp_path_factory, pair, anemoi_trainer):
    """A checkpoint of (5, 3), and its coarse rain."""
    lr, hr = pair(space=5, cells=8, hours=60)
    out = tmp_path_factory.mktemp("output")
    more = ["scale.space=5", "scale.time=3", "training.method.score_windows=0", "model.model.tile=16"]  # four tiles
    anemoi_trainer("scaleadapt", lr, hr, out, *more, "period.training.end=60%", "period.validation.start=60%").train()
    return next(out.rglob("inference-last.ckpt")), lr


def run_file(folder, trained, output, **changes):
    """Write run.yaml."""
    config = {
        "checkpoint": str(trained[0]),
        "runner": {"auto": {"members": 3, "first_member": 2, "hours_at_once": 6, "overlap": 3}},
        "seed": 7,
        "date": START,
        "lead_time": "9h",
        "write_initial_state": False,
        "input": {"lr": {"dataset": trained[1]}, "hr": "empty"},
        "output": {"lr": "none", "hr": output},
    } | changes
    (folder / "run.yaml").write_text(yaml.safe_dump(config))
    return str(folder / "run.yaml")


def run(folder, trained, output, **changes):
    """Run `anemoi-inference run` in this process; errors are raised."""
    from anemoi.inference.commands import COMMANDS
    from anemoi.utils.cli import cli_main

    cli_main("", "", COMMANDS, ["run", run_file(folder, trained, output, **changes)])


def netcdf(path):
    with xr.open_dataset(path, engine="netcdf4") as data:
        return data.load()


@pytest.fixture(scope="module")
def members(trained, tmp_path_factory):
    """The run as NetCDF and as GRIB2, drawn once."""
    folder = tmp_path_factory.mktemp("members")
    run(folder, trained, {"tee": [{"members": str(folder / "a.nc")}, {"members": str(folder / "a.grib2")}]})
    return folder


def test_grib_has_the_same_values_and_coordinates_by_cfgrib(members):
    want = netcdf(members / "a.nc")
    grib = xr.open_dataset(members / "a.grib2", engine="cfgrib", backend_kwargs={"indexpath": ""})
    assert grib.tp.dims == ("number", "step", "latitude", "longitude") and grib.tp.units == "kg m**-2"
    assert grib.number.values.tolist() == [2, 3, 4] and (grib.valid_time.values == want.time.values).all()
    assert grib.time.values == want.forecast_reference_time.values
    got = grib.tp.sel(latitude=want.latitude[:, 0].values, longitude=want.longitude[0].values, method="nearest")
    np.testing.assert_allclose(got.latitude, want.latitude[:, 0], atol=1e-6)
    np.testing.assert_allclose(got.values, want.rain.values, atol=1e-5)
    assert want.rain.values.max() > 1


def test_grib_has_the_same_values_by_earthkit_and_the_keys_of_an_ensemble(members):
    want = netcdf(members / "a.nc")
    fields = ekd.from_source("file", str(members / "a.grib2"))
    assert len(fields) == 9 * 3
    field = (
        fields.sel(number=4, step=5)[0] if len(fields.sel(number=4, step=5)) else fields.sel(number=4, step="4-5")[0]
    )
    keys = {
        "shortName": "tp",
        "edition": 2,
        "productDefinitionTemplateNumber": 11,
        "number": 4,
        "numberOfForecastsInEnsemble": 3,
        "stepType": "accum",
        "startStep": 4,
        "endStep": 5,
        "dataDate": 20200102,
    }
    assert {key: field.metadata(key) for key in keys} == keys
    points = field.to_latlon()
    rain = want.rain.sel(member=4, time="2020-01-02T05:00")
    np.testing.assert_allclose(field.to_numpy()[::-1], rain, atol=1e-5)  # from south to north
    np.testing.assert_allclose(points["lat"][::-1], want.latitude, atol=1e-6)
    np.testing.assert_allclose(points["lon"][::-1], want.longitude, atol=1e-6)


def test_what_grib_cannot_carry_lies_beside_it(members):
    told = json.loads((members / "a.grib2.json").read_text())
    assert told["attributes"]["scaleadapt_seed"] == 7 and len(told["attributes"]["scaleadapt_weights"]) == 64
    assert "rain_mean" in told["left_out"] and "crs_wkt" in told["grid_mapping"]
    assert {p.name for p in members.iterdir()} == {"run.yaml", "a.nc", "a.grib2", "a.grib2.json"}


def test_post_processors_work_on_members(members, trained, tmp_path):
    processors = [
        {"accumulate_from_start_of_forecast": {"accumulations": ["rain"]}},
        {"forward_transform_filter": {"rescale": {"param": "rain", "scale": 0.5, "offset": 0}}},
    ]
    output = {
        "members": {
            "path": str(tmp_path / "a.grib2"),
            "grib": {"encoding": {"centre": "lfpw", "generatingProcessIdentifier": 42}},
        }
    }
    run(tmp_path, trained, output, post_processors=processors)
    want = netcdf(members / "a.nc").rain.cumsum("time") / 2
    fields = ekd.from_source("file", str(tmp_path / "a.grib2"))
    for number in (2, 4):
        for hour in (1, 9):
            field = next(f for f in fields if (f.metadata("number"), f.metadata("endStep")) == (number, hour))
            assert field.metadata("startStep") == 0 and field.metadata("units") == "kg m**-2"
            assert field.metadata("centre") == "lfpw" and field.metadata("generatingProcessIdentifier") == 42
            np.testing.assert_allclose(field.to_numpy()[::-1], want.sel(member=number)[hour - 1], atol=1e-5)


def test_any_command_can_write_grib(tmp_path):
    from anemoi_scaleadapt.inference.formats import open_members
    from support.layouts import fill, layout, rain_of

    plan = layout("comephore", reference=None, mean=True)
    rain = rain_of(plan)
    with open_members(tmp_path / "a.grib2", plan) as file:
        fill(file, plan, rain)
    data = xr.open_dataset(tmp_path / "a.grib2", engine="cfgrib", backend_kwargs={"indexpath": ""}).load()
    np.testing.assert_allclose(data.tp.values[..., ::-1, :], rain, atol=1e-5)  # missing where it is missing
    np.testing.assert_allclose(data.latitude.values[::-1], plan.latitude, atol=2e-6)
    assert (data.valid_time.values == plan.times).all()
    assert {p.name for p in tmp_path.iterdir()} == {"a.grib2", "a.grib2.json"}
    for changes, says in (
        ({"projection": None}, "give `crs`"),
        ({"members": range(250, 256)}, "up to 254"),
        ({"reference": np.datetime64("2020-01-01T00:50")}, "full hour"),
    ):
        with pytest.raises(ScaleAdaptError, match=says):
            open_members(tmp_path / "b.grib2", replace(plan, **changes))


def test_a_grib_file_never_has_anothers_sidecar(tmp_path, monkeypatch):
    from anemoi_scaleadapt.inference import grib
    from anemoi_scaleadapt.inference.formats import open_members
    from support.layouts import fill, layout, rain_of

    for seed in (3, 4):
        plan = layout("comephore", reference=None, attributes={"scaleadapt_seed": seed})
        with pytest.raises(KeyboardInterrupt) if seed == 4 else nullcontext():  # killed between the two
            with open_members(tmp_path / "a.grib2", plan, True) as file:
                fill(file, plan, rain_of(plan))
                if seed == 4:
                    monkeypatch.setattr(grib, "write_text", lambda *_: exec("raise KeyboardInterrupt"))
        assert (tmp_path / "a.grib2.json").exists() == (seed == 3)
    monkeypatch.undo()
    with open_members(tmp_path / "a.grib2", replace(plan, attributes={"scaleadapt_seed": 3}), True) as file:
        assert not file.complete
        fill(file, plan, rain_of(plan))


def test_a_template_of_ones_own(members, trained, tmp_path):
    from anemoi_scaleadapt.commands import main

    assert main(["template", "--grid", str(members / "a.nc"), "--to", str(tmp_path / "mine.grib2")]) == 0
    options = {"templates": {"file": str(tmp_path / "mine.grib2")}}
    run(tmp_path, trained, {"members": {"path": str(tmp_path / "b.grib2"), "grib": options}})
    assert (tmp_path / "b.grib2").read_bytes() == (members / "a.grib2").read_bytes()


@pytest.mark.parametrize("name", ["a.nc", "a.zarr", "a.grib2"])
def test_a_killed_run_goes_on(members, trained, tmp_path, name):
    output = {"members": {"path": str(tmp_path / name), "resume": True}}
    running = get_context("fork").Process(target=run, args=(tmp_path, trained, output), kwargs={"lead_time": "30h"})
    running.start()
    journal = tmp_path / f".{name}.journal"
    while not (journal.exists() and json.loads(journal.read_text())["marked"] >= 6):
        assert running.is_alive()
        time.sleep(0.002)
    running.kill()
    running.join()
    assert json.loads(journal.read_text())["marked"] < 30 and not (tmp_path / name).exists()
    run(tmp_path, trained, output, lead_time="30h")
    whole = tmp_path / f"whole{Path(name).suffix}"
    run(tmp_path, trained, {"members": str(whole)}, lead_time="30h")
    if name == "a.grib2":
        assert (tmp_path / name).read_bytes() == whole.read_bytes()
    else:
        one, other = (
            xr.open_dataset(tmp_path / n, engine="zarr" if "zarr" in name else "netcdf4") for n in (name, whole)
        )
        xr.testing.assert_equal(one, other)
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_a_run_that_is_complete_draws_nothing(trained, tmp_path, monkeypatch):
    from anemoi_scaleadapt.inference.runner import ScaleAdaptRunner

    output = {"members": {"path": str(tmp_path / "a.nc"), "resume": True}}
    run(tmp_path, trained, output)
    monkeypatch.setattr(ScaleAdaptRunner, "predict_step", lambda *_, **__: pytest.fail("it draws"))
    run(tmp_path, trained, output)
    with pytest.raises(pytest.fail.Exception, match="it draws"):
        run(tmp_path, trained, output, seed=8)
    assert {p.name for p in tmp_path.iterdir()} == {"run.yaml", "a.nc"}


def test_a_run_does_not_go_on_with_other_rain_of_the_same_name(trained, tmp_path, monkeypatch):
    from anemoi_scaleadapt.inference.runner import ScaleAdaptRunner

    shutil.copy(f"{trained[1]}.nc", tmp_path / "lr.nc")
    words = {"input": {"lr": {"netcdf": str(tmp_path / "lr.nc")}, "hr": "empty"}}
    words["runner"] = {"auto": {"members": 1, "lr_frequency": "1h", "hours_at_once": 3, "overlap": 0}}
    output, draw = {"members": {"path": str(tmp_path / "a.nc"), "resume": True}}, ScaleAdaptRunner.predict_step

    def once(self, *args, **how):
        monkeypatch.setattr(ScaleAdaptRunner, "predict_step", lambda *_, **__: exec("raise KeyboardInterrupt"))
        return draw(self, *args, **how)

    monkeypatch.setattr(ScaleAdaptRunner, "predict_step", once)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, trained, output, **words)
    with xr.open_dataset(tmp_path / "lr.nc", engine="netcdf4") as data:
        other = data.load()
    other[next(iter(other.data_vars))] *= 2
    other.to_netcdf(tmp_path / "new.nc")
    (tmp_path / "new.nc").replace(tmp_path / "lr.nc")
    with pytest.raises(ScaleAdaptError, match=r"begun by another run \(scaleadapt_coarse: "):
        run(tmp_path, trained, output, **words)


def test_every_third_hour(members, trained, tmp_path):
    run(tmp_path, trained, {"members": {"path": str(tmp_path / "a.nc"), "output_frequency": "3h"}})
    third, every = netcdf(tmp_path / "a.nc"), netcdf(members / "a.nc")
    np.testing.assert_array_equal(third.rain, every.rain[:, 2::3])
    assert (third.time.values == every.time.values[2::3]).all()


@pytest.mark.parametrize(
    ("output", "changes", "says"),
    [
        ({"members": "{lr}/a.nc"}, {}, "lie one in the other"),
        ({"members": "{lr}"}, {}, "input of this run"),
        ({"members": "/dev/null"}, {}, "is a device"),
        ({"members": "/sys/a.nc"}, {}, "cannot be written: "),
        ({"members": "{folder}/a.txt"}, {}, "ends in .nc or .zarr or .grib2"),
        ({"members": {"path": "{folder}/a.nc", "crs": "EPSG:3035"}}, {}, "not regular in it"),
        ({"members": {"path": "{folder}/a.nc", "post_processors": ["accumulate_from_start_of_forecast"]}}, {}, "GRIB"),
        ({"members": {"path": "{folder}/a.nc", "grib": {"templates": "x"}}}, {}, "name it .grib2"),
        ({"members": {"path": "{folder}/a.nc", "output_frequency": "12h"}}, {}, "leaves no hour"),
    ],
)
def test_what_cannot_be_is_said_before_the_work(trained, tmp_path, output, changes, says, monkeypatch):
    from anemoi_scaleadapt.inference.runner import ScaleAdaptRunner

    monkeypatch.setattr(ScaleAdaptRunner, "predict_step", lambda *_, **__: pytest.fail("it draws"))
    output = json.loads(json.dumps(output).replace("{lr}", trained[1]).replace("{folder}", str(tmp_path)))
    with pytest.raises(ScaleAdaptError, match=says):
        run(tmp_path, trained, output, **changes)
    assert [p.name for p in tmp_path.iterdir()] == ["run.yaml"]
