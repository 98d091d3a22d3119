import numpy as np
import pytest

from anemoi_scaleadapt.calibration import sample
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.record import Rain


def hours(*numbers):
    return np.datetime64("2018-05-10T00", "s") + np.array(numbers) * np.timedelta64(3600, "s")


def rain(values, times, path="rain.zarr"):
    """Return a `Rain` that holds (time, y, x)."""
    values = np.asarray(values, dtype="f4")
    return Rain(path, times, values.shape[1:], None, None, lambda index: values[None, index])


def pair(fine, times, space):
    t, ny, nx = fine.shape
    coarse = fine.reshape(t, ny // space, space, nx // space, space).mean((2, 4))
    return rain(coarse, times, "lr.zarr"), rain(fine, times, "hr.zarr")


def test_runs_end_at_gaps_and_at_the_longest():
    runs = sample.consecutive(hours(0, 1, 2, 3, 4, 7, 8), 3)
    assert [len(run) for run in runs] == [3, 2, 2]
    assert runs[2][0] == hours(7)[0]


def test_evenly_keeps_the_ends():
    assert sample.evenly(list(range(100)), 4) == [0, 33, 66, 99]
    assert sample.evenly([1, 2], 4) == [1, 2]


def test_the_square_avoids_missing_cells_and_prefers_the_middle():
    valid = np.ones((40, 40), bool)
    assert sample.square(valid, 10, 5) == (slice(15, 25), slice(15, 25))
    valid[:20] = False
    assert sample.square(valid, 10, 5) == (slice(20, 30), slice(15, 25))
    assert sample.square(valid, 100) == (slice(0, 40), slice(0, 40))


def test_reads_wet_windows_and_coarse_means():
    times = hours(*range(12), *range(20, 26))
    fine = np.zeros((18, 6, 6))
    fine[3] = 3.0  # the second window of 3 h
    fine[17] = 6.0  # the last one
    got = sample.read(*pair(fine, times, 2), time=3)
    assert got.space == 2 and got.fine.shape == (2, 3, 6, 6)
    assert got.fine.sum(axis=(1, 2, 3)).tolist() == [3 * 36, 6 * 36]
    assert [s[:, 0, 0].tolist() for s in got.stretches] == [[0, 1, 0, 0], [0, 2]]


def test_windows_with_missing_values_are_left_out():
    times, fine = hours(*range(6)), np.ones((6, 4, 4))
    lr, _ = pair(fine, times, 2)
    fine[1, 0, 0] = np.nan
    assert sample.read(lr, rain(fine, times), time=3).fine.shape[0] == 1


@pytest.mark.parametrize(("times", "fill", "message"), [
    (hours(0, 2, 4, 6), 1.0, r"lr\.zarr and hr\.zarr share no 3 consecutive hours"),
    (hours(0, 1, 2, 3), 0.0, r"hr\.zarr: no window of 3 h with rain"),
])  # fmt: skip
def test_nothing_to_read_is_an_error(times, fill, message):
    with pytest.raises(ScaleAdaptError, match=message):
        sample.read(*pair(np.full((4, 4, 4), fill), times, 2), time=3)


def test_a_square_without_gaps_is_found_where_the_largest_has_some():
    valid = np.ones((16, 16), bool)
    valid[3, 12] = False
    place = sample.whole_square(valid, 16)
    assert valid[place].all() and place[0].stop - place[0].start == 8
