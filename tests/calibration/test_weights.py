"""Weights that learn how they draw best: found for pairs, written, drawn with; and what is refused."""

import json

import numpy as np
import pytest
import torch
import xarray as xr

from anemoi_scaleadapt.calibration.spread import BETTER, Point
from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.models.anemoi import RainModel
from anemoi_scaleadapt.pretrained import load, save
from anemoi_scaleadapt.scale import recipe

DAY = "2020-01-02"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tiny_network):
    """An export of a tiny untrained network for every pair."""
    torch.manual_seed(0)
    model = RainModel({"pairs": {}, "unit": 0.2, "network": tiny_network, "sampler": {"steps": 3}})
    path = tmp_path_factory.mktemp("weights") / "tiny"
    save(model, path, {"data": {"licence": "none"}, "note": "a test"})
    return path


@pytest.fixture(scope="module")
def fine(tmp_path_factory):
    """A day of showers, 45 x 41 pixels, hourly."""
    from scipy.ndimage import gaussian_filter

    wide = gaussian_filter(np.random.default_rng(0).standard_normal((45, 120)), 3, mode="wrap")
    rain = np.stack([np.clip(wide[:, 2 * h : 2 * h + 41] * 20, 0, None) for h in range(30)]).astype("f4")
    times = np.datetime64("2020-01-01T22", "ns") + np.arange(30) * np.timedelta64(1, "h")
    path = tmp_path_factory.mktemp("fine") / "hr.nc"
    values = ("time", "y", "x"), rain, {"units": "mm h-1"}
    y, x = (("y", 1000.0 * np.arange(45)[::-1], {"units": "m"}), ("x", 1000.0 * np.arange(41), {"units": "m"}))
    xr.Dataset({"rain": values}, {"time": times, "y": y, "x": x}).to_netcdf(path, engine="netcdf4")
    return path


def calibrate(folder, fine, *words):
    usual = ["--days", DAY, "--members", "2", "--draw", "1", "--edge", "20", "--device", "cpu"]
    return main(["calibrate", "spread", str(folder), "--hr", str(fine), *usual, *words])


def test_weights_are_written_that_draw_as_found(folder, fine, tmp_path, capsys):
    out = tmp_path / "mine"
    assert calibrate(folder, fine, "--pairs", "5:2", "10:1", "--to", str(out)) == 0
    trials = json.loads((out / "calibrated.json").read_text())
    chosen = {pair: spread["chosen"] for pair, spread in trials.items()}
    assert chosen.keys() == {"s5t2", "s10t1"}
    for spread in trials.values():
        assert spread["chosen"] in spread["points"]
        assert Point(**spread["chosen"]).cost <= min(Point(**p).cost for p in spread["points"]) + BETTER
        assert spread["before"] == spread["points"][0]
    told = json.loads((out / "model.json").read_text())
    assert told["note"] == "a test" and told["calibrated"]["days"] == [DAY]
    assert told["calibrated"]["pairs"]["s5t2"]["noise_factor"] == chosen["s5t2"]["noise_factor"]
    net = load(out).downscaler
    found = net.chosen(net.sampler, recipe(5, 2))
    low, high = sorted((chosen["s5t2"]["noise_factor"], chosen["s10t1"]["noise_factor"]))
    assert low - 1e-5 <= found.noise_factor <= high + 1e-5
    assert told["calibrated"]["pairs"]["s5t2"]["eta"] == chosen["s5t2"]["eta"]
    assert not (load(folder).downscaler.calibrated.table > 0).any()
    # a second calibration begins where the first one ended
    capsys.readouterr()
    assert calibrate(out, fine, "--pairs", "5:2") == 0
    assert "(5, 2): sigma_max" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--pairs", "5-2"), "--pairs 5-2: write s:t"),
        (("--pairs", "5:9"), "scale = (5, 9)"),
        (("--pairs", "5:2", "--members", "1"), "--members 1: at least 2"),
        (("--pairs", "5:2", "--days", "2031-01-01"), "no window of 2 h with rain"),
        (("--pairs", "5:2", "--to", "{folder}"), "holds a model already"),
    ],
)
def test_bad_input_is_one_clear_line(folder, fine, capsys, words, says):
    assert calibrate(folder, fine, *(word.format(folder=folder) for word in words)) == 2
    assert says in capsys.readouterr().err


def test_weights_that_are_not_there_are_one_clear_line(fine, capsys):
    assert main(["calibrate", "spread", "no.ckpt", "--hr", str(fine), "--days", DAY, "--pairs", "5:2"]) == 2
    assert "no.ckpt is not there" in capsys.readouterr().err
