import datetime as dt

import pytest
import yaml

from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.datasets.comephore.grid import StereGrid
from support import synthetic


@pytest.fixture
def tars(tmp_path):
    synthetic.write_months(tmp_path / "tars", StereGrid().crop(700, 600, 40, 60), dt.datetime(2019, 1, 31, 13), 24)
    return tmp_path / "tars"


def test_the_recipes_of_a_pair_are_written_and_their_commands_printed(tars, tmp_path, capsys):
    made = tmp_path / "recipes"
    command = ["datasets", "20", "--rain", str(tars), "--to", str(made)]
    assert main([*command, "--start", "2019-01-31T13", "--end", "2019-02-01", "--train-end", "2019-01-31"]) == 0
    assert sorted(p.name for p in made.iterdir()) == ["comephore-1km.yaml", "comephore-20km.yaml"]
    assert f"anemoi-datasets create {made}/comephore-20km.yaml scaleadapt-rain-comephore-20km-2019-2019-1h-v1.zarr" in (
        capsys.readouterr().out
    )
    recipe = yaml.safe_load((made / "comephore-20km.yaml").read_text(encoding="utf-8"))
    assert recipe["statistics"]["end"] == "2019-02-01T00:00:00"
    assert recipe["input"]["pipe"][1] == {"coarsen": {"factor": 20}}
    assert "Météo-France" in recipe["attribution"]


def test_bad_input_ends_with_one_line_and_status_2(tars, capsys):
    assert main(["datasets", "20", "--rain", str(tars), "--start", "2019-13", "--end", "2019"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
