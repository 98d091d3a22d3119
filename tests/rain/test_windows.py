"""Windows, coarse frames and the interpolation in time, by hand."""

import numpy as np
import pytest

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.rain.windows import Coarse, space_factor, time_factor, windows


def ramp(hours):
    """Coarse rain that equals its hour."""
    return np.broadcast_to(np.arange(hours, dtype=float)[:, None, None], (hours, 4, 4))


def test_windows_may_have_gaps_between_but_not_inside():
    times = np.datetime64("2020-01-01T01:00:00") + np.array([0, 1, 2, 10, 11, 12]) * HOUR
    assert windows(times, 3).shape == (2, 3)
    with pytest.raises(ScaleAdaptError, match="not 2 consecutive"):
        windows(times, 2)
    with pytest.raises(ScaleAdaptError, match="do not divide"):
        windows(times, 4)


def test_hourly_coarse_rain_is_averaged_and_interpolated_by_hand(write):
    coarse = Coarse(open_rain(write("lr.nc", ramp(9))), 3)
    middle = windows(coarse.rain.times, 3)[1]
    assert coarse.frame(middle)[0, 0] == pytest.approx(4)
    # frames 1, 4, 7 at the centres: one hour off the centre is a third of the way
    assert coarse.in_time(middle)[:, 0, 0] == pytest.approx([3, 4, 5])
    first = windows(coarse.rain.times, 3)[0]
    assert coarse.in_time(first)[:, 0, 0] == pytest.approx([1, 1, 2])  # held beyond the beginning


def test_coarse_rain_every_t_hours_is_used_as_it_is(write):
    path = write("lr.nc", ramp(3), start="2018-05-18T03:00", step=3)
    coarse = Coarse(open_rain(path), 3)
    window = np.datetime64("2018-05-18T04:00:00") + np.arange(3) * HOUR
    assert coarse.frame(window)[0, 0] == 1
    with pytest.raises(ScaleAdaptError, match="stand for 3 h"):
        Coarse(open_rain(path), 2)


def test_a_missing_neighbour_is_not_used(write):
    rain = ramp(9).copy()
    rain[0:3, 0, 0] = np.nan
    coarse = Coarse(open_rain(write("lr.nc", rain)), 3)
    frames = coarse.in_time(windows(coarse.rain.times, 3)[1])
    assert frames[:, 0, 0] == pytest.approx([4, 4, 5])
    assert frames[:, 1, 1] == pytest.approx([3, 4, 5])


def test_factors(write, shower):
    fine = open_rain(write("fine.nc", shower(3, 20), attrs={"scaleadapt_time_factor": 3}))
    assert space_factor(fine, open_rain(write("five.nc", shower(3, 4), km=5.0))) == 5
    with pytest.raises(ScaleAdaptError, match="whole number"):
        space_factor(fine, open_rain(write("six.nc", shower(3, 6))))
    assert time_factor(fine, None) == 3 and time_factor(fine, 6) == 6
    with pytest.raises(ScaleAdaptError, match="--time-factor"):
        time_factor(open_rain(write("none.nc", shower(3, 20))), None)
