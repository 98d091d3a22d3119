"""What a run file may say."""

import datetime

import pytest

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.inference.settings import OutputSettings, RunnerSettings, duration, lead


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"members": 0}, "runner.members = 0: must be a whole number from 1"),
        ({"members": True}, "runner.members = True: must be a whole number"),
        ({"members": "4"}, "runner.members = '4': must be a whole number"),
        ({"first_member": -1}, "runner.first_member = -1: must be a whole number from 0"),
        ({"mean": "yes"}, "runner.mean = 'yes': must be true or false"),
        ({"lr_frequency": 3}, "runner.lr_frequency = 3: must be 1h, t hours"),
        ({"membrs": 4}, "runner.membrs is not a setting; did you mean runner.members?"),
        ({"seed": 4}, "runner.seed is not a setting; known are members, first_member, "),
    ],
)
def test_what_the_runner_refuses(told, says):
    with pytest.raises(ScaleAdaptError) as error:
        RunnerSettings.from_config(told, "runner")
    assert str(error.value).startswith(says)


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"pakced": True}, "output.members.pakced is not a setting; did you mean output.members.packed?"),
        ({"resume": "yes"}, "output.members.resume = 'yes': must be true or false"),
        ({"crs": 2154}, "output.members.crs = 2154: must be what pyproj reads"),
        ({"path": ""}, "output.members.path = '': must be text"),
    ],
)
def test_what_the_output_refuses(told, says):
    with pytest.raises(ScaleAdaptError) as error:
        OutputSettings.from_config({"path": "members.nc"} | told, "output.members")
    assert str(error.value).startswith(says)


@pytest.mark.parametrize(
    ("told", "hours"), [("72h", 72), (6, 6), ("6", 6), ("2d", 48), (datetime.timedelta(hours=3), 3)]
)
def test_a_lead_time_is_read(told, hours):
    assert lead(told) == datetime.timedelta(hours=hours)


@pytest.mark.parametrize("told", ["7x", "often", "3 h 2", ""])
def test_a_time_that_is_none_names_its_key(told):
    with pytest.raises(ScaleAdaptError, match=rf"^runner.lr_frequency = '{told}': must be hours or a time such as 72h"):
        duration(told, "runner.lr_frequency")


@pytest.mark.parametrize("told", ["0h", 0, "-3h", -6, datetime.timedelta(0), datetime.timedelta(hours=-1), "long", ""])
def test_no_time_at_all_is_refused(told):
    with pytest.raises(ScaleAdaptError, match=r"^lead_time = "):
        lead(told)
