"""The floors measured before on real rain (Comephore, 72 h of February 2018, (10, 3), 100 x 100) come back."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.rain.windows import Coarse, windows
from anemoi_scaleadapt.verification.bootstrap import combine
from anemoi_scaleadapt.verification.case import Case, count
from anemoi_scaleadapt.verification.scores import score
from anemoi_scaleadapt.verification.tally import Settings

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
    coarse = open_rain(write("lr.nc", comephore.reshape(72, 10, 10, 10, 10).mean(axis=(2, 4)), km=10.0))
    settings = Settings(pixel_km=1.0)
    case = Case(
        members=truth, truth=truth, coarse=Coarse(coarse, 3), windows=windows(truth.times, 3), s=10, t=3,
        baselines=("nearest", "bicubic", "rainfarm"), settings=settings,
    )  # fmt: skip
    tallies = count(case)
    found = {name: score(combine(sums), tallies.shape, settings) for name, sums in tallies.sums.items()}
    assert found["nearest"]["crps"] == pytest.approx(0.3149, abs=0.0003)
    assert found["nearest"]["rmse"] == pytest.approx(0.533, abs=0.001)
    assert found["bicubic"]["crps"] == pytest.approx(0.2853, abs=0.0005)
    assert found["bicubic"]["rmse"] == pytest.approx(0.492, abs=0.001)
    assert found["rainfarm"]["crps"] == pytest.approx(0.2209, rel=0.02)  # other noise
    assert found["rainfarm"]["rmse"] == pytest.approx(0.540, rel=0.02)
    assert found["rainfarm"]["ssr"] == pytest.approx(1.18, rel=0.05)
    assert found["scaleadapt"]["lag1"] == pytest.approx(0.75, abs=0.01)
    assert found["scaleadapt"]["crps"] == 0
