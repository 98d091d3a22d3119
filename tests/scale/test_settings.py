import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.scale import Conservation, Scale, recipe, resolve
from anemoi_scaleadapt.scale.settings import BETA_MAX

PAIR = {"space": 10, "time": 3}


def test_null_means_the_recipe_and_every_value_can_be_set_alone():
    usual = recipe(10, 3)
    assert resolve({**PAIR, "beta": None, "conservation": None}) == usual
    for key, value in {"beta": 0.03, "context_length": 7, "lookahead": 0}.items():
        changed = resolve({**PAIR, key: value}).as_dict()
        assert changed.pop(key) == value
        assert changed == {k: v for k, v in usual.as_dict().items() if k != key}
    for key, value in {"function": "threshold", "threshold": 0.2, "smooth": True}.items():
        changed = resolve({**PAIR, "conservation": {key: value, "scope": None}})
        assert changed.conservation == Conservation(**{key: value})


def test_a_context_of_one_frame_has_no_room_for_a_look_ahead():
    assert resolve({**PAIR, "context_length": 1}).frame_ends == (0,)
    assert resolve({**PAIR, "context_length": 2}).frame_ends == (0, 1)


def test_frames_by_hand():
    assert Scale(space=10, time=3).frame_ends == (-3, -2, -1, 0, 1)
    assert Scale(space=10, time=3, lookahead=0).frame_ends == (-4, -3, -2, -1, 0)
    assert Scale(space=10, time=3).horizon_hours == 15


@pytest.mark.parametrize(("beta", "sigma"), [(0.010, 12.6), (0.015, 44), (0.020, 157), (0.035, 7182)])
def test_largest_noise_level_of_the_papers_schedules(beta, sigma):
    assert Scale(space=1, time=1, beta=beta).sigma_max == pytest.approx(sigma, rel=0.01)


@given(st.floats(1.001e-4, BETA_MAX / 1.01))
def test_largest_noise_level_is_finite_and_grows_with_beta(beta):
    assert 0 < Scale(space=1, time=1, beta=beta).sigma_max < math.inf
    assert Scale(space=1, time=1, beta=beta * 1.01).sigma_max > Scale(space=1, time=1, beta=beta).sigma_max


@given(st.integers(1, 25), st.integers(1, 6), st.floats(0.001, BETA_MAX), st.integers(1, 48))
def test_as_dict_reads_back(space, time, beta, length):
    scale = resolve({"space": space, "time": time, "beta": beta, "context_length": length})
    assert resolve(scale.as_dict()) == scale


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"space": 0}, "scale.space = 0: must be a whole number from 1 to 25."),
        ({"space": 2.5}, "scale.space = 2.5: must be a whole number from 1 to 25."),
        ({"space": True}, "scale.space = True: must be a whole number from 1 to 25."),
        ({"space": 26}, "scale.space = 26: must be a whole number from 1 to 25."),
        ({"space": "10"}, "scale.space = '10': must be a whole number from 1 to 25."),
        ({"space": None}, "scale.space is missing: give a whole number from 1 to 25."),
        ({"space": "???"}, "scale.space is missing: give a whole number from 1 to 25."),
        ({"time": 7}, "scale.time = 7: must be a whole number from 1 to 6."),
        ({"beta": 0.166}, "scale.beta = 0.166: must be a number above 0.0001 to 0.165."),
        ({"beta": 1e-4}, "scale.beta = 0.0001: must be a number above 0.0001 to 0.165."),
        ({"beta": math.nan}, "scale.beta = nan: must be a number above 0.0001 to 0.165."),
        ({"beta": "large"}, "scale.beta = 'large': must be a number above 0.0001 to 0.165."),
        ({"context_length": 0}, "scale.context_length = 0: must be a whole number from 1 to 48."),
        ({"context_length": 49}, "scale.context_length = 49: must be a whole number from 1 to 48."),
        ({"context_length": "five"}, "scale.context_length = 'five': must be a whole number from 1 to 48."),
        ({"lookahead": 5}, "scale.lookahead = 5: must be a whole number from 0 to L - 1 = 4."),
        ({"lookahead": -1}, "scale.lookahead = -1: must be a whole number from 0 to L - 1."),
        ({"Beta": 0.02}, "scale.Beta is not a setting; did you mean scale.beta?"),
        ({"conservation": "cell"}, "scale.conservation = 'cell': must be a mapping with the keys function, threshold, "
         "scope, smooth, inside_sampler."),
        ({"conservation": {"f": "identity"}}, "scale.conservation.f is not a setting; known are function, threshold, "
         "scope, smooth, inside_sampler."),
        ({"conservation": {"function": "power"}},
         "scale.conservation.function = 'power': must be one of identity, threshold, threshold_sqrt."),
        ({"conservation": {"function": ["identity"]}},
         "scale.conservation.function = ['identity']: must be one of identity, threshold, threshold_sqrt."),
        ({"conservation": {"scope": "tile"}}, "scale.conservation.scope = 'tile': must be one of cell, window."),
        ({"conservation": {"threshold": -0.1}},
         "scale.conservation.threshold = -0.1: must be a number from 0 to below 50."),
        ({"conservation": {"smooth": "no"}}, "scale.conservation.smooth = 'no': must be true or false."),
        ({"conservation": {"smooth": True, "scope": "window"}}, "scale.conservation.smooth = True: must be false with "
         "scope: window, which has no cell borders to smooth."),
        ({"time": 7, "beta": 3}, "scale.time = 7: must be a whole number from 1 to 6. "
         "scale.beta = 3: must be a number above 0.0001 to 0.165."),
    ],
)  # fmt: skip
def test_bad_input_names_the_key_and_the_range(given_, message):
    with pytest.raises(ScaleAdaptError) as error:
        resolve({**PAIR, **given_})
    assert str(error.value) == message


def test_the_scale_itself_must_be_a_mapping():
    with pytest.raises(ScaleAdaptError, match=r"scale = 10: must be a mapping"):
        resolve(10)


def test_beta_ends_where_the_square_of_the_largest_level_leaves_float32():
    largest = float(np.finfo(np.float32).max)
    assert Scale(space=1, time=1, beta=BETA_MAX).sigma_max ** 2 < largest
    assert recipe(1, 1).model_copy(update={"beta": BETA_MAX * 1.02}).sigma_max ** 2 > largest


@given(st.integers(1, 25), st.integers(1, 6), st.integers(1, 48))
def test_what_is_null_follows_from_what_is_given(space, time, length):
    assert resolve({"space": space, "time": time}) == Scale(space=space, time=time) == recipe(space, time)
    assert resolve({"space": space, "time": time, "context_length": length}).lookahead == min(1, length - 1)
