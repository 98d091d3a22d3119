"""The model as anemoi has it: built from a plain dict, asked for a pair, refusing what it does not know."""

import datetime
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from omegaconf import OmegaConf

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.models.anemoi import RainModel, ScaleAdaptModel
from anemoi_scaleadapt.scale import recipe

START = datetime.datetime(2020, 1, 1)
STATICS = {"hill": {"mean": 300.0, "stdev": 200.0}}


@pytest.fixture
def settings(tiny_network):
    """``settings(**changes)``: what ``model.model`` says, as plain values, of a model of many pairs."""

    def make(**changes):
        told = {
            "lr": "lr", "hr": "hr", "variable": "rain", "scale": None, "pairs": {}, "unit": 0.2, "transform": "sqrt",
            "detach_mean": False, "amplitude": 0.75, "network": tiny_network, "sampler": {"steps": 2}, "tile": 512,
            "statics": {},
        }  # fmt: skip
        return told | changes

    return make


def fresh(settings):
    """A model with weights at random, heads included."""
    torch.manual_seed(0)
    model = RainModel(settings).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5 / max(1, parameter[0].numel()) ** 0.5)
    return model


def batch(hours=6, statics=False):
    """Coarse rain of 3 x 4 cells on the hourly axis as anemoi's runner gives it, and a static field for s = 5."""
    torch.manual_seed(1)
    rain = {"lr": (2 * torch.rand(1, hours + 12, 12, 1) - 0.5).clamp(min=0)}
    return rain | ({"hr": 300 + 200 * torch.randn(1, 1, 300, 1)} if statics else {})


def rebuild(settings, state):
    model = RainModel(settings)
    model.load_state_dict(state)
    return model.eval()


def predict(model, given, **more):
    return model.predict_step(given, **{"shape": (3, 4), "date": START, "scale": {"space": 5, "time": 3}} | more)


def test_a_plain_dict_and_a_state_dict_give_the_same_members(settings):
    model, given = fresh(settings(statics=STATICS)), batch(statics=True)
    drawn = predict(model, given, members=3, with_mean=True)
    assert drawn["hr"].shape == (1, 6, 3, 300, 1) and drawn["hr_mean"].shape == (1, 6, 1, 300, 1)
    again = predict(rebuild(model.settings, model.state_dict()), given, members=3, with_mean=True)
    assert all(torch.equal(again[key], value) for key, value in drawn.items())
    last = predict(model, given, members=1, first_member=2)["hr"]
    assert torch.equal(last, drawn["hr"][:, :, 2:])


def test_anemois_constructor_takes_a_resolved_dict_as_well_as_hydras(settings):
    told = settings() | {"_target_": "anywhere", "unit": None}
    del told["statics"]
    index = SimpleNamespace(name_to_index={"hill": 0, "rain": 1}, forcing=["hill"])
    numbers = {"hr": {"mean": [300.0, 0.123], "stdev": [200.0, 0.5]}}
    config = {"model": {"model": told}}
    for given in (config, OmegaConf.create(config)):
        model = ScaleAdaptModel(
            model_config=given, data_indices={"hr": index}, statistics=numbers, graph_data=None, n_step_input=1,
            n_step_output=1,
        )  # fmt: skip
        assert model.static_names == ["hill"] and model.settings["statics"] == STATICS
        assert model.downscaler.transform.unit == pytest.approx(0.123)
        assert rebuild(model.settings, model.state_dict()).settings == model.settings


def test_static_fields_are_standardised_by_the_numbers_of_training(settings):
    model = RainModel(settings(statics=STATICS))
    assert model.standardise(torch.full((1, 1, 2, 2), 700.0)).unique().item() == 2
    assert model.standardise(None) is None
    flat = RainModel(settings(statics={"sea": {"mean": 1.0, "stdev": 0.0}}))
    assert flat.standardise(torch.ones(1, 1, 2, 2)).unique().item() == 0


def test_the_rain_unit_comes_with_the_weights_unless_one_is_asked_for(settings, caplog):
    learnt, own, asked = (RainModel(settings(unit=unit)) for unit in (0.3, 0.1, 0.2))
    asked.forced = 0.2
    with caplog.at_level("INFO"):
        own.load_state_dict(learnt.state_dict())
    assert own.downscaler.transform.unit == own.settings["unit"] == pytest.approx(0.3)
    assert "kept: 0.3 mm/h; here it is 0.1" in caplog.text
    asked.load_state_dict(learnt.state_dict())
    assert asked.downscaler.transform.unit == float(asked.unit) == pytest.approx(0.2)


def test_a_pair_must_be_named_and_trained(settings):
    model = fresh(settings(pairs={"space": [2, 8]}))
    with pytest.raises(ScaleAdaptError, match=r"name one, `scale:"):
        predict(model, batch(), scale=None)
    with pytest.raises(ScaleAdaptError, match=r"scale = \(10, 3\).* s = 2 to 8 .*allow_untrained: true"):
        predict(model, batch(), scale={"space": 10, "time": 3})
    allowed = predict(model, batch(), scale={"space": 10, "time": 3}, allow_untrained=True, members=1)
    assert allowed["hr"].shape == (1, 6, 1, 1200, 1)
    with pytest.raises(ScaleAdaptError, match=r"scale = \(30, 3\).*allow_untrained: true"):
        predict(model, batch(), scale={"space": 30, "time": 3})
    beyond = predict(model, batch(), scale={"space": 30, "time": 3}, allow_untrained=True, members=1)["hr"]
    assert beyond.shape == (1, 6, 1, 12 * 900, 1) and beyond.isfinite().all()
    for pair, key in (((101, 3), "space"), ((10, 7), "time")):
        with pytest.raises(ScaleAdaptError, match=f"scale.{key} = {pair[key == 'time']}"):
            predict(model, batch(), scale=dict(zip(("space", "time"), pair, strict=True)), allow_untrained=True)
    with pytest.raises(ScaleAdaptError, match=r"scale = \(1, 1\)"):
        predict(model, batch(), scale={"space": 1, "time": 1})


def test_a_specialist_keeps_its_own_beta_l_and_f(settings):
    told = {"space": 5, "time": 3, "beta": 0.03, "context_length": 3, "conservation": {"smooth": True}}
    model = fresh(settings(scale=told, pairs=None))
    own = model.find_scale(None)
    assert (own.beta, own.context_length, own.conservation.smooth) == (0.03, 3, True)
    asked = model.find_scale({"space": 5, "time": 3, "beta": 0.02, "conservation": {"inside_sampler": False}})
    assert (asked.beta, asked.context_length) == (0.02, 3)
    assert asked.conservation.smooth and not asked.conservation.inside_sampler
    assert model.find_scale({"space": 6, "time": 2}, allow_untrained=True) == recipe(6, 2)
    assert predict(model, batch(), scale=None, members=1)["hr"].shape == (1, 6, 1, 300, 1)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"sampler_steps": 3}, r"predict_kwargs\.sampler_steps is not a setting"),
        ({"sampler": {"step": 3}}, r"predict_kwargs\.sampler\.step"),
        ({"scale": {"space": 26, "time": 3}}, r"scale = \(26, 3\): the networks have learnt"),
        ({"shape": (3, 5)}, r"Coarse input is \(1, 18, 12, 1\)"),
        ({"scale": {"space": 5, "time": 4}}, "hours a multiple of t = 4"),
    ],
)
def test_what_nothing_reads_and_what_does_not_fit_is_refused(settings, more, words):
    with pytest.raises(ScaleAdaptError, match=words):
        predict(fresh(settings()), batch(), **more)


def test_what_anemois_interface_adds_is_let_pass(settings):
    model = fresh(settings())
    more = {"pre_processors": {}, "post_processors": {}, "n_step_input": 1, "model_comm_group": None, "members": 1}
    assert torch.equal(predict(model, batch(), **more)["hr"], predict(model, batch(), members=1)["hr"])


def test_static_input_of_another_size_is_refused(settings):
    model = fresh(settings(statics=STATICS))
    with pytest.raises(ScaleAdaptError, match="Static input is missing: the model takes hill"):
        predict(model, batch())
    given = batch(statics=True)
    with pytest.raises(ScaleAdaptError, match=r"Static input is \(1, 1, 299, 1\)"):
        predict(model, given | {"hr": given["hr"][:, :, 1:]})


def test_missing_rain_comes_back_missing_whatever_marks_it(settings):
    given = batch()
    given["lr"][:, :, 0] = torch.nan
    given["lr"][:, :, 1] = -1
    drawn = predict(fresh(settings()), given, members=1)["hr"].view(1, 6, 1, 15, 20)
    assert drawn[..., :5, :10].isnan().all() and torch.isfinite(drawn[..., 10:]).all()


@pytest.mark.parametrize("bad", [{"sclae": {}}, {"network": {"patches": 3}}, {"amplitude": 3}, {"transform": "log"}])
def test_unknown_and_wild_settings_name_their_key(settings, bad):
    with pytest.raises(ScaleAdaptError, match=rf"model\.model\.{next(iter(bad))}"):
        RainModel(settings(**bad))


ALONE = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        first = name.split(".")[0]
        if first in ("mlflow", "datashader", "pysteps", "hydra", "pytorch_lightning") or name[:15] == "anemoi.training":
            raise ImportError(name)
sys.meta_path.insert(0, Blocked())
import anemoi_scaleadapt.models.anemoi
import torch
print(len(sys.modules))
"""


def test_the_model_is_light_and_needs_no_training():
    # counted, not timed; torch alone is 900 modules
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 1500
