"""Pairs of Zarrs of random crops, factors and windows, built by anemoi-datasets and averaged as the task does."""

import datetime as dt
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from anemoi_scaleadapt.datasets.comephore.grid import StereGrid
from anemoi_scaleadapt.hours import ONE_HOUR
from support import synthetic

START = dt.datetime(2019, 12, 31, 17)
HOURS, NY, NX = 14, 55, 60
HOLE = (slice(30, 33), slice(34, 60))
#: The hour that ends the year lies in December's tar, those behind it in January's.
MIDNIGHT = 7


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """14 hours over the turn of a year in two tars, with a hole; their folder and the rain in mm h-1, float64."""
    folder, grid = tmp_path_factory.mktemp("archive"), StereGrid().crop(700, 600, NY, NX)
    synthetic.write_months(folder, grid, START, HOURS, missing=HOLE)
    stored = np.stack([f["RR"] for _, f in synthetic.hours(grid, START, HOURS, missing=HOLE)]).astype(np.float64)
    stored[stored == 65535] = np.nan
    return folder, stored / 10


@st.composite
def samples(draw):
    """A crop, a factor s, a window of t hours, and the first of its hours; both years are in it."""
    s, t = draw(st.integers(1, 25)), draw(st.integers(1, 6))
    windows = draw(st.integers(1, 2)) if t > 1 else 2
    height, width = (s * draw(st.integers(1, n // s)) for n in (NY, NX))
    row, col = draw(st.integers(0, NY - height)), draw(st.integers(0, NX - width))
    hours = windows * t
    first = draw(st.integers(max(MIDNIGHT + 1 - hours + 1, 0), min(MIDNIGHT, HOURS - hours)))
    return {"row": row, "col": col, "height": height, "width": width}, s, t, first, hours


def mean_of_means(rain, s, t):
    """Plain mean over t x s x s values, window by window and block by block, float64."""
    hours, ny, nx = rain.shape
    windows = [
        [[rain[k : k + t, i : i + s, j : j + s].mean() for j in range(0, nx, s)] for i in range(0, ny, s)]
        for k in range(0, hours, t)
    ]
    return np.array(windows)


@settings(max_examples=8, deadline=None)
@given(samples())
@example(({"row": 3, "col": 8, "height": 50, "width": 50}, 25, 6, 2, 12))
def test_the_coarse_zarr_averaged_over_the_window_is_the_mean_of_the_archive(build, archive, sample):
    import torch

    from anemoi_scaleadapt.rain.average import average_hours

    folder, rain = archive
    crop, s, t, first, hours = sample
    dates = [START + (first + k) * ONE_HOUR for k in range(hours)]
    part = rain[first : first + hours, crop["row"] : crop["row"] + crop["height"]]
    part = part[:, :, crop["col"] : crop["col"] + crop["width"]]
    source = {"comephore": {"path": f"{folder}/*.tar", "crop": crop}}
    with tempfile.TemporaryDirectory() as scratch:
        _, fine = build(source, dates, Path(scratch) / "hr.zarr")
        _, coarse = build({"pipe": [source, {"coarsen": {"factor": s}}]}, dates, Path(scratch) / "lr.zarr")
    np.testing.assert_allclose(fine, part, atol=1e-5)
    found = average_hours(torch.from_numpy(coarse)[None], t)[0].numpy()
    expected = mean_of_means(part, s, t)
    np.testing.assert_array_equal(found == -1, np.isnan(expected))  # the task marks a missing mean with -1
    assert np.nanmax(np.abs(found - expected), initial=0, where=found != -1) < 1e-6
