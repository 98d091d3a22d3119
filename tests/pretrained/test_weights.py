"""A model as two files: what comes back is what went in, and nothing else is taken for one."""

import datetime
import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.models.downscaler import Downscaler
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.models.transform import RainTransform
from anemoi_scaleadapt.pretrained import draw_members, load, save
from anemoi_scaleadapt.pretrained.sample import load_sample
from anemoi_scaleadapt.pretrained.weights import find, read_model
from anemoi_scaleadapt.scale import resolve

START = datetime.datetime(2020, 1, 1)


def test_members_are_those_of_the_model_with_rounded_weights(small, frames, tmp_path):
    save(small, tmp_path / "model", {})
    loaded = load(tmp_path / "model")
    with torch.no_grad():
        for parameter in small.parameters():
            parameter.copy_(parameter.half().float())
    for got, want in zip(draw_members(loaded, frames, START), draw_members(small, frames, START), strict=True):
        np.testing.assert_array_equal(got, want)
        assert got.max() > 1
    assert {p.dtype for p in loaded.parameters()} == {torch.float32} and not loaded.training


def test_settings_and_the_deviation_of_the_residual_come_back_unrounded(small, tmp_path):
    save(small, tmp_path, {"note": "Grüße"})
    loaded = load(tmp_path)
    assert (loaded.scale, loaded.network, loaded.sampler) == (small.scale, small.network, small.sampler)
    settings = ("transform", "detach_mean", "amplitude", "tile")
    assert all(getattr(loaded, key) == getattr(small, key) for key in settings)
    assert loaded.residual_std.tolist() == torch.tensor([0.3, 0.7, 1.1]).tolist()
    assert read_model(tmp_path)["note"] == "Grüße"
    assert {p.name for p in tmp_path.iterdir()} == {"weights.safetensors", "model.json"}


def test_the_networks_of_the_package_fit_into_5_megabytes(tmp_path):
    scale = resolve({"space": 10, "time": 3})
    save(Downscaler(scale, NetworkSettings(), SamplerSettings(), RainTransform(name="sqrt", unit=0.2)), tmp_path, {})
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) < 5e6


def test_what_ships_is_small_and_tells_its_origin():
    folder = find("s10t3")
    assert sum(p.stat().st_size for p in folder.iterdir()) < 5e6
    told = read_model(folder)
    assert told["licence"] == "Apache-2.0" and told["steps"] > 0
    assert "CC BY 4.0" in told["data"]["licence"] and "Deutscher Wetterdienst" in told["data"]["attribution"]
    model = load("s10t3")
    assert (model.scale.space, model.scale.time) == (10, 3)
    assert sum(p.numel() for p in model.parameters()) == told["parameters"]


def test_what_ships_has_never_seen_the_sample():
    first, days = load_sample().times[0], read_model(find("s10t3"))["days"]
    for start, end in (days["training"], days["validation"]):
        assert np.datetime64(start) < np.datetime64(end) < first


def test_sampling_needs_neither_datasets_nor_configs(tmp_path):
    code = """
import datetime, sys
import numpy as np
from anemoi_scaleadapt.pretrained import draw_members, load
frames = np.ones((5, 2, 2), "f4")
members, mean = draw_members(load(), frames, datetime.datetime(2020, 1, 1), members=2)
assert members.shape == (2, 3, 20, 20) and abs(members.mean() - 1) < 1e-5
heavy = {"anemoi.training", "anemoi.datasets", "anemoi.inference", "hydra", "pytorch_lightning"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def change(folder, **keys):
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | keys))


def cut_weights(folder):
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1])


def drop_scale(folder):
    told = json.loads((folder / "model.json").read_text())
    del told["scale"]
    (folder / "model.json").write_text(json.dumps(told))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "model.json").unlink(), "no model.json there.*s10t3.*export"),
        (lambda f: (f / "model.json").write_text("{"), "model.json cannot be read as JSON"),
        (lambda f: (f / "model.json").write_text("[1]"), "format None"),
        (lambda f: change(f, format=2), "model.json has format 2; .* reads format 1"),
        (drop_scale, "lacks scale"),
        (lambda f: (f / "weights.safetensors").unlink(), "weights.safetensors cannot be read.*copy both"),
        (cut_weights, "weights.safetensors has sha256 .* do not belong together"),
        (lambda f: change(f, package="anemoi-scaleadapt 9", network={"loops": 3}), "by anemoi-scaleadapt 9.*loops"),
        (lambda f: change(f, network={}), "whose networks have other weights"),
        (lambda f: change(f, transform={"name": "cube", "unit": 1.0}), "does not take its settings.*cube"),
    ],
)
def test_a_damaged_or_foreign_folder_is_one_clear_error(small, tmp_path, damage, message):
    save(small, tmp_path, {})
    damage(tmp_path)
    with pytest.raises(ScaleAdaptError, match=f"(?s){message}") as error:
        load(tmp_path)
    assert str(tmp_path) in str(error.value)


def test_an_unknown_name_tells_the_known_ones():
    with pytest.raises(ScaleAdaptError, match=r"s10t4: no model.json there, and no model that ships \(s10t3\)"):
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
