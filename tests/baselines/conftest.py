"""A coarse record in memory."""

import numpy as np
import pytest

from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.windows import Coarse

START = np.datetime64("2018-05-18T01:00", "s")


@pytest.fixture
def record():
    """``record(frames, t, without=())``: Coarse of hourly frames (hours, Y, X), some hours left out."""

    def make(frames, t=1, without=()):
        hours = np.setdiff1d(np.arange(len(frames)), without)
        frames = np.asarray(frames, "float32")[hours]
        rain = Rain("lr.nc", START + hours * HOUR, frames.shape[1:], None, None, lambda index: frames[None, index])
        return Coarse(rain, t)

    return make


@pytest.fixture
def window():
    """``window(first, t)``: hours of a window that begins with hour number ``first`` of the record."""
    return lambda first, t: START + (first + np.arange(t)) * HOUR
