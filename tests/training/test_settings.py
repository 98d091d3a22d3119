"""What `training.method` may say."""

import pytest

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.training.settings import MethodSettings, TaskSettings


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"crop": 0}, "crop = 0: must be a whole number from 1 to 1000000."),
        ({"crop": "100"}, "crop = '100': must be a whole number from 1 to 1000000."),
        ({"hide_frames": 1}, "hide_frames = 1: must be a number from 0 to below 1."),
        ({"score_members": 1}, "score_members = 1: must be 0, or a whole number from 2."),
        ({"score_members": -1}, "score_members = -1: must be 0, or a whole number from 2."),
        ({"scor_size": 9}, "scor_size is not a setting; did you mean training.method.score_size?"),
        ({"mean_first": 0.5}, "mean_first is not a setting; known are crop, crops_per_field, hide_frames, "),
    ],
)  # fmt: skip
def test_what_the_method_refuses(told, message):
    with pytest.raises(ScaleAdaptError) as error:
        MethodSettings.from_config(told, "training.method")
    assert str(error.value).startswith(f"training.method.{message}")


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"same_rain": "no"}, "same_rain = 'no': must be true or false."),
        ({"units": 1}, "units = 1: must be text or null."),
        ({"statics": "orography"}, "statics = 'orography': must be a list, each text."),
        ({"lr": ""}, "lr = '': must be text."),
        ({"sme_rain": True}, "sme_rain is not a setting; did you mean task.same_rain?"),
    ],
)
def test_what_the_task_refuses(told, message):
    with pytest.raises(ScaleAdaptError) as error:
        TaskSettings.from_config(told, "task")
    assert str(error.value) == f"task.{message}"
