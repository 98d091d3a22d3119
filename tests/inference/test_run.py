"""From a checkpoint to members through `anemoi-inference run`, against a direct predict_step.

Training and the first run are processes of their own, as users start them; the other runs go through the same command
line in this process, which saves ten seconds of imports each.
"""

import datetime
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from anemoi_scaleadapt.errors import ScaleAdaptError

BIN = Path(sys.executable).parent
START = datetime.datetime(2020, 1, 2)
#: two stretches of nine hours
PARTS = {"hours_at_once": 6, "overlap": 3}


@pytest.fixture(scope="module")
def trained(tmp_path_factory, pair, tiny_network):
    """A checkpoint of (5, 3), trained by the command line in an empty folder with a config of the user's own."""
    folder = tmp_path_factory.mktemp("trained")
    lr, hr = pair(space=5, cells=8, hours=60)
    mine = {
        "defaults": ["scaleadapt", "_self_"],
        "scale": {"space": 5, "time": 3},
        "system": {
            "input": {"dataset": {"lr": lr, "hr": hr}},
            "hardware": {"accelerator": "cpu"},
            "output": {"root": str(folder / "out")},
        },
        "period": {"training": {"end": "60%"}, "validation": {"start": "60%"}},
        "model": {"model": {"network": tiny_network}},
        "dataloader": {"pin_memory": False, "limit_batches": {"training": 3, "validation": 1}},
        "training": {"max_steps": 3, "method": {"crop": 40, "crops_per_field": 1}},
    }
    (folder / "mine.yaml").write_text(yaml.safe_dump(mine, sort_keys=False))
    done = run(folder, "anemoi-training", "train", "--config-name=mine")
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, next((folder / "out").rglob("inference-last.ckpt")), lr, hr


def run(folder, *command):
    environment = {"PATH": f"{BIN}:/usr/bin:/bin", "OMP_NUM_THREADS": "1", "HOME": str(folder), "HYDRA_FULL_ERROR": "1"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, timeout=500)


def call(*words):
    """Run `anemoi-inference` with these arguments in this process; errors are raised."""
    from anemoi.inference.commands import COMMANDS
    from anemoi.utils.cli import cli_main

    cli_main("", "", COMMANDS, list(words))


def run_file(trained, name, **changes):
    """Write a run file; return it and the file of members that it names."""
    folder, checkpoint, lr, _ = trained
    path = folder / f"{name}.nc"
    config = {
        "checkpoint": str(checkpoint),
        "runner": {"auto": {"members": 3} | PARTS},
        "seed": 7,
        "date": START.isoformat(),
        "lead_time": "9h",
        "write_initial_state": False,
        "input": {"lr": {"dataset": lr}, "hr": "empty"},
        "output": {"lr": "none", "hr": {"members": str(path)}},
    } | changes
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(config))
    return folder / f"{name}.yaml", path


def infer(trained, name, *words, **changes):
    """Members of a run, in memory."""
    import xarray as xr

    file, path = run_file(trained, name, **changes)
    call("run", str(file), *words)
    with xr.open_dataset(path, engine="netcdf4") as drawn:
        return drawn.load()


@pytest.fixture(scope="module")
def members(trained):
    """Members of nine hours (three frames, drawn in two stretches) in a file."""
    import xarray as xr

    file, path = run_file(trained, "members")
    done = run(trained[0], "anemoi-inference", "run", file.name)
    assert done.returncode == 0, done.stderr[-3000:]
    assert not path.with_name(path.name + ".part").exists()
    with xr.open_dataset(path, engine="netcdf4") as file:
        return file.load()


def coarse(lr, first, last):
    from anemoi.datasets import open_dataset

    data = open_dataset(lr, start=first.isoformat(), end=last.isoformat())
    return data[:][:, 0, 0].reshape(-1, 8, 8)


def test_the_file_is_cf_with_right_coordinates(members, trained):
    from anemoi.datasets import open_dataset

    assert dict(members.rain.sizes) == {"member": 3, "time": 9, "y": 40, "x": 40}
    assert members.rain.dims == ("member", "time", "y", "x") and members.rain.units == "mm h-1"
    hours = [START + datetime.timedelta(hours=h + 1) for h in range(9)]
    assert (members.time.values == np.array(hours, "M8[ns]")).all()
    hr = open_dataset(trained[3])
    np.testing.assert_allclose(members.latitude.values.ravel(), hr.latitudes)
    np.testing.assert_allclose(members.longitude.values.ravel(), hr.longitudes)
    assert (members.attrs["scaleadapt_space_factor"], members.attrs["scaleadapt_time_factor"]) == (5, 3)


def test_totals_in_the_file_are_exact(members, trained):
    want = coarse(trained[2], START + datetime.timedelta(hours=1), START + datetime.timedelta(hours=6))
    want = want.reshape(2, 3, 8, 8).mean(1)
    for rain in (*members.rain.values[:, :6], members.rain_mean.values[:6]):
        got = rain.reshape(2, 3, 8, 5, 8, 5).astype("f8").mean(axis=(1, 3, 5))
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=0)
    assert want.max() > 0 and (members.rain.values >= 0).all()


def test_the_baseline_mean_is_that_beside_the_members_with_exact_totals(members, trained, tmp_path):
    import xarray as xr

    from anemoi_scaleadapt.commands import main

    _, checkpoint, lr, hr = trained
    words = ["--checkpoint", str(checkpoint), "--lr", lr, "--device", "cpu", "--to", str(tmp_path / "mean.nc")]
    period = ["--start", "2020-01-02T01:00", "--end", "2020-01-02T06:00"]
    assert main(["baseline", "mean", *words, *period, "--grid", hr]) == 0
    with xr.open_dataset(tmp_path / "mean.nc", engine="netcdf4") as file:
        assert dict(file.rain.sizes) == {"member": 1, "time": 6, "y": 40, "x": 40}
        assert (file.attrs["scaleadapt_space_factor"], file.attrs["scaleadapt_time_factor"]) == (5, 3)
        np.testing.assert_allclose(file.rain.values[0], members.rain_mean.values[:6], rtol=1e-4, atol=1e-5)
        cells = file.rain.values.reshape(2, 3, 8, 5, 8, 5).astype("f8").mean(axis=(1, 3, 5))
    want = coarse(lr, START + datetime.timedelta(hours=1), START + datetime.timedelta(hours=6))
    np.testing.assert_allclose(cells, want.reshape(2, 3, 8, 8).mean(1), rtol=1e-5, atol=0)


def test_the_baseline_mean_refuses_other_factors(trained, tmp_path, capsys):
    from anemoi_scaleadapt.commands import main

    _, checkpoint, lr, _ = trained
    words = ["--checkpoint", str(checkpoint), "--lr", lr, "--to", str(tmp_path / "mean.nc"), "--device", "cpu"]
    for more, says in (
        (["--time-factor", "2"], "2 as given, 3 by --checkpoint"),
        (["--grid", lr], "1 by --grid, 5 by"),
    ):
        assert main(["baseline", "mean", *words, *more]) == 2
        assert says in capsys.readouterr().err and not list(tmp_path.iterdir())


def axis_of(lr, first, hours):
    """The hourly axis of (5, 3) for `hours` from START + `first` hours on, as predict_step takes it."""
    begin = START + datetime.timedelta(hours=first - 5)
    read = coarse(lr, begin, begin + datetime.timedelta(hours=hours + 11))
    frames = read.reshape(-1, 3, 64).mean(1)
    return torch.from_numpy(np.repeat(frames, 3, axis=0))[None, ..., None]


def test_the_file_is_what_predict_step_gives_stretch_by_stretch(members, trained):
    interface = torch.load(trained[1], weights_only=False, map_location="cpu").eval()
    # six hours at once and three of overlap: hours 0 to 9 give the first six, hours 3 to 9 the last three
    for first, hours, kept in ((0, 9, slice(0, 6)), (3, 6, slice(3, 6))):
        start = START + datetime.timedelta(hours=first)
        got = interface.predict_step(
            {"lr": axis_of(trained[2], first, hours)}, shape=(8, 8), date=start, members=3, seed=7
        )["hr"]
        assert got.shape == (1, hours, 3, 1600, 1)
        there = slice(first + kept.start, first + kept.stop)
        rain = members.rain.values[:, there].swapaxes(0, 1).reshape(-1, 3, 1600)
        np.testing.assert_allclose(got[0, kept, ..., 0].numpy(), rain, rtol=1e-5, atol=1e-6)


def test_twelve_evaluations_a_member_and_one_of_the_mean(trained):
    interface = torch.load(trained[1], weights_only=False, map_location="cpu").eval()
    network, rows = interface.model.downscaler, []
    network.mean.register_forward_hook(lambda module, args, out: rows.append(("mean", out.shape[0])))
    network.residual.register_forward_hook(lambda module, args, out: rows.append(("residual", out.shape[0])))
    interface.predict_step({"lr": torch.rand(1, 18, 64, 1)}, shape=(8, 8), date=START, members=3, with_mean=True)
    evaluated = {part: sum(batch for name, batch in rows if name == part) for part in ("mean", "residual")}
    assert evaluated == {"mean": 1, "residual": 12 * 3}


def test_a_part_of_the_ensemble_is_the_same(members, trained):
    part = infer(
        trained,
        "part",
        runner={"scaleadapt": {"members": 1, "first_member": 2, "mean": False} | PARTS},
    )
    assert part.member.values.tolist() == [2] and "rain_mean" not in part
    np.testing.assert_array_equal(part.rain[0].values, members.rain[2].values)  # bit for bit


def test_members_in_batches_are_the_same(members, trained):
    batched = infer(trained, "batched", runner={"scaleadapt": {"members": 3, "members_at_once": 2} | PARTS})
    np.testing.assert_array_equal(batched.rain.values, members.rain.values)
    np.testing.assert_array_equal(batched.rain_mean.values, members.rain_mean.values)


def test_members_differ_and_seeds_too(members, trained):
    assert abs(members.rain[0] - members.rain[1]).max() > 0.1
    other = infer(trained, "seed", seed=8)
    assert abs(other.rain[0] - members.rain[0]).max() > 0.1


def test_mlflow_holds_the_scores(trained):
    from mlflow.tracking import MlflowClient

    store = next((trained[0] / "out").rglob("mlflow"))
    client = MlflowClient(str(store))
    runs = [r for e in client.search_experiments() for r in client.search_runs([e.experiment_id])]
    names = set().union(*(r.data.metrics for r in runs))
    assert {"val_hr_crps", "val_hr_ssr", "val_hr_spectra_ratio_high", "val_hr_mean_loss"} <= names


def test_the_checkpoint_says_what_it_is(trained):
    from anemoi.utils.checkpoints import load_metadata

    inference = load_metadata(str(trained[1]))["metadata_inference"]
    assert inference["task"] == "scaleadapt"
    assert inference["scaleadapt"]["pairs"]["only"] == [[5, 3]]
    assert inference["scaleadapt"]["field_shapes"] == {"lr": [8, 8], "hr": [40, 40]}
    assert json.dumps(inference["scaleadapt"])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"output": {"lr": "none", "hr": {"netcdf": "flat.nc"}}}, "writes one field an hour"),
        ({"runner": {"auto": {"members": 0}}}, "runner.members = 0"),
        ({"runner": {"auto": {"lr_frequency": "2h"}}}, "comes every 2h"),
        ({"runner": {"auto": {"lr_frequency": "7x"}}}, r"runner\.lr_frequency = '7x': must be hours"),
        ({"runner": {"auto": {"membrs": 2}}}, r"runner\.membrs is not a setting; did you mean runner\.members"),
        ({"predict_kwargs": {"samplr": {}}}, r"predict_kwargs\.samplr is not a setting; did you mean .*sampler"),
        ({"predict_kwargs": {"sampler": {"sigm_max": 9}}}, r"predict_kwargs\.sampler\.sigm_max is not a setting; did"),
        ({"lead_time": "7h"}, "multiple of the 3 hours"),
        ({"seed": 2**31}, "seed = 2147483648: must be a whole number from 0"),
        ({"date": "2030-01-01T00:00:00"}, "has no rain for 2030-01-01T01:00:00Z"),
        ({"output": {"lr": "none", "hr": {"members": {"path": "a.nc", "pakced": True}}}}, r"members\.pakced is not a"),
        ({"lead_time": "0h"}, "lead_time = '0h': must be longer than zero"),
        ({"lead_time": "-3h"}, "lead_time = '-3h': must be"),
        ({"runner": {"auto": {"scale": {"space": 5, "time": 2}}}}, r"\(5, 2\): the networks have learnt \(5, 3\)"),
    ],
)
def test_bad_input_is_one_clear_error_and_leaves_nothing(trained, changes, says):
    file, path = run_file(trained, re.sub(r"\W", "_", says), **changes)
    with pytest.raises(ScaleAdaptError, match=says):
        call("run", str(file))
    assert not path.exists() and not list(trained[0].glob("*.part"))


def test_context_beyond_the_record_is_missing_not_fatal(trained, caplog):
    edge = infer(trained, "edge", date="2020-01-03T08:00:00+02:00", lead_time="3h")
    assert "No context" in caplog.text and np.isfinite(edge.rain.values).all()
    assert edge.time.values[0] == np.datetime64("2020-01-03T07:00")  # UTC


def test_another_domain_with_its_own_grid_and_an_unchanged_sampler(trained, pair):
    lr, hr = pair(space=5, cells=6, hours=40, seed=3)
    drawn = infer(
        trained,
        "elsewhere",
        runner={"auto": {"members": 1, "grid": hr}},
        input={"lr": {"dataset": lr}, "hr": "empty"},
        lead_time="3h",
        predict_kwargs={"sampler": {"steps": 2}},
    )
    assert drawn.rain.shape == (1, 3, 30, 30)
    with pytest.raises(ScaleAdaptError, match=r"is not on the coarse grid of .* for s = 5.*grid: FINE\.zarr"):
        infer(trained, "wrong", input={"lr": {"dataset": lr}, "hr": "empty"})


def test_coarse_rain_every_three_hours_gives_the_same_members(members, trained):
    every = {"dataset": trained[2], "rolling_average": [-2, 0, "freq"]}
    rolled = infer(
        trained,
        "rolled",
        input={"lr": {"dataset": every}, "hr": "empty"},
        runner={"auto": {"members": 3, "lr_frequency": "3h"} | PARTS},
    )
    np.testing.assert_allclose(rolled.rain.values, members.rain.values, rtol=1e-3, atol=1e-4)


def test_coarse_rain_from_a_netcdf_file(members, trained):
    source = {"lr": {"netcdf": f"{trained[2]}.nc"}, "hr": "empty"}
    read = infer(
        trained,
        "netcdf",
        input=source,
        runner={"auto": {"members": 3, "lr_frequency": "1h"} | PARTS},
    )
    np.testing.assert_allclose(read.rain.values, members.rain.values, rtol=1e-3, atol=1e-4)


def test_a_run_file_changes_the_sampler_without_training(members, trained):
    narrow = infer(trained, "narrow", lead_time="3h", predict_kwargs={"sampler": {"sigma_max": 0.2}}).rain
    assert narrow.var("member").mean() < 0.9 * members.rain[:, :3].var("member").mean()
    # the same number on the command line, as `calibrate spread` prints it
    line = infer(trained, "line", "lead_time=3h", "predict_kwargs.sampler.sigma_max=0.2").rain
    np.testing.assert_allclose(line.values, narrow.values, rtol=1e-5, atol=1e-6)
