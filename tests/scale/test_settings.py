import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.scale import Conservation, Scale, recipe, resolve

PAIR = {"space": 10, "time": 3}


def test_null_means_the_recipe_and_every_value_can_be_set_alone():
    usual = recipe(10, 3)
    assert resolve({**PAIR, "beta": None, "conservation": None}) == usual
    for key, value in {"beta": 0.03, "context_length": 7, "lookahead": 0}.items():
        changed = resolve({**PAIR, key: value}).as_dict()
        assert changed.pop(key) == value
        assert changed == {k: v for k, v in usual.as_dict().items() if k != key}
    for key, value in {"function": "tapered", "threshold": 0.2, "power": 2.0, "max_gain": 3.0}.items():
        changed = resolve({**PAIR, "conservation": {key: value, "scope": None}})
        assert changed.conservation == Conservation(**{key: value})


def test_a_context_of_one_frame_has_no_room_for_a_look_ahead():
    assert resolve({**PAIR, "context_length": 1}).frame_ends == (0,)
    assert resolve({**PAIR, "context_length": 2}).frame_ends == (0, 1)


def test_frames_by_hand():
    assert Scale(10, 3, 0.02, context_length=5, lookahead=1).frame_ends == (-3, -2, -1, 0, 1)
    assert Scale(10, 3, 0.02, context_length=5, lookahead=0).frame_ends == (-4, -3, -2, -1, 0)
    assert Scale(10, 3, 0.02, context_length=5).horizon_hours == 15


@pytest.mark.parametrize(("beta", "sigma"), [(0.010, 12.6), (0.015, 44), (0.020, 157), (0.035, 7182)])
def test_largest_noise_level_of_the_papers_schedules(beta, sigma):
    assert Scale(1, 1, beta, 1).sigma_max == pytest.approx(sigma, rel=0.01)


@given(st.floats(1.001e-4, 0.999))
def test_largest_noise_level_is_finite_and_grows_with_beta(beta):
    assert 0 < Scale(1, 1, beta, 1).sigma_max < math.inf
    assert Scale(1, 1, min(beta * 1.01, 0.9999), 1).sigma_max > Scale(1, 1, beta, 1).sigma_max


@given(st.integers(1, 25), st.integers(1, 6), st.floats(0.001, 0.5), st.integers(1, 48))
def test_as_dict_reads_back(space, time, beta, length):
    scale = resolve({"space": space, "time": time, "beta": beta, "context_length": length})
    assert resolve(scale.as_dict()) == scale


def test_reads_a_hydra_node_with_interpolations():
    values = {**PAIR, "beta": "${beta}", "conservation": {"power": None}}
    cfg = OmegaConf.create({"beta": 0.05, "scale": values})
    assert resolve(cfg.scale) == resolve({**PAIR, "beta": 0.05})


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"space": 0}, r"scale\.space = 0: .*1 to 25"),
        ({"space": 2.5}, r"scale\.space = 2\.5: .*1 to 25"),
        ({"space": True}, r"scale\.space = True: .*1 to 25"),
        ({"space": 26}, r"scale\.space = 26: .*1 to 25"),
        ({"space": "10"}, r"scale\.space = '10': .*1 to 25"),
        ({"space": None}, r"scale\.space is missing"),
        ({"time": 7}, r"scale\.time = 7: .*1 to 6"),
        ({"beta": 3}, r"scale\.beta = 3: .*\(0\.0001, 1\)"),
        ({"beta": 1e-4}, r"scale\.beta = 0\.0001: .*\(0\.0001, 1\)"),
        ({"beta": math.nan}, r"scale\.beta = nan: .*\(0\.0001, 1\)"),
        ({"beta": "large"}, r"scale\.beta = 'large': .*\(0\.0001, 1\)"),
        ({"context_length": 0}, r"scale\.context_length = 0: .*1 to 48"),
        ({"context_length": 49}, r"scale\.context_length = 49: .*1 to 48"),
        ({"context_length": "five"}, r"scale\.context_length = 'five': .*1 to 48"),
        ({"lookahead": 5}, r"scale\.lookahead = 5: .*L = 5.*0 to 4"),
        ({"lookahead": -1}, r"scale\.lookahead = -1: .*0 to 4"),
        ({"Beta": 0.02}, r"scale\.Beta: unknown key.*space, time, beta"),
        ({"conservation": "cell"}, r"scale\.conservation = 'cell': .*mapping.*function"),
        ({"conservation": {"f": "identity"}}, r"scale\.conservation\.f: unknown key.*function, threshold"),
        ({"conservation": {"function": "sqrt"}}, r"conservation\.function = 'sqrt': .*identity, power"),
        ({"conservation": {"function": ["identity"]}}, r"conservation\.function = \['identity'\]: choose"),
        ({"conservation": {"scope": "tile"}}, r"conservation\.scope = 'tile': .*cell, window"),
        ({"conservation": {"threshold": -0.1}}, r"conservation\.threshold = -0\.1: .*mm/h.*\[0, 50\)"),
        ({"conservation": {"power": 0}}, r"conservation\.power = 0: .*\(0, 10\)"),
        ({"conservation": {"max_gain": 0.5}}, r"conservation\.max_gain = 0\.5: .*\[1, "),
        ({"conservation": {"smooth": "no"}}, r"conservation\.smooth = 'no': .*true or false"),
        ({"conservation": {"smooth": True, "scope": "window"}}, r"\.smooth = true: .*smooth: false"),
    ],
)
def test_bad_input_names_the_key_and_the_range(given_, message):
    with pytest.raises(ScaleAdaptError, match=message):
        resolve({**PAIR, **given_})


def test_the_scale_itself_must_be_a_mapping():
    with pytest.raises(ScaleAdaptError, match=r"scale = 10: must be a mapping"):
        resolve(10)
