"""s = 1: one dataset with a static field and one more variable serves as coarse and as fine dataset."""

import numpy as np
import pytest
import xarray as xr
import yaml


@pytest.fixture(scope="module")
def twice(tmp_path_factory, pair, anemoi_trainer):
    """The training's batch of that dataset, its checkpoint and its path."""
    _, hr = pair(space=1, cells=40, hours=60, statics=True)
    out = tmp_path_factory.mktemp("twice")
    more = ["scale.space=1", "scale.time=2", "data.datasets.hr.forcing=[orography]", "training.method.score_windows=0"]
    run = anemoi_trainer("scaleadapt", hr, hr, out, *more, "period.training.end=60%", "period.validation.start=60%")
    run.train()
    return run, next(out.rglob("inference-last.ckpt")), hr


def test_each_reads_nothing_but_the_rain_and_what_is_declared(twice):
    run, *_ = twice
    sets = run.datamodule.ds_train.data_readers
    assert sets["lr"].variables == ["rain"] and sets["hr"].variables == ["rain", "orography"]
    assert run.model.network.static_names == ["orography"]


def test_members_are_drawn(twice, tmp_path):
    from anemoi.inference.commands import COMMANDS
    from anemoi.utils.cli import cli_main

    _, checkpoint, hr = twice
    config = {
        "checkpoint": str(checkpoint),
        "runner": {"auto": {"members": 2}},
        "date": "2020-01-02T00:00:00",
        "lead_time": "4h",
        "write_initial_state": False,
        "input": {"lr": {"dataset": hr}, "hr": {"dataset": hr}},
        "output": {"lr": "none", "hr": {"members": str(tmp_path / "members.nc")}},
    }
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(config))
    cli_main("", "", COMMANDS, ["run", str(tmp_path / "run.yaml")])
    with xr.open_dataset(tmp_path / "members.nc", engine="netcdf4") as drawn:
        assert drawn.rain.shape == (2, 4, 40, 40) and np.isfinite(drawn.rain.values).all()
