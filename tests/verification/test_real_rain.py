"""The floors measured before on real rain (Comephore, 72 h of February 2018, (10, 3), 100 x 100) come back."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from anemoi_scaleadapt.baselines.systems import Setup, build
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.rain.windows import Coarse, windows
from anemoi_scaleadapt.verification.days import combine
from anemoi_scaleadapt.verification.run import count
from anemoi_scaleadapt.verification.scores import score
from anemoi_scaleadapt.verification.settings import Settings

TAR = Path(__file__).parents[3] / "shared" / "data" / "H_COMEPHORE_201802_sw_crop.tar"


@pytest.fixture
def comephore():
    if not TAR.exists():
        pytest.skip(f"{TAR} is not there")
    from anemoi_scaleadapt.datasets.comephore.archive import Archive
    from anemoi_scaleadapt.datasets.comephore.frames import Frames

    crop = {"row": 20, "col": 0, "height": 100, "width": 100}
    frames = Frames(Archive(str(TAR)), crop=crop)
    first = dt.datetime(2018, 2, 18, 1)
    dates = [first + dt.timedelta(hours=h) for h in range(72)]
    frames.prepare(dates, ["RR"])
    return np.stack([frames.read(date, "RR") for date in dates])


def test_the_floors_come_back(comephore, write):
    assert np.isfinite(comephore).all()
    truth = open_rain(write("truth.nc", comephore))
    coarse = Coarse(open_rain(write("lr.nc", comephore.reshape(72, 10, 10, 10, 10).mean(axis=(2, 4)), km=10.0)), 3)
    settings, setup = Settings(truth.shape), Setup(coarse, 10, 3)
    systems = {"truth": lambda window, number: truth.at(window)}
    systems |= {name: build(name, setup) for name in ("nearest", "bicubic", "rainfarm")}
    tallies = count(systems, truth, coarse, windows(truth.times, 3), settings)
    found = {name: score(combine(sums), settings) for name, sums in tallies.sums.items()}
    assert found["nearest"]["crps"] == pytest.approx(0.3149, abs=0.0003)
    assert found["nearest"]["rmse"] == pytest.approx(0.533, abs=0.001)
    assert found["bicubic"]["crps"] == pytest.approx(0.2853, abs=0.0005)
    assert found["bicubic"]["rmse"] == pytest.approx(0.492, abs=0.001)
    assert found["rainfarm"]["crps"] == pytest.approx(0.2209, rel=0.02)  # other noise
    assert found["rainfarm"]["rmse"] == pytest.approx(0.540, rel=0.02)
    assert found["rainfarm"]["ssr"] == pytest.approx(1.18, rel=0.05)
    assert found["truth"]["lag1"] == pytest.approx(0.75, abs=0.01)
    assert found["truth"]["crps"] == 0
