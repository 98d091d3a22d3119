"""What people's files do to a run, one line an instance: the same members, or one clear error."""

import logging

import numpy as np
import pytest
import xarray as xr
import yaml

from anemoi_scaleadapt.errors import ScaleAdaptError
from rain.test_from_grib import message
from support.coarse import write_weights

HOURS = np.arange(1, 13)  # ends of the hours, from 2020-01-02 on
START = np.datetime64("2020-01-02T00", "ns")
HOUR = np.timedelta64(1, "h")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, pair, tiny_network):
    """Weights and fine dataset, twelve hours of the coarse (hours, y, x), latitudes, longitudes."""
    from anemoi.datasets import open_dataset

    lr, hr = pair(space=5, cells=8, hours=60)
    data = open_dataset(lr)
    first = int(np.flatnonzero(data.dates == START + HOUR)[0])
    rain = data[first : first + 12][:, 0, 0].reshape(-1, 8, 8)
    weights = write_weights(tmp_path_factory.mktemp("field") / "weights", tiny_network)
    return (str(weights), hr), rain, (data.latitudes.reshape(8, 8), data.longitudes.reshape(8, 8))


@pytest.fixture
def draw(trained, tmp_path):
    """``draw(coarse)``: one member of six hours from a NetCDF or GRIB file."""
    from anemoi.inference.commands import COMMANDS
    from anemoi.utils.cli import cli_main

    def run(coarse, **runner):
        weights, hr = trained[0]
        if isinstance(coarse, bytes):
            (tmp_path / "coarse.grib").write_bytes(coarse)
            source = {"grib": str(tmp_path / "coarse.grib")}
        else:
            path = tmp_path / f"coarse-{len([*tmp_path.iterdir()])}.nc"
            coarse.to_netcdf(path, engine="netcdf4")
            source = {"netcdf": str(path)}
        config = {
            "checkpoint": weights,
            "runner": {"scaleadapt": {"members": 1, "grid": hr, "scale": {"space": 5, "time": 3}} | runner},
            "date": "2020-01-02T03:00:00",
            "lead_time": "6h",
            "write_initial_state": False,
            "input": {"lr": source, "hr": "empty"},
            "predict_kwargs": {"sampler": {"steps": 2}},
            "output": {"lr": "none", "hr": {"members": str(tmp_path / "members.nc")}},
        }
        (tmp_path / "run.yaml").write_text(yaml.safe_dump(config))
        cli_main("", "", COMMANDS, ["run", str(tmp_path / "run.yaml")])
        with xr.open_dataset(tmp_path / "members.nc", engine="netcdf4") as file:
            return file.rain.load()

    return run


@pytest.fixture(scope="module")
def file(trained):
    """``file(rain=, lat=, lon=, times=, units=, name=)``: coarse rain as a dataset, hourly by default."""
    _, rain, (lat, lon) = trained

    def make(rain=rain, lat=lat, lon=lon, times=START + HOURS * HOUR, units="mm h-1", name="rain", **more):
        attributes = {"units": units} if units else {}
        return xr.Dataset(
            {name: (("time", "y", "x"), rain, attributes | more)},
            {
                "time": times,
                "latitude": (("y", "x"), lat, {"units": "degrees_north"}),
                "longitude": (("y", "x"), lon, {"units": "degrees_east"}),
            },
        )

    make.rain, make.lat, make.lon = rain, lat, lon
    make.frames = rain.reshape(4, 3, 8, 8).mean(1)
    make.ends = START + HOURS[2::3] * HOUR
    return make


@pytest.fixture(scope="module")
def wanted():
    """Members of the plain file, once they are drawn."""
    return {}


@pytest.fixture
def want(draw, wanted, file):
    """Members of the plain file."""
    if not wanted:
        wanted["rain"] = draw(file())
    return wanted["rain"]


def bounded(data, starts, ends):
    data["time_bnds"] = (("time", "nv"), np.stack([starts, ends], 1))
    data.time.attrs["bounds"] = "time_bnds"
    return data


def at(rain, value, where):
    rain = np.array(rain)
    rain[where] = value
    return rain


SAME = {
    "south first": lambda f: f(f.rain[:, ::-1], f.lat[::-1], f.lon[::-1]),
    "columns as rows": lambda f: f(f.rain.swapaxes(1, 2), f.lat.T, f.lon.T),
    "flux": lambda f: f(f.rain / 3600, units="kg m-2 s-1"),
    "mm in three hours": lambda f: f(f.frames * 3, times=f.ends, units="mm"),
    "since the start": lambda f: f(
        f.rain.cumsum(0), units="mm", long_name="Total precipitation since the start of the forecast"
    ),
    "tp": lambda f: f(name="tp"),
    "starts with bounds": lambda f: bounded(
        f(times=START + (HOURS - 1) * HOUR), START + (HOURS - 1) * HOUR, START + HOURS * HOUR
    ),
    "a trace below zero": lambda f: f(np.where(f.rain < 1e-3, np.float32(-1e-6), f.rain)),
}


@pytest.mark.parametrize("case", [*SAME])
def test_the_same_members(case, draw, want, file):
    got = draw(SAME[case](file))
    np.testing.assert_array_equal(got.isnull(), want.isnull())
    # labels, rows, units and sums are undone to rounding
    np.testing.assert_allclose(got, want, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("scale", [{"time": 3}, {"space": 5}, None])
def test_what_of_the_pair_is_not_named_is_found(scale, draw, want, file):
    frames = file(file.frames, times=file.ends)
    drawn = draw(file() if scale == {"time": 3} else frames, scale=scale)
    np.testing.assert_allclose(drawn, want, rtol=2e-3, atol=2e-3)


def test_what_a_file_does_not_tell_the_run_file_says(draw, want, file):
    coarse = file(file.rain.cumsum(0) / 1000, units=None, name="a").assign(b=file().rain)
    drawn = draw(coarse, reading={"variable": "a", "units": "m", "accumulated": "since-start"})
    np.testing.assert_allclose(drawn, want, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("value", [np.inf, 4000.0])
def test_a_cell_that_is_no_rain_costs_its_own_surroundings_only(value, draw, file, caplog):
    drawn = draw(file(at(file.rain, value, np.s_[:, 0, 0])))
    assert drawn[..., :5, :5].isnull().all() and not drawn[..., 5:, :].isnull().any()
    assert "count as missing" in caplog.text


#: AIFS ENS as ECMWF sends it, on a grid of 0.1 degrees round the domain
AIFS = {
    "centre": "ecmf", "setLocalDefinition": 1, "marsClass": "ai", "marsStream": "enfo", "marsType": "pf",
    "expver": "0001", "productDefinitionTemplateNumber": 11, "numberOfForecastsInEnsemble": 2, "paramId": 228228,
    "dataDate": 20200102, "dataTime": 0, "Ni": 8, "Nj": 8, "latitudeOfFirstGridPointInDegrees": 50.2,
    "latitudeOfLastGridPointInDegrees": 49.5, "longitudeOfFirstGridPointInDegrees": 4.8,
    "longitudeOfLastGridPointInDegrees": 5.5,
}  # fmt: skip


def test_a_member_of_a_global_ensemble_since_the_start_on_a_grid_of_its_own(draw, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rates = {1: [0.5, 2.0, 1.0, 0.0], 2: [3.0, 0.0, 0.25, 1.0]}  # mm h-1, every three hours
    messages = [
        message(np.full((8, 8), 3 * sum(rate[: k + 1])), AIFS | {"number": number, "stepRange": f"0-{3 * k + 3}"})
        for number, rate in rates.items()
        for k in range(4)
    ]
    drawn = draw(b"".join(messages), reading={"member": 1, "blocks": True})
    frames = drawn.values[0].reshape(2, 3, 8, 5, 8, 5).astype("f8").mean((1, 3, 5))
    np.testing.assert_allclose(frames, np.broadcast_to([[[0.0]], [[0.25]]], (2, 8, 8)), rtol=1e-4, atol=1e-6)
    with pytest.raises(ScaleAdaptError, match="holds 2 members of coarse rain: name one from 0 to 1"):
        draw(b"".join(messages), reading={"blocks": True})
    with pytest.raises(ScaleAdaptError, match="is not on the coarse grid"):
        draw(b"".join(messages), reading={"member": 1})


def test_an_hour_that_is_not_there_is_missing_in_its_frame_alone(draw, file, caplog):
    there = np.delete(np.arange(12), 6)  # the first hour of the second frame, which is asked for last
    with pytest.raises(ScaleAdaptError, match=r"has no rain for .*T07:00:00Z"):
        draw(file(file.rain[there], times=START + HOURS[there] * HOUR), lr_frequency="1h")
    context = np.delete(np.arange(12), 1)
    with caplog.at_level(logging.WARNING):
        drawn = draw(file(file.rain[context], times=START + HOURS[context] * HOUR), lr_frequency="1h")
    assert not drawn.isnull().any() and "No context" in caplog.text


REFUSED = {
    "another place": (lambda f: f(lat=f.lat - 5, lon=f.lon + 20), "is not on the coarse grid .* lies .* km"),
    "no unit": (lambda f: f(units=None), "rain has no units: .*reading: {units: "),
    "a unit of something else": (lambda f: f(units="K"), "K"),
    "negative": (lambda f: f(np.where(f.rain < 0.2, np.float32(-0.3), f.rain)), "negative rain, down to -0.3"),
    "sums without a word": (
        lambda f: f(f.rain.cumsum(0), units="mm"),
        "accumulated.*In a run file.*reading: {accumulated: ",
    ),
    "members": (lambda f: xr.concat([f(), f()], "member"), "holds 2 members of coarse rain"),
    "every two hours": (lambda f: f(f.rain[1::2], times=START + HOURS[1::2] * HOUR), "comes every 2h"),
}


@pytest.mark.parametrize("case", [*REFUSED])
def test_refused_in_one_line(case, draw, file, tmp_path):
    change, says = REFUSED[case]
    with pytest.raises(ScaleAdaptError, match=says):
        draw(change(file))
    assert not (tmp_path / "members.nc").exists()
