"""The whole road with a small network: a file as services have it in, members out."""

import datetime

import numpy as np
import pytest
import xarray as xr

import anemoi_scaleadapt
from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.inference.draw import draw_members, draw_stretch
from anemoi_scaleadapt.pretrained import load
from anemoi_scaleadapt.rain.members import MembersFile
from support.coarse import GRID, WHERE


def test_command_and_function_draw_the_same_members_with_exact_totals(flux, weights, tmp_path, capsys):
    to, blocks = tmp_path / "m.nc", tmp_path / "b.nc"
    options = ["--weights", str(weights), "--members", "2", "--seed", "3", "--device", "cpu"]
    assert main(["downscale", flux, *GRID, *options, "--to", str(to), "--coarse-to", str(blocks)]) == 0
    assert "4 members, 24 hours, 50 x 50 pixels" in capsys.readouterr().out
    with xr.open_dataset(to) as written, xr.open_dataset(blocks) as coarse:
        rain = written.rain.values.astype("f8")
        assert rain.shape == (4, 24, 50, 50) and written.attrs["scaleadapt_time_factor"] == 6
        assert "crs" in written and written.attrs["scaleadapt_members_per_realization"] == 2
        means = rain.reshape(2, 2, 4, 6, 2, 25, 2, 25).mean((3, 5, 7))
        np.testing.assert_allclose(means[:, 0], coarse.rain.values, rtol=1e-5)  # each member of the input its own
        np.testing.assert_allclose(means[:, 1], coarse.rain.values, rtol=1e-5)
        assert str(written.time.values[6])[:13] == "2020-01-01T13"  # after the gap
    drawn = anemoi_scaleadapt.downscale(flux, weights=weights, members=2, seed=3, **WHERE)
    np.testing.assert_array_equal(drawn.rain.values.reshape(rain.shape), rain.astype("f4"))


def test_a_command_that_is_killed_goes_on_where_it_was(flux, weights, tmp_path, monkeypatch, capsys):
    """The second of six stretches is the last one whose end is noted; the third is drawn when the power goes."""
    options = ["--weights", str(weights), "--members", "2", "--hours-at-once", "6", "--device", "cpu"]
    command = ["downscale", flux, *GRID, *options, "--start", "2020-01-01T18", "--resume", "--to"]
    assert main([*command, str(tmp_path / "whole.nc")]) == 0
    marked, drawn, mark = [], [], MembersFile.mark

    def cut(file, hours):
        if len(marked) == 2:
            raise KeyboardInterrupt
        marked.append(hours)
        mark(file, hours)

    def counted(*args, **how):
        drawn.append(1)
        return draw_stretch(*args, **how)

    monkeypatch.setattr(MembersFile, "mark", cut)
    assert main([*command, str(tmp_path / "m.nc")]) == 130
    assert marked == [6, 12] and not (tmp_path / "m.nc").exists()
    monkeypatch.setattr(MembersFile, "mark", mark)
    monkeypatch.setattr("anemoi_scaleadapt.inference.draw.draw_stretch", counted)
    assert main([*command[:-2], "--seed", "1", "--resume", "--to", str(tmp_path / "m.nc")]) == 2
    assert "was begun by another run (scaleadapt_seed: 0, now 1)" in " ".join(capsys.readouterr().err.split())
    assert main([*command, str(tmp_path / "m.nc")]) == 0 and len(drawn) == 4
    with xr.open_dataset(tmp_path / "whole.nc") as whole, xr.open_dataset(tmp_path / "m.nc") as again:
        assert whole.sizes["time"] == 18 and whole.sizes["member"] == 4
        xr.testing.assert_identical(whole.drop_attrs(), again.drop_attrs())
        assert whole.attrs["scaleadapt_run"] == again.attrs["scaleadapt_run"]
    assert main([*command, str(tmp_path / "m.nc")]) == 0 and len(drawn) == 4  # it is there
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".m.nc")]


def test_weights_that_are_none_are_one_line(flux, tmp_path, capsys):
    assert main(["downscale", flux, *GRID, "--weights", "nothing", "--to", str(tmp_path / "m.nc")]) == 2
    assert "nothing" in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "m.nc").exists()


def test_arrays_are_cleaned_as_files_are(weights, caplog):
    model, frames = load(weights), np.ones((1, 3, 3), "f4")
    frames[0, 0] = np.inf, -9999, 4000
    frames[0, 1, 0] = -1e-6
    start, pair = datetime.datetime(2020, 1, 1), {"space": 5, "time": 2}
    drawn, _ = draw_members(model, frames, start, pair, members=1)
    assert np.isnan(drawn[..., :5, :]).all() and np.isfinite(drawn[..., 5:, :]).all()
    assert (drawn[..., 5:10, :5] == 0).all() and "count as missing" in caplog.text
    with pytest.raises(ScaleAdaptError, match=r"coarse: 9 of 9 cells have negative rain, down to -0\.3"):
        draw_members(model, np.full((1, 3, 3), -0.3), start, pair, members=1)
