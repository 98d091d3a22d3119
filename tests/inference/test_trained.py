"""The conditional mean of a trained network, with a static field, on coarse rain that ends somewhere."""

import numpy as np
import pytest
import torch

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.inference.trained import conditional_mean, context_axis, find_device, open_checkpoint
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.rain.windows import Coarse


@pytest.fixture
def opened(static_checkpoint):
    path, lr, hr = static_checkpoint
    return open_checkpoint(path, "cpu"), Coarse(open_rain(lr), 2), open_rain(hr)


def hours(first):
    return np.datetime64(first, "s") + np.arange(2) * HOUR


def test_it_is_the_mean_of_predict_step(opened):
    from anemoi.datasets import open_dataset

    interface, coarse, hr = opened
    window, scale = hours("2020-01-02T07:00"), interface.model.scale
    drawn = conditional_mean(interface, coarse, scale, hr)(window)
    fine = open_dataset(hr.path)
    orography = torch.from_numpy(fine[0][fine.name_to_index["orography"], 0]).float()[None, None, :, None]
    axis = context_axis(coarse, window, scale).flatten(2)[..., None]
    start = (window[0] - HOUR).item()
    want = interface.predict_step({"lr": axis, "hr": orography}, shape=(8, 8), date=start, members=1, with_mean=True)[
        "hr_mean"
    ]
    assert drawn.shape == (1, 2, 40, 40) and drawn.max() > 0
    np.testing.assert_allclose(drawn[0].reshape(2, -1), want[0, :, 0, :, 0].numpy(), rtol=1e-5, atol=1e-6)


def test_beyond_the_record_frames_are_missing_and_totals_exact(opened):
    interface, coarse, hr = opened
    window, scale = hours("2020-01-01T01:00"), interface.model.scale  # the first of the record
    axis = context_axis(coarse, window, scale)[0]
    assert axis[:6].isnan().all() and axis[6:].isfinite().all()
    drawn = conditional_mean(interface, coarse, scale, hr)(window)[0]
    cells = drawn.astype("f8").reshape(2, 8, 5, 8, 5).mean((0, 2, 4))
    np.testing.assert_allclose(cells, coarse.frame(window), rtol=1e-5, atol=0)


def test_without_its_static_field_there_is_no_mean(opened):
    interface, coarse, _ = opened
    with pytest.raises(ScaleAdaptError, match="was trained with orography: give --grid"):
        conditional_mean(interface, coarse, interface.model.scale)


@pytest.mark.parametrize("name", ["tpu", "cuda:99", "no such"])
def test_a_device_that_is_not_there_is_one_error(name):
    with pytest.raises(ScaleAdaptError, match=f"--device {name}"):
        find_device(name)
    assert find_device("cpu") == "cpu"
