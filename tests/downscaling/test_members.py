import numpy as np
import pytest
import xarray as xr

from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.downscaling.api import downscale
from anemoi_scaleadapt.downscaling.members import draw_all, hours_of, to_dataset
from anemoi_scaleadapt.downscaling.plan import make_plan
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.regrid.named import find_grid


@pytest.fixture
def plan(flux):
    return make_plan(open_rain(flux), find_grid("EPSG:2154", 1000, (6e5, 66e5, 65e4, 665e4)))


def repeated(coarse, times, s, t, members, seed, done=0):
    """Each block's rain everywhere in it, at all its hours; more of it in later members; 1 more with another seed."""
    for k, frame in enumerate(coarse):
        fine = np.broadcast_to(frame, (t, *frame.shape)).repeat(s, 1).repeat(s, 2)
        for m in reversed(range(members)):
            yield m, k * t, fine[None] * (1 + m) + (seed > 0)


def test_every_member_of_the_input_gives_its_own(plan):
    data = to_dataset(plan, draw_all(plan, repeated, 3), 3, title="t")
    assert dict(data.sizes) == {
        "realization": 2, "member": 3, "time": 24, "y": 50, "x": 50, "frame_time": 4, "block_y": 2, "block_x": 2,
        "bnds": 2,
    }  # fmt: skip
    assert str(data.time.values[6])[:13] == "2020-01-01T13" and data.scaleadapt_time_factor == 6
    first = data.rain.values[0, 0].reshape(4, 6, 2, 25, 2, 25).mean((1, 3, 5))
    np.testing.assert_allclose(first, data.coarse_rain.values[0], rtol=1e-5)
    second = data.rain.values[1, 0].reshape(4, 6, 2, 25, 2, 25).mean((1, 3, 5))
    np.testing.assert_allclose(second, data.coarse_rain.values[1] + 1, rtol=1e-5)  # another seed
    assert data.x.attrs["standard_name"] == "projection_x_coordinate" and "crs_wkt" in data.crs.attrs


def test_one_function_from_a_dataset_in_memory(tmp_path, monkeypatch):
    """A climate model's flux on its own calendar, decoded by xarray: understood as the file of it would be."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    lat, lon = np.arange(49.0, 44.9, -0.25), np.arange(-0.5, 5.1, 0.25)
    times = xr.date_range("2020-01-01T03", periods=2, freq="3h", calendar="noleap", use_cftime=True)
    rain = np.random.default_rng(0).gamma(0.5, 1, (2, len(lat), len(lon))).astype("float32")
    data = xr.Dataset(
        {"pr": (("time", "lat", "lon"), rain / 3600, {"units": "kg m-2 s-1", "cell_methods": "time: mean"})},
        {
            "time": times,
            "lat": ("lat", lat, {"units": "degrees_north"}),
            "lon": ("lon", lon, {"units": "degrees_east"}),
        },
    )
    where = {"resolution": 1000, "box": (6e5, 66e5, 65e4, 665e4)}
    drawn = downscale(data, "EPSG:2154", repeated, members=2, **where)
    assert drawn.rain.shape == (2, 6, 50, 50) and drawn.scaleadapt_input_variable == "pr"
    data.to_netcdf(tmp_path / "pr.nc")
    same = downscale(str(tmp_path / "pr.nc"), "EPSG:2154", repeated, members=2, **where)
    np.testing.assert_array_equal(drawn.rain.values, same.rain.values)
    part = downscale(data, "EPSG:2154", repeated, members=2, start="2020-01-01T06", **where)
    np.testing.assert_array_equal(part.rain.values, drawn.rain.values[:, 3:])
    with pytest.raises(ScaleAdaptError, match="end yesterday is not a date"):
        downscale(data, "EPSG:2154", repeated, end="yesterday", **where)
    with pytest.raises(ScaleAdaptError, match="at least one"):
        downscale(data, "EPSG:2154", repeated, members=0, **where)


def test_the_command_says_what_it_understood_and_writes_the_blocks(tmp_path, plan, capsys):
    source, to = str(tmp_path / "pr.nc"), tmp_path / "b.nc"
    options = ["--grid", "EPSG:2154", "--resolution", "1000", "--box", "600000,6600000,650000,6650000"]
    assert main(["downscale", source, *options, "--coarse-to", str(to)]) == 0
    said = capsys.readouterr().out
    assert "t = 6" in said and "kg m-2 s-1" in said and "2 x 2 blocks" in said
    blocks = open_rain(str(to))
    np.testing.assert_allclose(blocks.at(blocks.times), plan.raw.at(plan.raw.times), rtol=1e-6)
    assert blocks.interval == np.timedelta64(6, "h")
    assert main(["downscale", source, *options, "--coarse-to", source]) == 2  # not over its own input
    assert main(["downscale", source, *options, "--coarse-to", str(tmp_path / "b.txt")]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_hours_of_frames():
    hours = hours_of(np.array(["2020-01-01T06", "2020-01-01T12"], "M8[s]"), 6)
    assert str(hours[0])[11:13] == "01" and str(hours[-1])[11:13] == "12" and len(hours) == 12
