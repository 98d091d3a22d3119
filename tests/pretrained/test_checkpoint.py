"""From an inference checkpoint to the two files. tests/documents exports one of a real training."""

import numpy as np
import pytest
import torch

from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.models.export import read_model
from anemoi_scaleadapt.pretrained import load
from anemoi_scaleadapt.pretrained.checkpoint import describe_training, export

DATA = {"licence": "CC BY 4.0", "attribution": "Weather service", "description": "hourly rain"}


def test_the_command_writes_the_weights_and_where_they_come_from(checkpoint, tmp_path, capsys):
    path, model = checkpoint(**DATA)
    assert main(["export", str(path), "--to", str(tmp_path / "out"), "--note", "18 May is for tests"]) == 0
    told = read_model(tmp_path / "out")
    assert told["data"] == DATA and told["note"] == "18 May is for tests"
    assert told["days"] == {
        "training": ["2018-05-10T01:00:00", "2018-05-17T00:00:00"],
        "validation": ["90%", "2018-05-21T00:00:00"],
        "dataset": ["2018-05-10T01:00:00", "2018-05-21T00:00:00"],
    }
    assert (told["steps"], told["run"], told["licence"]) == (600, "abc", "Apache-2.0")
    loaded, want = load(tmp_path / "out").state_dict(), model.state_dict()
    assert loaded.keys() == want.keys()
    for name, value in want.items():
        np.testing.assert_allclose(loaded[name], value, rtol=2**-11, atol=2**-25, err_msg=name)
    assert "600 steps" in capsys.readouterr().out and str(tmp_path) not in (tmp_path / "out/model.json").read_text()


def test_licence_and_attribution_can_be_told_and_must_be_known(checkpoint, tmp_path):
    path, _ = checkpoint(licence="unknown", attribution="Weather service")
    with pytest.raises(ScaleAdaptError, match="name no licence; say it with --licence"):
        export(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert export(path, tmp_path / "out", licence="CC0")["data"]["licence"] == "CC0"


def test_all_datasets_of_a_training_are_named():
    attrs = [{"licence": "A", "attribution": "one"}, {"licence": "A", "attribution": "two"}]
    described = describe_training({"dataset": {"hr": {"join": [{"attrs": a} for a in attrs]}}}, "hr")
    assert described["data"] == {"description": None, "licence": "A", "attribution": "one | two"}
    assert described["days"] == {part: [None, None] for part in ("training", "validation", "dataset")}


def test_a_model_with_static_fields_is_refused(checkpoint, tmp_path):
    path, _ = checkpoint(statics=("orography",), **DATA)
    with pytest.raises(ScaleAdaptError, match=r"static fields \(orography\)"):
        export(path, tmp_path / "out")


def test_another_model_is_refused(checkpoint, tmp_path):
    from anemoi.utils.checkpoints import save_metadata

    other = tmp_path / "other.ckpt"
    torch.save(torch.nn.ModuleDict({"model": torch.nn.Linear(1, 1)}), other)
    save_metadata(str(other), {"version": "2.0"})
    with pytest.raises(ScaleAdaptError, match=r"other.ckpt holds Linear, not a model of anemoi-scaleadapt"):
        export(other, tmp_path / "out")


def test_inspect_tells_pairs_licence_and_days(checkpoint, tmp_path, capsys):
    path, _ = checkpoint(licence="CC BY 4.0", attribution="me")
    assert main(["inspect", "any"]) == 0
    said = capsys.readouterr().out
    assert (
        "s = 1 to 25" in said and "RADOLAN RW" in said and "2019-07-25T00:00 to 2019-08-06" in said and "Scored" in said
    )
    assert main(["export", str(path), "--to", str(tmp_path / "mine")]) == 0
    assert main(["inspect", str(tmp_path / "mine")]) == 0
    said = capsys.readouterr().out
    assert "(5, 3) alone" in said and "CC BY 4.0" in said and "2018-05-17" in said
    assert main(["inspect", str(tmp_path / "mine" / "model.json")]) == 2
    assert "no inference checkpoint" in capsys.readouterr().err
