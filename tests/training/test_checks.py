"""Bad input stops before training, with one error that names the key or the file."""

import pytest
from omegaconf import OmegaConf

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.training.checks import check_datasets

PAIR = ["scale.space=5", "scale.time=2"]


def message(run):
    with pytest.raises(Exception) as caught:
        run().train()
    error = caught.value
    while error.__cause__ is not None and not isinstance(error, ScaleAdaptError):
        error = error.__cause__
    return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["scale.space=0"], r"scale.space = 0"),
        (["scale.space=2.5"], r"scale.space = 2.5"),
        (["scale.space=26"], r"scale.space = 26"),
        (["scale.time=7"], r"scale.time = 7"),
        (["scale.context_length=0"], r"scale.context_length = 0"),
        (["scale.beta=2"], r"scale.beta = 2"),
        (["scale.conservation.function=cube"], r"scale.conservation.function = 'cube'"),
        (["model.model.sampler.steps=0"], r"model.model.sampler.steps = 0"),
        (["+model.model.network.depth=3"], r"model.model.network.depth is not a setting"),
        (["+model.model.netwrk.patch=3"], r"model.model.netwrk is not a setting; did you mean model.model.network?"),
        (["+training.method.crp=50"], r"training.method.crp is not a setting; did you mean training.method.crop?"),
        (["+training.max_step=50"], r"training.max_step is not a setting; did you mean training.max_steps?"),
        (["+period.trainig.end=50%"], r"period.trainig is not a setting; did you mean period.training?"),
        (["+perod.training.end=50%"], r"perod is not a setting; did you mean period?"),
        (["+scale.bta=0.02"], r"scale.bta is not a setting; did you mean scale.beta?"),
        (["+dataloader.training.datasets.hr.ned=2020"], r"datasets.hr.ned is not a setting; did you mean dataloader."),
        (["+task.lrr=lr"], r"task.lrr is not a setting; did you mean task.lr?"),
        (["period.training.end=80%"], r"share 13 dates, from 2020-01-02T11:00:00 to 2020-01-02T23:00:00"),
        (["training.method.crop=0"], r"training.method.crop = 0"),
        (["model.model.transform=log"], r"model.model.transform = 'log'"),
        (["scale.space=10"], r"with scale.space = 10 the fine grid must be 80 x 80"),
        (["task.window=12", "scale.time=5"], r"a window (task.window) and what lies round it need 30"),
        (["task.window=0"], r"task.window = 0"),
        (["training.method.score_members=1"], r"training.method.score_members = 1"),
        (["+model.model.network.gain=True"], r"model.model.network.gain is not a setting"),
        (["model.model.network.heads=3"], r"mean_channels = [8, 8]: must be two multiples of heads = 3"),
        (["pairs={space: [2, 8]}"], r"scale and pairs are both set"),
        (["dataloader.training.datasets.lr.start=2020-01-01T05:00:00"], r"hold different dates"),
    ],
)
def test_settings_and_datasets(trainer, pair, more, says):
    lr, hr = pair()
    assert says in message(lambda: trainer("scaleadapt", lr, hr, *PAIR, *more))


@pytest.mark.parametrize(("first", "good"), [("2020-01-01T20", True), ("2020-01-01T10", False)])
def test_days_in_the_middle_are_held_out_as_the_howto_says(pair, first, good):
    def training(path):
        parts = [{"dataset": path, "end": "2020-01-01T19:00:00"}, {"dataset": path, "start": "2020-01-02T16:00:00"}]
        return {"dataset_config": {"dataset": {"concat": parts, "fill_missing_gaps": True}}}

    def validation(path):
        return {"dataset_config": {"dataset": path}, "start": f"{first}:00:00", "end": "2020-01-02T15:00:00"}

    paths = dict(zip(("lr", "hr"), pair(), strict=True))
    splits = {s.__name__: {name: s(path) for name, path in paths.items()} for s in (training, validation)}
    if good:
        assert check_datasets(splits, hours=10, space=5) == {"lr": (8, 8), "hr": (40, 40)}
    else:
        with pytest.raises(ScaleAdaptError, match=r"share 10 dates, from 2020-01-01T10:00:00 to 2020-01-01T19:00:00"):
            check_datasets(splits, hours=10, space=5)


def test_models_over_several_gpus_are_refused():
    from anemoi_scaleadapt.training.method import ScaleAdaptTraining

    told = {"system": {"hardware": {"num_gpus_per_model": 2}}, "training": {"method": {}, "transfer_learning": False}}
    with pytest.raises(ScaleAdaptError, match=r"system\.hardware\.num_gpus_per_model = 2.*num_gpus_per_node"):
        ScaleAdaptTraining(config=OmegaConf.create(told))


def test_other_dates_of_the_same_length(trainer, pair):
    _, hr = pair()
    lr, _ = pair(shift=24)
    got = message(lambda: trainer("scaleadapt", lr, hr, *PAIR))
    assert "hold different dates" in got and "dataloader.training.datasets.lr" in got


def test_other_area_and_other_rain(trainer, pair):
    lr, _ = pair()
    _, hr = pair(seed=1)
    assert "another product" in message(lambda: trainer("scaleadapt", lr, hr, *PAIR))
    wrong, _ = pair(space=4, cells=8)
    assert "does not lie on the blocks of 5 x 5 pixels" in message(lambda: trainer("scaleadapt", wrong, hr, *PAIR))


@pytest.mark.parametrize(
    ("lr_too", "more", "says"),
    [
        (True, ["pairs.only=[[5,2],[5,3]]"], "is coarser than the fine grid: it serves a training of one pair"),
        (False, ["pairs.only=[[1,1]]"], "pairs.only = [[1, 1]]: must be pairs other than (1, 1)"),
        (False, ["pairs.time=[1,7]"], "pairs.time = [1, 7]: must be 2 values, each a whole number from 1 to 6"),
    ],
)
def test_pairs_that_the_datasets_or_the_networks_cannot_serve(trainer, pair, lr_too, more, says):
    lr, hr = pair()
    assert says in message(lambda: trainer("any", lr if lr_too else None, hr, *more))


def test_a_fine_grid_smaller_than_a_coarse_cell(trainer, pair):
    _, hr = pair(space=1, cells=20)
    short = ["pairs.time=[1,3]"]
    assert "20 x 20: less than one coarse cell of 25 x 25" in message(lambda: trainer("any", None, hr, *short))
    assert "pairs.space=[1, 20]" in message(lambda: trainer("any", None, hr, *short))
    one = ["scale.space=25", "scale.time=3"]
    assert "a smaller scale.space" in message(lambda: trainer("scaleadapt", None, hr, *one))


def test_a_dataset_that_is_not_there(trainer, pair):
    _, hr = pair()
    assert "/nowhere/lr.zarr" in message(lambda: trainer("scaleadapt", "/nowhere/lr.zarr", hr, *PAIR))


def test_a_static_field_with_gaps(trainer, pair, tmp_path):
    import shutil

    import numpy as np
    import zarr

    lr, hr = pair(statics=True)
    shutil.copytree(hr, tmp_path / "hr.zarr")
    data = zarr.open(str(tmp_path / "hr.zarr"), "r+")
    place = data.attrs["variables"].index("orography")
    data["data"][:, place, 0, 3] = np.nan
    got = message(
        lambda: trainer("scaleadapt", lr, tmp_path / "hr.zarr", *PAIR, "data.datasets.hr.forcing=[orography]")
    )
    assert "static field orography" in got and "missing values" in got
