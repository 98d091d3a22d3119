"""Which hours make a sample."""

import datetime
from types import SimpleNamespace

import pytest
import torch

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.average import average_hours
from anemoi_scaleadapt.training.task import SpaceTimeSuperResolution

HOUR = datetime.timedelta(hours=1)


def task(**scale):
    return SpaceTimeSuperResolution({"space": 2, "time": 3, "context_length": 3, "lookahead": 1} | scale)


def indices(*columns):
    return SimpleNamespace(data=SimpleNamespace(input=SimpleNamespace(full=list(columns))))


def test_hours_of_a_window_with_one_frame_each_side():
    offsets = task().get_offsets()
    # frames end at 0 h, 3 h and 6 h; the first covers hours -2, -1, 0
    assert offsets == [h * HOUR for h in range(-2, 7)]
    assert task().get_output_offsets() == [HOUR, 2 * HOUR, 3 * HOUR]


def test_causal_context_never_looks_ahead():
    assert task(lookahead=0).get_offsets()[-1] == 3 * HOUR


def test_inputs_are_means_and_targets_the_windows_hours():
    hours = torch.arange(9.0).view(1, 9, 1, 1, 1)  # value = position, i.e. offset + 2
    batch = {"lr": hours, "hr": hours}
    x = task().get_inputs(batch, {"lr": indices(0), "hr": indices()})
    assert x["lr"].flatten().tolist() == [1.0, 4.0, 7.0]
    assert x["hr"].shape == (1, 1, 1, 1, 0)
    assert task().get_targets(batch)["hr"].flatten().tolist() == [3.0, 4.0, 5.0]
    # the window's own frame is the mean of its own fine hours
    assert x["lr"][0, 1] == task().get_targets(batch)["hr"].mean()


def test_a_missing_hour_makes_its_frame_missing():
    hourly = torch.tensor([1.0, -1.0, 3.0, 4.0, 5.0, 6.0, float("nan"), 1.0, 1.0]).view(1, 9)
    assert average_hours(hourly, 3).tolist() == [[-1.0, 5.0, -1.0]]


def test_metadata_for_inference():
    md = {"metadata_inference": {"dataset_names": ["lr", "hr"], "lr": {}, "hr": {}}}
    task().fill_metadata(md)
    inference = md["metadata_inference"]
    assert inference["task"] == "scaleadapt"
    assert inference["lr"]["timesteps"]["input_offsets"] == ["0h", "3h", "6h"]
    assert inference["hr"]["timesteps"]["output_offsets"] == ["1h", "2h", "3h"]
    assert inference["lr"]["timesteps"]["rollout_shift"] == "3h"


def test_bad_scale_names_its_key():
    with pytest.raises(ScaleAdaptError, match=r"scale\.time"):
        task(time=7)
