"""What `model.model` may say."""

import pytest

from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.models.settings import ModelSettings, NetworkSettings
from anemoi_scaleadapt.scale import recipe

EVEN = "must be two multiples of heads ="
TWO = "2 values, each a whole number from 1 to 4096"


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"mean_channels": 64}, f"mean_channels = 64: must be {TWO}."),
        ({"mean_channels": [0, 96]}, f"mean_channels = [0, 96]: must be {TWO}."),
        ({"mean_channels": [48, 66]}, f"mean_channels = [48, 66]: {EVEN} 4."),
        ({"heads": 3}, f"mean_channels = (48, 64): {EVEN} 3."),
        ({"residual_channels": [63, 98]}, "residual_channels = [63, 98]: must be two values, the second a multiple of "
         "heads = 4."),
        ({"residual_channels": [96.5, "x"]}, f"residual_channels = [96.5, 'x']: must be {TWO}."),
        ({"residual_channels": [-4, 8]}, f"residual_channels = [-4, 8]: must be {TWO}."),
        ({"patch": 0}, "patch = 0: must be a whole number from 1 to 64."),
        *(({"window": bad}, f"window = {bad!r}: must be an odd whole number to 63, or 0.") for bad in (-3, 4, True)),
        ({"hours": -1}, "hours = -1: must be a whole number from 0 to 48."),
        *(
            ({"averages": bad}, f"averages = {bad!r}: must be a list, each an odd whole number from 1 to 63.")
            for bad in (3, [], [2], [0], [1.5], [True], [65])
        ),
        ({"gain": 1}, "gain is not a setting; known are patch, mean_channels, residual_channels, frame_channels, "
         "blocks, heads, window, hours, averages."),
        ({"blocsk": 2}, "blocsk is not a setting; did you mean model.model.network.blocks?"),
    ],
)  # fmt: skip
def test_what_a_network_refuses(told, message):
    with pytest.raises(ScaleAdaptError) as error:
        NetworkSettings.from_config(told, "model.model.network")
    assert str(error.value) == f"model.model.network.{message}"


@pytest.mark.parametrize(
    ("told", "message"),
    [
        *(({"rho": bad}, f"rho = {bad!r}: must be a number from 1 to 100.") for bad in (0, "x", 0.5, 101)),
        *(
            ({"sigma_max": bad}, f"sigma_max = {bad!r}: must be a number above sigma_min to 1e+09, or null.")
            for bad in ("a", -5, 0, 0.03, float("nan"), float("inf"), 1e10, True)
        ),
        *(({"steps": bad}, f"steps = {bad!r}: must be a whole number from 1 to 1000.") for bad in (8.0, 0, 1001, True)),
        *(({"sigma_min": bad}, f"sigma_min = {bad!r}: must be a number above 0 to below 1.") for bad in (0, 1, -1)),
        ({"name": 3}, "name = 3: must be one of dpmpp_2m_sde, dpmpp_2m, heun, ancestral."),
        ({"sigm_max": 3}, "sigm_max is not a setting; did you mean predict_kwargs.sampler.sigma_max?"),
    ],
)
def test_what_a_sampler_refuses(told, message):
    with pytest.raises(ScaleAdaptError) as error:
        SamplerSettings.from_config(told, "predict_kwargs.sampler")
    assert str(error.value).startswith(f"predict_kwargs.sampler.{message}")


@pytest.mark.parametrize(
    ("told", "message"),
    [
        *(
            ({"tile": bad}, f"tile = {bad!r}: must be a whole number from 8 to 65536, or null.")
            for bad in (0, -1, 2.5, True)
        ),
        ({"detach_mean": "yes"}, "detach_mean = 'yes': must be true or false."),
        ({"transform": "log"}, "transform = 'log': must be one of sqrt, linear."),
        ({"amplitude": 2}, "amplitude = 2: must be a number from 0 to below 2."),
        ({"variable": ""}, "variable = '': must be text."),
        ({"network": {"patch": 0}}, "network.patch = 0: must be a whole number from 1 to 64."),
        ({"sampler": {"rho": 0}}, "sampler.rho = 0: must be a number from 1 to 100."),
        ({"netwrok": {}}, "netwrok is not a setting; did you mean model.model.network?"),
    ],
)
def test_what_a_model_refuses(told, message):
    with pytest.raises(ScaleAdaptError) as error:
        ModelSettings.from_config({"scale": recipe(10, 3), **told}, "model.model")
    assert str(error.value) == f"model.model.{message}"


def test_a_model_is_its_settings_as_a_plain_dict():
    settings = ModelSettings.from_config({"scale": {"space": 7, "time": 2}, "tile": 64}, "model.model")
    assert settings.scale == recipe(7, 2) and settings.sampler.sigma_max is None
    assert ModelSettings.from_config(settings.as_dict(), "model.model") == settings


def test_a_sampler_keeps_what_a_run_does_not_name():
    trained = SamplerSettings(steps=16, sigma_max=20.0)
    told = SamplerSettings.from_config({"sigma_max": None, "rho": 5}, "predict_kwargs.sampler", trained)
    assert told == SamplerSettings(steps=16, sigma_max=20.0, rho=5.0)
