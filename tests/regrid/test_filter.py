import earthkit.data as ekd
import numpy as np
import pytest

from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.regrid.blocks import Blocks
from anemoi_scaleadapt.regrid.cache import cached_weights, folder
from anemoi_scaleadapt.regrid.cells import of_grid
from anemoi_scaleadapt.regrid.filter import BlocksFilter
from anemoi_scaleadapt.regrid.grid import Grid
from anemoi_scaleadapt.regrid.weights import Weights


def test_command_and_filter_from_grib_to_blocks(tmp_path, grib, capsys):
    path, to = grib("regular"), tmp_path / "w.npz"
    options = ["--grid", "EPSG:2154", "--resolution", "2000", "--box", "0,45,3,47", "--to", str(to)]
    assert main(["weights", path, *options]) == 0
    said = capsys.readouterr().out
    assert "s           25" in said and "100.0% of the blocks" in said
    weights = Weights.load(to)
    (out,) = BlocksFilter(weights=str(to)).forward(ekd.from_source("file", path))
    assert out.shape == weights.shape and out.metadata("param") == "t"  # of eccodes' sample
    field = ekd.from_source("file", path)[0]
    np.testing.assert_array_equal(out.to_numpy(), weights.apply(field.to_numpy()))
    with pytest.raises(ScaleAdaptError, match=r"blocks\.weigths is not a setting; did you mean blocks\.weights"):
        BlocksFilter(weigths=str(to))
    with pytest.raises(ScaleAdaptError, match="from 40"):
        BlocksFilter(weights=str(to)).forward(ekd.from_source("file", grib("south first")))


def test_the_command_answers_bad_input_with_one_line(tmp_path, grib, capsys):
    path = grib("regular")
    grid = ["--grid", "EPSG:2154", "--resolution", "2000", "--box", "0,45,3,47"]
    for options, words in (
        ([*grid, "--to", str(tmp_path / "w.nc")], ".npz"),
        ([*grid, "--to", str(tmp_path / "w.npz"), "--space-factor", "500"], "smaller"),
        (["--grid", "no.nc", "--to", str(tmp_path / "w.npz")], "no such file"),
    ):
        assert main(["weights", path, *options]) == 2
        assert words in capsys.readouterr().err
    assert not list(tmp_path.glob("*w.n*"))


def test_weights_are_made_once_and_a_cache_that_is_none_does_no_harm(tmp_path, monkeypatch):
    grid = Grid.on_axes("f", 700_500 + 1000.0 * np.arange(8), 6_600_500 - 1000.0 * np.arange(8), "EPSG:2154")
    fine = Blocks.of(grid, 4)
    coarse = of_grid(Grid.on_axes("c", 701_000 + 2000.0 * np.arange(4), 6_600_000 - 2000.0 * np.arange(4), "EPSG:2154"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = cached_weights(coarse, fine)
    (file,) = folder().iterdir()
    monkeypatch.setattr("anemoi_scaleadapt.regrid.cache.make_weights", lambda *_: pytest.fail("made again"))
    again = cached_weights(coarse, fine)
    np.testing.assert_array_equal(first.matrix.toarray(), again.matrix.toarray())
    monkeypatch.undo()
    file.write_bytes(b"broken")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cached_weights(coarse, fine).share == 1
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    assert cached_weights(coarse, fine).share == 1
