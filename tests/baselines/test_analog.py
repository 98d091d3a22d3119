"""Analogs: exact totals, the right fragment, no leak."""

import numpy as np
import pytest

from anemoi_scaleadapt.baselines.analog import Analogs
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.rain.windows import windows


def coarse(fine, s):
    t, ny, nx = fine.shape
    return fine.reshape(t, ny // s, s, nx // s, s).mean(axis=(0, 2, 4))


@pytest.fixture
def archive(write, shower):
    return open_rain(write("archive.nc", shower(30, 24), "2018-05-01T01:00"))


LATER = np.array(["2018-06-01T01:00"], dtype="datetime64[s]")


def test_rain_of_the_archive_finds_itself(archive):
    analogs = Analogs(archive, 4, 3, LATER)
    frames = [archive.at(w)[0] for w in windows(archive.times, 3)[3:6]]
    out = analogs(*(coarse(f, 4) for f in frames), members=2)
    assert out.shape == (2, 3, 24, 24)
    wet = np.repeat(np.repeat(coarse(frames[1], 4) > 0.02, 4, 0), 4, 1)
    assert out[0][:, wet] == pytest.approx(frames[1][:, wet], abs=1e-3)
    assert np.abs(out[1] - out[0]).max() > 0.1


def test_totals_are_exact_for_rain_never_seen(archive, shower):
    analogs = Analogs(archive, 4, 3, LATER)
    now = shower(1, 6, seed=9)[0].astype(float)
    now[0, 0] = np.nan
    out = analogs(now, now, now, members=5)
    assert np.isnan(out[:, :, :4, :4]).all()
    cells = out.reshape(5, 3, 6, 4, 6, 4).mean(axis=(1, 3, 5))
    assert cells == pytest.approx(np.stack([now] * 5), nan_ok=True, rel=1e-6)


def test_the_verified_hours_and_the_day_around_them_are_left_out(archive):
    with pytest.raises(ScaleAdaptError, match="other days"):
        Analogs(archive, 4, 3, archive.times[3:27])


def test_a_large_archive_is_thinned(archive):
    assert len(Analogs(archive, 4, 3, LATER, most=50).fragments) == 50
