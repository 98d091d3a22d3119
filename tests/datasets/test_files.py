"""The source `rain` and its recipes: whatever the files look like, the dataset holds mean rates over hours, mm h-1.

One line per habit of files; the right values are those of the plain file.
"""

import datetime as dt
from argparse import Namespace

import numpy as np
import pytest
import xarray as xr
import yaml

from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.datasets import plan, recipes
from anemoi_scaleadapt.datasets.files import RainSource
from anemoi_scaleadapt.errors import ScaleAdaptError

HOURS, NY, NX = 24, 6, 8
START = np.datetime64("2018-05-18T01", "ns")
RAIN = np.round(np.random.default_rng(0).gamma(0.3, 4, (HOURS, NY, NX)), 1).astype("float32")
LATITUDE, LONGITUDE = 50 - 0.01 * np.arange(NY), 5 + 0.014 * np.arange(NX)
DATES = [dt.datetime(2018, 5, 18, 1) + dt.timedelta(hours=k) for k in range(HOURS)]


def plain(rain=RAIN, start=START, step="1h", units="mm h-1", name="rain", latitude=LATITUDE, longitude=LONGITUDE):
    times = start + np.arange(len(rain)) * np.timedelta64(int(step[:-1]), step[-1])
    attributes = {"units": units} if units else {}
    return xr.Dataset(
        {name: (("time", "latitude", "longitude"), rain, attributes)},
        {
            "time": times,
            "latitude": ("latitude", latitude, {"units": "degrees_north"}),
            "longitude": ("longitude", longitude, {"units": "degrees_east"}),
        },
        {"licence": "CC0", "institution": "us"},
    )


def starts_with_bounds():
    data = plain(start=START - np.timedelta64(1, "h"))
    ends = data.time.values + np.timedelta64(1, "h")
    data["time_bnds"] = (("time", "nv"), np.stack([data.time.values, ends], 1))
    data.time.attrs["bounds"] = "time_bnds"
    return data


def quarters():
    """Rates over 15 minutes, of which the hours are the means."""
    parts = RAIN[:, None] * np.array([0.5, 1.5, 0.25, 1.75], "f4")[:, None, None]
    return plain(parts.reshape(-1, NY, NX), START - np.timedelta64(45, "m"), "15m")


def code():
    rain = RAIN.copy()
    rain[3, 0, 0] = -9999
    return plain(rain)


#: what the files are like -> (files, options of the command)
HABITS = {
    "plain": ({"rain.nc": plain()}, []),
    "kg m-2 s-1": ({"rain.nc": plain(RAIN / 3600, units="kg m-2 s-1")}, []),
    "mm over the hour": ({"rain.nc": plain(units="mm")}, []),
    "no unit": ({"rain.nc": plain(units=None)}, ["--units", "mm h-1"]),
    "another name": ({"rain.nc": plain(name="tp", units="mm")}, []),
    "a name that tells nothing": ({"rain.nc": plain(name="x17")}, ["--variable", "x17"]),
    "south first": ({"rain.nc": plain(RAIN[:, ::-1], latitude=LATITUDE[::-1])}, []),
    "0 to 360": ({"rain.nc": plain(longitude=LONGITUDE - 20 + 360)}, []),
    "starts with bounds": ({"rain.nc": starts_with_bounds()}, []),
    "starts without a word": ({"rain.nc": plain(start=START - np.timedelta64(1, "h"))}, ["--time-label", "start"]),
    "accumulated since the start": (
        {"rain.nc": plain(RAIN.cumsum(0), units="mm")},
        ["--accumulated", "since-start"],
    ),
    "time last": ({"rain.nc": plain().transpose("longitude", "latitude", "time")}, []),
    "quarters of an hour": ({"rain.nc": quarters()}, []),
    "valid_time": ({"rain.nc": plain().rename(time="valid_time")}, []),
    "an undeclared code": ({"rain.nc": code()}, []),
    "a trace below zero": ({"rain.nc": plain(np.where(RAIN == 0, np.float32(-1e-7), RAIN))}, []),
    "a file an hour, 1 and 10": (
        {f"rain_{k + 1}.nc": plain(RAIN[k : k + 1], START + np.timedelta64(k, "h")) for k in range(HOURS)},
        [],
    ),
    "a Zarr": ({"rain.zarr": plain()}, []),
}


def write(folder, files):
    for name, data in files.items():
        data.to_zarr(folder / name) if name.endswith(".zarr") else data.to_netcdf(folder / name, engine="netcdf4")
    names = list(files)
    return str(folder / (names[0] if len(names) == 1 else "rain_*.nc"))


@pytest.fixture
def planned(tmp_path):
    """``planned(files, *options)``: status and the fine recipe of the command."""

    def run(files, *options):
        path = write(tmp_path, files)
        status = main(["datasets", "2", "--rain", path, "--name", "radar", "--to", str(tmp_path / "to"), *options])
        made = sorted((tmp_path / "to").glob("*.yaml")) if (tmp_path / "to").exists() else []
        return status, [yaml.safe_load(file.read_text()) for file in made]

    return run


def read(recipe):
    (keys,) = (step["rain"] for step in recipe["input"]["pipe"] if "rain" in step)
    return RainSource(None, **keys)


@pytest.mark.parametrize("habit", HABITS)
def test_the_recipe_reads_the_same_rain_whatever_the_files_are_like(planned, habit, capsys):
    files, options = HABITS[habit]
    status, made = planned(files, *options)
    assert status == 0, capsys.readouterr().err
    fine, coarse = made
    dates = {"start": DATES[0].isoformat(), "end": DATES[-1].isoformat(), "frequency": "1h"}
    assert fine["dates"] == coarse["dates"] == dates and fine["licence"] == "CC0"
    assert [recipe["input"]["pipe"][1]["coarsen"]["factor"] for recipe in made] == [1, 2]
    fields = read(fine).execute_valid_dates(DATES)
    expected = RAIN.astype("f8")
    if habit == "an undeclared code":
        expected[3, 0, 0] = np.nan
    got = np.stack([field.to_numpy() for field in fields])
    np.testing.assert_allclose(got, expected, atol=2e-4 if "accumulated" in habit else 1e-5)
    assert {field.metadata("units") for field in fields} == {"mm h-1"}
    assert {field.metadata("param") for field in fields} == {"rain"}
    latitude, longitude = fields[0].grid_points()
    np.testing.assert_allclose(latitude.reshape(NY, NX)[:, 0], LATITUDE)
    shift = -20 if habit == "0 to 360" else 0
    np.testing.assert_allclose((longitude.reshape(NY, NX)[0] - LONGITUDE - shift + 180) % 360, 180, atol=1e-6)


@pytest.mark.parametrize(
    ("files", "options", "says"),
    [
        ({"rain.nc": plain(units=None)}, [], "--units"),
        ({"rain.nc": plain(units="dBZ")}, [], "no unit of rain"),
        ({"rain.nc": plain(step="3h")}, [], "3 h"),
        ({"rain.nc": plain()}, ["--start", "2020", "--end", "2020"], "has no hour from 2020-01-01T01:00:00"),
        ({"rain.nc": plain()}, ["--min-quality", "50"], "--min-quality"),
        ({"rain.nc": plain()}, ["--box", "40", "40", "41", "41"], "holds no pixel"),
        ({"rain.nc": plain()}, ["--variable", "tp"], "tp"),
        ({"rain.nc": plain().convert_calendar("noleap", use_cftime=True)}, [], "calendar noleap"),
    ],
)
def test_what_cannot_be_understood_is_one_line_and_no_recipe(planned, files, options, says, capsys):
    status, made = planned(files, *options)
    told = capsys.readouterr().err
    assert status == 2 and not made and says in told and told.count("\n") == 1


def test_missing_hours_are_listed_and_the_dataset_builds(planned, create, tmp_path, capsys):
    from anemoi.datasets import open_dataset

    lost = [5, 6, 19]
    status, made = planned({"rain.nc": plain().isel(time=[k for k in range(HOURS) if k not in lost])})
    assert status == 0 and "3 of 24 hours are not there, the first 2018-05-18T06:00:00" in capsys.readouterr().out
    assert made[1]["dates"]["missing"] == [DATES[k].isoformat() for k in lost]
    create(made[1], tmp_path / "lr.zarr")
    data = open_dataset(str(tmp_path / "lr.zarr"))
    assert sorted(int(k) for k in data.missing) == lost and len(data.dates) == HOURS
    blocks = RAIN.reshape(HOURS, 3, 2, 4, 2).astype("f8").mean(axis=(2, 4))
    np.testing.assert_allclose(data[7][0, 0].reshape(3, 4), blocks[7], rtol=1e-6)
    told = data.variables_metadata["rain"]
    assert told["units"] == "mm h-1" and told["process"] == "average" and data.field_shape == (3, 4)


def test_an_hour_that_is_asked_for_and_not_there_is_named(tmp_path):
    source = RainSource(None, path=write(tmp_path, {"rain.nc": plain()}))
    with pytest.raises(ScaleAdaptError, match=r"hour that ends at 2018-05-19T01:00:00.*`missing` under `dates`"):
        source.execute_valid_dates([DATES[-1] + dt.timedelta(hours=1)])


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"unit": "mm"}, "rain.unit is not a setting; did you mean rain.units?"),
        ({"time_label": "begin"}, "rain.time_label = 'begin'"),
        ({"path": []}, "rain.path"),
    ],
)
def test_keys_of_the_source_are_checked(keys, says):
    with pytest.raises(ScaleAdaptError) as caught:
        RainSource(None, **{"path": "rain.nc", **keys})
    assert says in str(caught.value)


def test_hours_that_overlap_keep_their_step(tmp_path):
    """Means over an hour that begin every 15 minutes, told by bounds, as `rain radklim --every 15` writes them."""
    data = plain(RAIN, START, "15m")
    data["time_bnds"] = (("time", "nv"), np.stack([data.time.values - np.timedelta64(1, "h"), data.time.values], 1))
    data.time.attrs["bounds"] = "time_bnds"
    path = write(tmp_path, {"rain.nc": data})
    names = ("start", "end", "train_start", "train_end", "crop", "box", "name", "min_quality")
    told = ("variable", "units", "time_label", "accumulated")
    made = plan.make(Namespace(rain=path, factors=[2], **dict.fromkeys((*names, *told))))
    assert made.step == dt.timedelta(minutes=15) and not made.missing
    recipe = recipes.recipe(made.origin, 1, made.area, made.dates, made.training, step=made.step)
    assert recipe["dates"]["frequency"] == "15m"
    field = RainSource(None, path=path).execute_valid_dates([DATES[0] + dt.timedelta(minutes=30)])[0]
    np.testing.assert_array_equal(field.to_numpy(), RAIN[2])


def test_a_box_chooses_rows_and_columns(tmp_path):
    path = write(tmp_path, {"rain.nc": plain()})
    names = ("start", "end", "train_start", "train_end", "crop", "name", "min_quality")
    told = ("variable", "units", "time_label", "accumulated")
    box = [LONGITUDE[2] - 0.001, LATITUDE[4] - 0.001, LONGITUDE[5] + 0.001, LATITUDE[1] + 0.001]
    made = plan.make(Namespace(rain=path, factors=[2], box=box, **dict.fromkeys((*names, *told))))
    assert made.area == recipes.Area(1, 2, 4, 4)
