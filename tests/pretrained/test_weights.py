"""A model as two files: what comes back is what went in, and nothing else is taken for one."""

import datetime
import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.inference.draw import draw_members
from anemoi_scaleadapt.models.anemoi import RainModel
from anemoi_scaleadapt.models.export import find, read_model
from anemoi_scaleadapt.pretrained import load, save
from anemoi_scaleadapt.pretrained.sample import load_sample

START = datetime.datetime(2020, 1, 1)
PAIR = {"space": 5, "time": 3}


def test_members_are_those_of_the_model_with_rounded_weights(small, frames, tmp_path):
    save(small, tmp_path / "model", {})
    loaded = load(tmp_path / "model")
    with torch.no_grad():
        for parameter in small.parameters():
            parameter.copy_(parameter.half().float())
    drawn = (draw_members(model, frames, START, PAIR, members=2, before=1, after=1) for model in (loaded, small))
    for got, want in zip(*drawn, strict=True):
        np.testing.assert_array_equal(got, want)
        assert got.max() > 1
    assert {p.dtype for p in loaded.parameters()} == {torch.float32} and not loaded.training


def test_settings_and_the_deviation_of_the_residual_come_back_unrounded(small, tmp_path):
    save(small, tmp_path, {"note": "Grüße"})
    loaded = load(tmp_path)
    assert loaded.settings == small.settings and loaded.pairs == small.pairs
    assert torch.equal(loaded.downscaler.spread.variance, torch.full((6, 6, 8), 0.3))
    assert read_model(tmp_path)["note"] == "Grüße"
    assert {p.name for p in tmp_path.iterdir()} == {"weights.safetensors", "model.json"}


def test_what_ships_is_small_and_tells_its_origin():
    folder = find("any")
    assert sum(p.stat().st_size for p in folder.iterdir()) < 12e6
    told = read_model(folder)
    assert told["licence"] == "Apache-2.0" and told["steps"] > 0
    assert "CC BY 4.0" in told["data"]["licence"] and "Deutscher Wetterdienst" in told["data"]["attribution"]
    model = load("any")
    assert len(model.pairs.all) == 149
    assert sum(p.numel() for p in model.parameters()) == told["parameters"]


def test_what_ships_has_never_seen_the_sample():
    year, days = load_sample().times[0].astype("M8[Y]"), read_model(find("any"))["days"]
    assert all(np.datetime64(day).astype("M8[Y]") != year for part in ("training", "validation") for day in days[part])


def test_a_pair_that_was_not_trained_is_refused_unless_allowed(settings, frames):
    model = RainModel({**settings, "pairs": {"only": [[5, 2]]}})
    with pytest.raises(ScaleAdaptError, match=r"\(5, 3\): the networks have learnt \(5, 2\)"):
        draw_members(model, frames, START, PAIR)
    members, _ = draw_members(model, frames, START, PAIR, members=1, allow_untrained=True)
    assert members.shape == (1, 12, 20, 25)


def test_sampling_needs_neither_datasets_nor_training(tmp_path):
    code = """
import datetime, sys
import numpy as np
from anemoi_scaleadapt.inference.draw import draw_members
from anemoi_scaleadapt.pretrained import load
frames = np.ones((3, 2, 2), "f4")
pair = {"space": 10, "time": 3}
members, mean = draw_members(load(), frames, datetime.datetime(2020, 1, 1), pair, members=2, before=1, after=1)
assert members.shape == (2, 3, 20, 20) and abs(members.mean() - 1) < 1e-5
heavy = {"anemoi.training", "anemoi.datasets", "anemoi.inference", "hydra", "pytorch_lightning"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def replace_weights(folder, content):
    (folder / "weights.safetensors").write_bytes(content)
    change(folder, sha256=hashlib.sha256(content).hexdigest())


def pickled(folder):
    torch.save({"weight": torch.ones(3)}, folder / "other")
    content = (folder / "other").read_bytes()
    (folder / "other").unlink()
    replace_weights(folder, content)


def not_finite(folder):
    from safetensors.torch import load as read
    from safetensors.torch import save as to_bytes

    tensors = read((folder / "weights.safetensors").read_bytes())
    tensors[next(name for name in tensors if name.endswith("weight"))].fill_(float("nan"))
    replace_weights(folder, to_bytes(tensors))


def settle(folder, **keys):
    told = json.loads((folder / "model.json").read_text())
    change(folder, settings=told["settings"] | keys)


def change(folder, **keys):
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | keys))


def cut_weights(folder):
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


def drop_settings(folder):
    told = json.loads((folder / "model.json").read_text())
    del told["settings"]
    (folder / "model.json").write_text(json.dumps(told))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "model.json").unlink(), "no model.json there.*any.*export"),
        (lambda f: (f / "model.json").write_text("{"), "model.json cannot be read as JSON"),
        (lambda f: (f / "model.json").write_text("[1]"), "format None"),
        (lambda f: change(f, format=1), "model.json has format 1; .* reads format 3"),
        (drop_settings, "lacks settings"),
        (lambda f: (f / "weights.safetensors").unlink(), "weights.safetensors cannot be read.*copy both"),
        (cut_weights, "weights.safetensors has sha256 .* do not belong together"),
        (pickled, "is no safetensors file"),
        (not_finite, "weights that are not finite"),
        (lambda f: settle(f, network={"loops": 3}), "does not take its settings.*loops"),
        (lambda f: settle(f, network={}), "whose networks have other weights"),
        (lambda f: settle(f, transform="cube"), "does not take its settings.*cube"),
    ],
)
def test_a_damaged_or_foreign_folder_is_one_clear_error(small, tmp_path, damage, message):
    save(small, tmp_path, {})
    damage(tmp_path)
    with pytest.raises(ScaleAdaptError, match=f"(?s){message}") as error:
        load(tmp_path)
    assert str(tmp_path) in str(error.value)


def test_an_unknown_name_tells_the_known_ones():
    with pytest.raises(ScaleAdaptError, match=r"s10t4: no model.json there, and no model that ships \(any\)"):
        load("s10t4")


def test_a_failed_training_is_not_saved(small, tmp_path):
    with torch.no_grad():
        next(small.parameters())[0, 0, 0, 0] = 70000.0  # more than float16 holds
    with pytest.raises(ScaleAdaptError, match="not finite in float16"):
        save(small, tmp_path / "model", {})
    assert not (tmp_path / "model").exists()


def test_a_folder_that_cannot_be_made_is_named(small, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ScaleAdaptError, match=r"file.* cannot be written"):
        save(small, tmp_path / "file", {})
