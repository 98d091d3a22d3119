"""Keys that nothing reads."""

import pytest

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.training.keys import Periods, check_config, check_groups, known_keys


def test_what_is_known_is_what_the_package_ships():
    known = known_keys()
    assert {"period", "scale", "training", "dataloader", "model", "task"} <= set(known)
    assert {"method", "max_steps", "run_id"} <= known["training"] and "defaults" not in known["diagnostics"]
    assert known["period"] == {"training", "validation"}


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"trainig": {"end": "50%"}}, "period.trainig is not a setting; did you mean period.training?"),
        ({"training": {"ned": "50%"}}, "period.training.ned is not a setting; did you mean period.training.end?"),
        ({"test": {"end": "50%"}}, "period.test is not a setting; known are training, validation."),
        ({"training": "50%"}, "period.training = '50%': must be a mapping with the keys start, end."),
        ({"training": {"end": 0.9}}, "period.training.end = 0.9: must be a date such as 2018-05-17T00:00:00, a share "
         'of the dataset such as "90%", or null.'),
        ({"training": {"end": ["2018"]}}, "period.training.end = ['2018']: must be a date such as"),
    ],
)  # fmt: skip
def test_what_a_period_refuses(told, message):
    with pytest.raises(ScaleAdaptError) as error:
        Periods.from_config(told, "period")
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("end", ["90%", "2018-05-17", "2018-05-17T00:00:00", 2018, None])
def test_what_a_period_takes(end):
    assert Periods.from_config({"training": {"end": end}}, "period").training.end == end or end is None


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (["perod"], "perod is not a setting; did you mean period?"),
        (["trainning"], "trainning is not a setting; did you mean training?"),
        (["Scale"], "Scale is not a setting; did you mean scale?"),
    ],
)
def test_a_group_misspelt_is_refused(groups, message):
    with pytest.raises(ScaleAdaptError) as error:
        check_groups([*known_keys(), *groups])
    assert str(error.value) == message


def test_variables_of_the_users_own_are_let_pass():
    check_groups([*known_keys(), "my_paths", "hydra", "year"])
    check_config({"training": {"method": {}, "preferred_blas_backend": None, "multistep": 2}, "year": 2020})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"training": {"max_step": 5}}, "training.max_step is not a setting; did you mean training.max_steps?"),
        ({"dataloader": {"trainig": {}}}, "dataloader.trainig is not a setting; did you mean dataloader.training?"),
        ({"model": {"compil": []}}, "model.compil is not a setting; did you mean model.compile?"),
        ({"system": {"ouput": {}}}, "system.ouput is not a setting; did you mean system.output?"),
    ],
)
def test_a_key_of_anemois_misspelt_is_refused(config, message):
    with pytest.raises(ScaleAdaptError) as error:
        check_config(config)
    assert str(error.value) == message
