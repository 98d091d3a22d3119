"""Which hours make a sample, and what a checkpoint is told of it."""

import pytest
import torch

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import ONE_HOUR
from anemoi_scaleadapt.training.task import SpaceTimeSuperResolution


def task(window=6, **scale):
    return SpaceTimeSuperResolution({"space": 2, "time": 3} | scale, window=window)


def test_hours_of_a_window_and_of_what_lies_round_it():
    assert task().get_offsets() == [h * ONE_HOUR for h in range(-5, 13)]
    assert task().get_output_offsets() == [h * ONE_HOUR for h in range(1, 7)]
    assert task(window=12, time=5).get_offsets() == [h * ONE_HOUR for h in range(-9, 21)]


def test_several_pairs_read_what_the_longest_of_them_needs():
    many = SpaceTimeSuperResolution(pairs={"only": [[10, 3], [5, 4]]}, window=6)
    assert many.get_offsets() == [h * ONE_HOUR for h in range(-7, 15)]
    assert len(many.get_output_offsets()) == 6


def test_anemois_own_calls_work():
    batch = {"lr": torch.zeros(1, 18, 1, 4, 1), "hr": torch.zeros(1, 18, 1, 4, 1)}
    assert task().get_targets(batch)["hr"].shape[1] == 6


def test_metadata_for_inference():
    md = {"metadata_inference": {"dataset_names": ["lr", "hr"], "lr": {}, "hr": {}}}
    task().fill_metadata(md)
    inference = md["metadata_inference"]
    assert inference["task"] == "scaleadapt" and inference["scaleadapt"] == {"field_shapes": {}}
    assert inference["hr"]["timesteps"]["output_offsets"] == ["1h"]
    assert inference["lr"]["timesteps"]["rollout_shift"] == "1h"


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"scale": {"space": 2, "time": 7}}, r"scale\.time = 7"),
        ({"scale": {"space": 1, "time": 1}}, "nothing is left to do"),
        ({"scale": {"space": None, "time": None}}, r"scale\.space is missing"),
        ({"pairs": {"only": [[1, 1]]}}, r"pairs\.only"),
        ({"scale": {"space": 2, "time": 2}, "pairs": {}}, "scale and pairs are both set"),
        ({"pairs": {}, "window": 1}, r"task\.window = 1: must be a whole number from 2 to 48"),
    ],
)
def test_bad_settings_name_their_key(told, words):
    with pytest.raises(ScaleAdaptError, match=words):
        SpaceTimeSuperResolution(**told)
