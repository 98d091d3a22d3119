"""`anemoi-scaleadapt demo`, as after `pip install`."""

import re

import numpy as np
import pytest
import xarray as xr

from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.pretrained.sample import load_sample, start_of


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Folder of a demo of (25, 6), and its members."""
    folder = tmp_path_factory.mktemp("demo") / "out"
    assert main(["demo", "--space", "25", "--time", "6", "--to", str(folder), "--members", "2", "--seed", "3"]) == 0
    with xr.open_dataset(folder / "members.nc", engine="netcdf4") as data:
        return folder, data.load()


def test_it_leaves_a_picture_and_members_with_exact_totals_and_the_source_of_the_rain(drawn):
    folder, data = drawn
    assert {p.name for p in folder.iterdir()} == {"rain.png", "members.nc"}
    assert (folder / "rain.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    sample = load_sample().cut(25)
    assert data.rain.dims == ("member", "time", "y", "x") and data.rain.shape == (2, 12, 150, 150)
    assert data.time.values[0] == start_of(sample) + np.timedelta64(1, "h") and data.rain.units == "mm h-1"
    assert "Deutscher Wetterdienst" in data.attribution and "25 km and 6 h" in data.attribution
    assert data.scaleadapt_seed == 3
    frames, before, after = sample.frames(25, 6)
    cells = data.rain.values.astype("f8").reshape(2, 2, 6, 6, 25, 6, 25).mean(axis=(2, 4, 6))
    np.testing.assert_allclose(cells, np.stack([frames[before : len(frames) - after]] * 2), rtol=1e-4, atol=1e-6)


def test_it_scores_them_beside_the_baselines(tmp_path, capsys):
    assert main(["demo", "--space", "1", "--time", "5", "--to", str(tmp_path / "out"), "--members", "2"]) == 0
    printed = capsys.readouterr().out
    crps = {m[1]: float(m[2]) for m in re.finditer(r"(?m)^\| (\w+) +\| +([\d.]+) ", printed)}
    assert list(crps) == ["scaleadapt", "mean", "bicubic", "rainfarm_ar1", "steps"]  # RainFARM alone needs s > 1
    assert "10 hours are no verification" in printed and "Deutscher Wetterdienst" in printed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--members", "1"], "--members 1"),
        ([], "file cannot be made"),
        (["--space", "26"], "scale.space = 26"),
        (["--space", "1", "--time", "1"], "(1, 1)"),
    ],
)
def test_bad_input_is_status_2(words, message, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["demo", "--to", str(tmp_path / "file"), *words]) == 2
    assert message in capsys.readouterr().err
