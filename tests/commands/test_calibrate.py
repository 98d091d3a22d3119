import numpy as np
import pytest
import xarray as xr
import yaml

from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.scale import resolve


@pytest.fixture
def datasets(tmp_path):
    """Two NetCDF files, 5 x apart, of rain that moves over the domain."""
    from scipy.ndimage import gaussian_filter

    wide = gaussian_filter(np.random.default_rng(0).standard_normal((40, 140)), 3, mode="wrap")
    fine = np.stack([np.clip(wide[:, 2 * h : 2 * h + 40] * 20, 0, None) for h in range(48)]).astype("f4")
    coarse = fine.reshape(48, 8, 5, 8, 5).mean((2, 4))
    times = np.datetime64("2018-05-10T01", "ns") + np.arange(48) * np.timedelta64(1, "h")
    paths = []
    for name, values in (("hr.nc", fine), ("lr.nc", coarse)):
        rain = ("time", "y", "x"), values, {"units": "mm h-1"}
        path = tmp_path / name
        xr.Dataset({"rain": rain}, {"time": times}).to_netcdf(path, engine="netcdf4")
        paths.append(str(path))
    return paths


def test_prints_draws_and_writes_an_overlay(datasets, tmp_path, capsys):
    hr, lr = datasets
    out = tmp_path / "out"
    assert main(["calibrate", "scale", "--hr", hr, "--lr", lr, "--time", "2", "--to", str(out)]) == 0
    text = capsys.readouterr().out
    assert all(word in text for word in ("beta", "context_length", "crop", "threshold", "mm/h"))
    assert sorted(p.name for p in out.iterdir()) == [f"s5t2_calibrated.{end}" for end in ("json", "png", "yaml")]
    written = yaml.safe_load((out / "s5t2_calibrated.yaml").read_text())
    scale = resolve(written["scale"])
    assert (scale.space, scale.time) == (5, 2)
    assert written["training"]["method"]["crop"] % 5 == 0


def test_bad_input_is_one_clear_line(datasets, tmp_path, capsys):
    hr, lr = datasets
    for words, text in {
        ("--time", "7"): "scale.time = 7",
        ("--time", "2", "--space", "10"): "--space 10",
        ("--time", "2", "--hr", str(tmp_path / "no.zarr")): "no.zarr is not there",
    }.items():
        assert main(["calibrate", "scale", "--hr", hr, "--lr", lr, *words, "--to", str(tmp_path / "out")]) == 2
        assert text in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
