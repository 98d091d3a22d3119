"""The systems by name: each for any pair, in shape, with exact totals; what cannot be built."""

import numpy as np
import pytest

from anemoi_scaleadapt.baselines import BASELINES
from anemoi_scaleadapt.baselines.fields import coarsened
from anemoi_scaleadapt.baselines.settings import FittedNoise, NoiseSettings
from anemoi_scaleadapt.baselines.systems import Setup, build
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.reader import open_rain

ENSEMBLES = {"rainfarm", "rainfarm_ar1", "steps"}


@pytest.mark.parametrize(("s", "t"), [(1, 1), (3, 1), (1, 2), (3, 2)])
@pytest.mark.parametrize("name", sorted(set(BASELINES) - {"analog"}))
def test_every_system_runs_for_any_pair(name, s, t, record, window, shower):
    coarse = record(shower(3 * t, 8), t)
    system = build(name, Setup(coarse, s, t, 4, 0))
    if name == "rainfarm" and s == 1:
        assert system is None
        return
    out = system(window(t, t), 1)
    assert out.shape == (4 if name in ENSEMBLES else 1, t, 8 * s, 8 * s) and out.min() >= 0
    now = coarse.frame(window(t, t))
    assert coarsened(out.mean(axis=1), s) == pytest.approx(np.stack([now] * len(out)), rel=1e-5)


def test_linear_in_time_by_hand(record, window):
    # frames of 3 h: 1, 4, 1. One hour before the middle: 2/3 x 4 + 1/3 x 1 = 3, then 4, 3; times 12 / 10
    coarse = record(np.repeat([1.0, 4.0, 1.0], 3)[:, None, None] * np.ones((1, 2, 2)), 3)
    out = build("bicubic", Setup(coarse, 2, 3))(window(3, 3), 0)
    assert out[0, :, 1, 1] == pytest.approx([3.6, 4.8, 3.6])


def test_rainfarm_is_the_same_from_whichever_window_it_begins(record, window, shower):
    setup = Setup(record(shower(4, 8)), 3, 1, 2, 0)
    first = build("rainfarm", setup)(window(2, 1), 0)
    assert (build("rainfarm", setup)(window(2, 1), 7) == first).all()


def test_fitted_noise_is_used(record, window, shower):
    calm = NoiseSettings(spread=0.0)
    noise = FittedNoise(
        space_factor=3, time_factor=1, first="2018-05-01T01:00", last="2018-05-02T00:00", rainfarm_ar1=calm, steps=calm
    )
    out = build("steps", Setup(record(shower(3, 8)), 3, 1, 4, 0, noise=noise))(window(1, 1), 0)
    assert out.std(axis=0).max() < 1e-9


def test_an_analog_without_archive_or_windows_says_so(record, shower, write):
    coarse = record(shower(3, 8))
    with pytest.raises(ScaleAdaptError, match="--archive"):
        build("analog", Setup(coarse, 3, 1))
    with pytest.raises(ScaleAdaptError, match="must know the windows"):
        build("analog", Setup(coarse, 3, 1, archive=open_rain(write("archive.nc", shower(30, 24)))))


def test_an_unknown_name(record, shower):
    with pytest.raises(ScaleAdaptError, match="no baseline 'magic'; choose among nearest"):
        build("magic", Setup(record(shower(3, 8)), 3, 1))
