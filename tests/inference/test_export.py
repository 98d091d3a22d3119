"""An export in the place of a checkpoint: `anemoi-inference run` without a pickle."""

import datetime
import shutil

import numpy as np
import pytest
import torch
import xarray as xr
import yaml

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.inference.draw import draw_members
from anemoi_scaleadapt.inference.runner import ScaleAdaptRunner
from anemoi_scaleadapt.models.export import load
from anemoi_scaleadapt.rain.reader import open_rain
from support.coarse import write_weights


def run(folder, **changes):
    from anemoi.inference.commands import COMMANDS
    from anemoi.utils.cli import cli_main

    (folder / "run.yaml").write_text(yaml.safe_dump(changes))
    cli_main("", "", COMMANDS, ["run", str(folder / "run.yaml")])


def test_the_runner_draws_with_an_export_and_opens_no_pickle(pair, tmp_path, tiny_network, monkeypatch):
    lr, hr = pair(space=5, cells=8, hours=60)
    weights = write_weights(tmp_path / "weights", tiny_network)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("a pickle is opened"))
    told = {
        "checkpoint": str(weights),
        "runner": {"scaleadapt": {"members": 2, "grid": hr, "scale": {"space": 5, "time": 3}}},
        "seed": 7,
        "date": "2020-01-02T00:00:00",
        "lead_time": "9h",
        "write_initial_state": False,
        "input": {"lr": {"dataset": lr}, "hr": "empty"},
        "output": {"lr": "none", "hr": {"members": str(tmp_path / "m.nc")}},
    }
    run(tmp_path, **told)
    rain = open_rain(lr)
    hours = np.asarray(rain.frames(np.arange(19, 40)))[0]  # from 18 UTC of the day before, two frames of context
    frames = hours.reshape(7, 3, *rain.shape).mean(axis=1, dtype=np.float32)
    start, scale = datetime.datetime(2020, 1, 2), {"space": 5, "time": 3}
    want, mean = draw_members(load(weights), frames, start, scale, members=2, seed=7, before=2, after=2)
    with xr.open_dataset(tmp_path / "m.nc", engine="netcdf4") as drawn:
        np.testing.assert_array_equal(drawn.rain, want)
        np.testing.assert_array_equal(drawn.rain_mean, mean)
    told["runner"]["scaleadapt"] |= {"hours_at_once": 3, "overlap": 0}
    told["lead_time"] = "24h"
    told["input"]["lr"]["dataset"] = str(tmp_path / "lr.zarr")
    told["output"]["hr"]["members"] = str(tmp_path / "half.nc")
    shutil.copytree(lr, tmp_path / "lr.zarr")
    step = ScaleAdaptRunner.predict_step
    gone = lambda *args, **how: shutil.rmtree(tmp_path / "lr.zarr", ignore_errors=True) or step(*args, **how)  # noqa: E731
    monkeypatch.setattr(ScaleAdaptRunner, "predict_step", gone)
    with pytest.raises(ScaleAdaptError, match=r"lr.zarr has disappeared while it was read"):
        run(tmp_path, **told)
    assert not [path for path in tmp_path.iterdir() if "half" in path.name]
    told["input"]["lr"]["dataset"] = lr
    told["runner"]["scaleadapt"].pop("grid")
    with pytest.raises(ScaleAdaptError, match=r"is an export and holds no grid: .*grid: FINE.zarr"):
        run(tmp_path, **told)
    (weights / "weights.safetensors").write_bytes(b"\x80\x02cposix\nsystem\n")
    told["runner"]["scaleadapt"]["grid"] = hr
    with pytest.raises(ScaleAdaptError, match="do not belong together"):
        run(tmp_path, **told)
