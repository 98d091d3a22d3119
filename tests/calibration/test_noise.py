"""Noise fitted to fine rain: a lower CRPS, what is chosen, the file, what is refused."""

import json

import numpy as np
import pytest

from anemoi_scaleadapt.baselines.settings import FittedNoise, NoiseSettings
from anemoi_scaleadapt.calibration import noise as n
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.record import Rain

START = np.datetime64("2018-05-18T01:00", "s")


def rain_of(fine, gap=None):
    times = START + np.arange(len(fine)) * HOUR
    if gap is not None:
        times[gap:] += HOUR
    fine = np.asarray(fine, "float32")
    return Rain("hr.nc", times, fine.shape[1:], None, None, lambda index: fine[None, index])


@pytest.fixture
def quick(monkeypatch):
    for name, value in {"HOURS": 6, "STRETCHES": 2, "MEMBERS": 4, "ROUNDS": 1}.items():
        monkeypatch.setattr(n, name, value)


def test_even_rain_wants_no_spread_and_rough_rain_a_lot(quick, shower):
    found = []
    for roughness in (0.0, 1.5):
        smooth = np.kron(shower(12, 5) + 1, np.ones((4, 4)))
        fine = smooth * np.exp(roughness * np.random.default_rng(0).standard_normal(smooth.shape))
        stretches = n.choose(rain_of(fine), 4, 1)
        best = n.search("rainfarm_ar1", stretches, NoiseSettings(spread=0.5, slope=0.5), 0)
        found.append(best.spread)
        loss = [
            n.loss(s, stretches, [k.smooth("rainfarm_ar1") for k in stretches], n._Noises(stretches, 0))
            for s in (best, NoiseSettings(spread=0.5, slope=0.5))
        ]
        assert loss[0] < loss[1]
    assert found[0] < 0.5 < found[1]


def test_loss_by_hand():
    # truth 1 everywhere, members 1 everywhere: no error; spread 0 keeps smooth rain
    stretches = n.choose(rain_of(np.ones((24, 8, 8))), 4, 1)
    smooth = [stretch.smooth("steps") for stretch in stretches]
    assert n.loss(NoiseSettings(spread=0.0), stretches, smooth, n._Noises(stretches, 0)) == pytest.approx(0, abs=1e-6)


def test_where_a_part_is_always_missing_smaller_crops_are_chosen(quick):
    fine = np.ones((6, 16, 24))
    fine[:, :2, :2] = np.nan  # beyond the reach of a radar
    (stretch,) = n.choose(rain_of(fine), 4, 3)
    assert stretch.truth.shape == (2, 3, 12, 12) and (stretch.truth == 1).all()
    fine[:] = np.nan
    with pytest.raises(ScaleAdaptError, match="no 6 h in a row have rain in a square of 4 pixels without a gap"):
        n.choose(rain_of(fine), 4, 3)


def test_the_wettest_crops_of_whole_days_are_chosen(quick, monkeypatch):
    monkeypatch.setattr(n, "CROP", 8)
    fine = np.zeros((25, 16, 16))
    fine[6:12, 8:, :8] = 1  # second stretch of six hours, lower left
    fine[12:18, :8, :8] = 2
    first, *rest = n.choose(rain_of(fine), 4, 3)
    assert not rest  # the wetter half of two
    assert first.windows[0, 0] == START + 12 * HOUR and first.truth.shape == (2, 3, 8, 8)
    assert (first.truth == 2).all() and first.coarse.frame(first.windows[0]).tolist() == [[2, 2], [2, 2]]
    assert first.coarse.has(first.windows[0] - 3 * HOUR) and first.coarse.has(first.windows[1] + 3 * HOUR)


def test_a_stretch_across_a_gap_is_none(quick):
    fine = np.ones((12, 8, 8))
    assert [k.windows[0, 0] for k in n.choose(rain_of(fine, gap=8), 4, 1)] == [START]


def test_the_fit_is_written_and_read(quick, shower, tmp_path):
    fine = np.kron(shower(12, 6), np.ones((2, 2)))
    found = n.fit_noise(rain_of(fine), 2, 2)
    found.write(tmp_path / "noise.json")
    assert FittedNoise.read(tmp_path / "noise.json") == found
    assert (found.space_factor, found.time_factor, found.first) == (2, 2, "2018-05-18T01:00:00")
    assert n.fit_noise(rain_of(fine), 2, 2) == found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": {"spread": -1}}, "steps.spread"),
        ({"steps": {"spraed": 1}}, "did you mean .*spread"),
        ({"first": "May"}, "first is not a date"),
        ({"space_factor": None}, "space_factor"),
    ],
)
def test_what_is_no_noise_file(tmp_path, change, message):
    good = {"space_factor": 2, "time_factor": 2, "first": "2018-05-18", "last": "2018-05-19"}
    path = tmp_path / "noise.json"
    path.write_text(json.dumps({**good, "steps": {}, "rainfarm_ar1": {}, **change}))
    with pytest.raises(ScaleAdaptError, match=message):
        FittedNoise.read(path)


def test_a_noise_file_that_is_not_there_or_no_json(tmp_path):
    with pytest.raises(ScaleAdaptError, match=r"--noise .*no\.json cannot be read as JSON"):
        FittedNoise.read(tmp_path / "no.json")


@pytest.mark.parametrize(
    ("fine", "message"),
    [(np.zeros((30, 8, 8)), "no 24 h in a row have rain"), (np.ones((30, 3, 8)), "fewer than a cell")],
)
def test_an_archive_without_rain_or_cells(fine, message):
    with pytest.raises(ScaleAdaptError, match=message):
        n.fit_noise(rain_of(fine), 4, 1)
