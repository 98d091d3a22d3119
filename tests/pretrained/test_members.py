"""Members from plain arrays are those of the model inside anemoi."""

import datetime

import numpy as np
import pytest
import torch

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.pretrained import draw_members

START = datetime.datetime(2020, 1, 1, 6)


def test_they_are_what_predict_step_gives(checkpoint, frames):
    _, model = checkpoint(licence="CC BY 4.0", attribution="me")
    keep = {"lr": lambda x, in_place: x}
    batch = {"lr": torch.from_numpy(frames).reshape(1, len(frames), -1, 1)}
    want = model.predict_step(
        batch, keep, shape=frames.shape[1:], date=START, members=2, first_member=0, seed=5, with_mean=True
    )
    members, mean = draw_members(model.downscaler, frames, START, members=2, seed=5)
    np.testing.assert_array_equal(members, want["hr"][0, ..., 0].permute(1, 0, 2).reshape(members.shape).numpy())
    np.testing.assert_array_equal(mean, want["hr_mean"][0, :, 0, :, 0].reshape(mean.shape).numpy())


def test_totals_are_exact_and_a_missing_cell_stays_missing(small, frames):
    now = small.scale.frame_ends.index(0)
    frames[now, 1, 2] = np.nan
    members, mean = draw_members(small, frames, START, members=3)
    assert members.shape == (3, 3, 20, 25)
    for rain in (*members, mean):
        cells = rain.astype("f8").reshape(3, 4, 5, 5, 5).mean(axis=(0, 2, 4))
        np.testing.assert_allclose(cells, frames[now], rtol=1e-5)


def test_a_member_does_not_depend_on_how_many_there_are(small, frames):
    many, few = (draw_members(small, frames, START, members=n)[0] for n in (4, 2))
    np.testing.assert_allclose(many[:2], few, atol=1e-5)
    assert np.abs(many[0] - many[1]).max() > 0.1


@pytest.mark.parametrize(("cut", "members", "message"), [(1, 2, "shape .* L = "), (0, 0, "members = 0")])
def test_bad_input(small, frames, cut, members, message):
    with pytest.raises(ScaleAdaptError, match=message):
        draw_members(small, frames[cut:], START, members=members)
