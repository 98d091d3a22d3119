"""`anemoi-scaleadapt demo`, as after `pip install`."""

import re

import numpy as np
import pytest
import xarray as xr

from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.pretrained.sample import load_sample


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def members(folder):
    assert main(["demo", "--to", str(folder / "out"), "--members", "4", "--seed", "3"]) == 0
    with xr.open_dataset(folder / "out" / "members.nc", engine="netcdf4") as data:
        return data.load()


def test_it_leaves_a_picture_and_members_with_exact_totals_and_the_source_of_the_rain(members, folder):
    assert {p.name for p in (folder / "out").iterdir()} == {"rain.png", "members.nc"}
    assert (folder / "out" / "rain.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    sample = load_sample()
    assert members.rain.dims == ("member", "time", "y", "x") and members.rain.shape == (4, 3, 170, 170)
    assert (members.time.values == sample.window).all() and members.rain.units == "mm h-1"
    assert "Deutscher Wetterdienst" in members.attribution and "CC BY 4.0" in members.licence
    assert members.scaleadapt_seed == 3
    np.testing.assert_array_equal(members.latitude, sample.latitude)
    want = sample.coarse[np.isin(sample.times, sample.window)].mean(axis=0)
    cells = members.rain.values.astype("f8").reshape(4, 3, 17, 10, 17, 10).mean(axis=(1, 3, 5))
    np.testing.assert_allclose(cells, np.stack([want] * 4), rtol=1e-5, atol=0)


def test_the_weights_that_ship_beat_the_baselines_on_the_sample_and_the_text_asks_for_more(folder, capsys):
    assert main(["demo", "--to", str(folder / "again")]) == 0
    printed = capsys.readouterr().out
    crps = {m[1]: float(m[2]) for m in re.finditer(r"(?m)^\| (\w+) +\| +([\d.]+) ", printed)}
    assert list(crps) == ["scaleadapt", "mean", "bicubic", "rainfarm", "rainfarm_ar1"]
    assert crps["scaleadapt"] < min(value for name, value in crps.items() if name != "scaleadapt")
    assert "One window of three hours is no verification" in printed and "Deutscher Wetterdienst" in printed


def test_the_seed_chooses_the_ensemble_and_nothing_else_does(members, folder):
    for seed, same in (("3", True), ("4", False)):
        assert main(["demo", "--to", str(folder / seed), "--members", "2", "--seed", seed]) == 0
        with xr.open_dataset(folder / seed / "members.nc", engine="netcdf4") as data:
            assert np.allclose(data.rain, members.rain[:2], atol=1e-4) == same


def test_bad_input_is_status_2(folder, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for words, message in ((["--members", "1"], "--members 1"), ([], "file cannot be made")):
        assert main(["demo", "--to", str(tmp_path / "file"), *words]) == 2
        assert message in capsys.readouterr().err
