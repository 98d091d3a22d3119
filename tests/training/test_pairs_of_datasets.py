"""Datasets that do not belong together, or hold what they should not, stop before training: one line per fault.

The base is a pair of invented rain, (5, 2), built once by anemoi-datasets; a fault is a change of a copy of its files.
"""

import shutil

import numpy as np
import pytest
import zarr

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.training.checks import check_datasets

PERIODS = {"training": (None, "60%"), "validation": ("60%", None)}


@pytest.fixture(scope="module")
def statics_pair(pair):
    return pair(space=5, cells=8, hours=60, statics=True)


@pytest.fixture
def changed(tmp_path, statics_pair):
    """``changed("lr", edit)``: a copy of one of the pair's datasets after ``edit(group)``."""

    def make(which, edit):
        path = tmp_path / f"{which}.zarr"
        shutil.copytree(statics_pair[which == "hr"], path)
        edit(zarr.open(str(path), "r+"))
        return str(path)

    return make


def check(lr, hr, periods=PERIODS, hours=8, select=("rain", "orography"), statics=("orography",), space=5, **more):
    datasets = {"lr": (lr, ["rain"]), "hr": (hr, list(select))}
    splits = {
        split: {
            name: {"dataset_config": {"dataset": path, "select": names}, "start": start, "end": end}
            for name, (path, names) in datasets.items()
            if path is not None
        }
        for split, (start, end) in periods.items()
    }
    return check_datasets(splits, hours=hours, space=space, statics=statics, **more)


def times(factor):
    return lambda g: g["data"].__setitem__(slice(None), g["data"][:] * factor)


def moved(by):
    return lambda g: g["data"].__setitem__(slice(None), np.roll(g["data"][:], by, axis=0))


def over_rows(change):
    """Change the rain, (time, y, x)."""

    def edit(g):
        data, shape, place = g["data"][:], g.attrs["field_shape"], g.attrs["variables"].index("rain")
        data[:, place, 0] = change(data[:, place, 0].reshape(-1, *shape)).reshape(len(data), -1)
        g["data"][:] = data

    return edit


def shifted(latitude, longitude):
    def edit(g):
        g["latitudes"][:] = g["latitudes"][:] + latitude
        g["longitudes"][:] = g["longitudes"][:] + longitude

    return edit


def unit(text):
    def edit(g):
        metadata = g.attrs["variables_metadata"]
        metadata["rain"]["units"] = text
        g.attrs["variables_metadata"] = metadata

    return edit


def cell(value, hours=slice(None)):
    return over_rows(lambda a: put(a, hours, value))


def put(array, hours, value):
    array[hours, 0, 0] = value
    return array


def minutes(every):
    """Pretend that the dates come every few minutes."""

    def edit(g):
        g["dates"][:] = g["dates"][0] + np.arange(len(g["dates"])) * np.timedelta64(every, "m")
        g.attrs["frequency"] = f"{every}m"
        g.attrs["end_date"] = str(g["dates"][-1])

    return edit


def static(change):
    def edit(g):
        place = g.attrs["variables"].index("orography")
        data = g["data"][:]
        data[:, place] = change(data[:, place], data[:, g.attrs["variables"].index("rain")])
        g["data"][:] = data

    return edit


def statistics(least, mean):
    def edit(g):
        place = g.attrs["variables"].index("rain")
        g["minimum"][place], g["mean"][place] = least, mean

    return edit


def test_a_pair_that_belongs_together_passes_and_tells_its_grids(statics_pair):
    assert check(*statics_pair) == {"lr": (8, 8), "hr": (40, 40)}


def test_the_fine_dataset_alone_passes(statics_pair):
    assert check(None, statics_pair[1], space=None) == {"hr": (40, 40)}


LR_FAULTS = {
    "per second": (times(1 / 3600), "3600 times smaller"),
    "in metres": (times(1e-3), "1000 times smaller"),
    "an hour late": (moved(1), "shifted by 1 frame"),
    "three hours early": (moved(-3), "shifted by 3 frames"),
    "upside down": (over_rows(lambda a: a[:, ::-1]), "flipped upside down"),
    "mirrored": (over_rows(lambda a: a[:, :, ::-1]), "mirrored from east to west"),
    "transposed": (over_rows(lambda a: a.swapaxes(1, 2)), "rows and columns exchanged"),
    "a cell aside": (over_rows(lambda a: np.roll(a, 1, 2)), "moved by 1 cell"),
    "other hours": (over_rows(lambda a: np.random.default_rng(0).permutation(a)), "another product"),
    "a fifth too much": (times(1.2), "ratio of totals 1.200"),
    "dry": (times(0), "dry where the fine rain is wet"),
    "unit per second": (unit("kg m-2 s-1"), "rescale: {rain: [3600, 0]}"),
    "no unit": (unit(None), "task.units"),
    "unknown unit": (unit("dBZ"), "'dBZ'"),
    "half a pixel north": (shifted(0.005, 0), "0.556 km"),
    "five degrees south": (shifted(-5, 0), "556 km"),
    "twenty degrees east": (shifted(0, 20), "25.020..25.370 E"),
    "negative": (over_rows(lambda a: a - 0.3), "negative rain"),
}  # fmt: skip
HR_FAULTS = {
    "negative": (over_rows(lambda a: np.where(a == 0, -0.05 - 0.01 * np.arange(40), a)), "negative rain"),
    "no unit": (unit(None), "does not say the unit of rain"),
    "statistics of codes": (statistics(-9999, -156), "-9999 to"),
    "a static that is the rain": (static(lambda s, r: r), "orography differs between"),
    "a static that is the error of the rain": (static(lambda s, r: 0.2 * r), "Take it out of data.datasets.hr.forcing"),
    "a static that drifts": (
        static(lambda s, r: s + np.linspace(0, 0.1, len(s))[:, None, None]),
        "orography differs between",
    ),
    "a static with a gap": (static(lambda s, r: np.where(np.arange(1600) == 3, np.nan, s)), "missing values"),
    "an infinite static": (static(lambda s, r: np.where(np.arange(1600) == 3, np.inf, s)), "missing values"),
}


@pytest.mark.parametrize("fault", LR_FAULTS)
def test_faults_of_the_coarse_dataset(changed, statics_pair, fault):
    edit, says = LR_FAULTS[fault]
    with pytest.raises(ScaleAdaptError) as caught:
        check(changed("lr", edit), statics_pair[1])
    assert says in str(caught.value) and "dataloader.training.datasets.lr (" in str(caught.value)


def test_a_fine_grid_two_of_five_pixels_aside(changed, statics_pair):
    """The coordinates are right, the values are not: no whole cell undoes it."""
    with pytest.raises(ScaleAdaptError, match="moved by a part of a cell"):
        check(statics_pair[0], changed("hr", over_rows(lambda a: np.roll(a, 2, 2))))


@pytest.mark.parametrize("fault", HR_FAULTS)
def test_faults_of_the_fine_dataset(changed, statics_pair, fault):
    edit, says = HR_FAULTS[fault]
    with pytest.raises(ScaleAdaptError) as caught:
        check(statics_pair[0], changed("hr", edit))
    assert says in str(caught.value) and "dataloader.training.datasets.hr (" in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"statics": ()}, "reads orography beside rain"),
        ({"select": ("rain", "hill"), "statics": ("hill",)}, "has no variable 'hill', only orography, rain"),
        ({"statics": ("rain", "orography")}, "rain is the truth"),
        ({"units": "kg m-2 s-1"}, "(task.units)"),
        ({"space": 4}, "with scale.space = 4 the fine grid must be 32 x 32"),
        ({"periods": {"training": (None, "70%"), "validation": ("60%", None)}}, "share 7 dates"),
        ({"periods": {"training": (None, 0)}}, "cannot be opened"),
    ],
)
def test_faults_of_the_config(statics_pair, keys, says):
    with pytest.raises(ScaleAdaptError) as caught:
        check(*statics_pair, **keys)
    assert says in str(caught.value)


def test_codes_of_a_few_cells_are_counted_and_pass(changed, statics_pair, caplog):
    lr = changed("lr", cell(np.inf))
    check(lr, changed("hr", cell(-9999.0)))
    assert "are no rain" in caplog.text and statics_pair[1] not in caplog.text


def test_a_trace_below_zero_passes_without_a_word(changed, statics_pair, caplog):
    dry = over_rows(lambda a: np.where(a == 0, -1e-7, a))
    check(changed("lr", dry), changed("hr", dry))
    assert "no rain" not in caplog.text


def test_what_the_user_states_counts(changed, statics_pair, caplog):
    lr = changed("lr", unit("mm"))
    check(lr, changed("hr", unit(None)), units="mm h-1")
    assert "the dataset says 'mm'" in caplog.text


def test_another_product_is_allowed_if_said(changed, statics_pair, caplog):
    lr = changed("lr", times(1.9))
    check(lr, statics_pair[1], same_rain=False)
    assert "1.9 times larger" in caplog.text


@pytest.mark.parametrize("west", [-0.2, 179.8], ids=["Greenwich", "date line"])
def test_longitudes_of_any_convention_belong_together(changed, statics_pair, west):
    """The fine grid in 0 .. 360, the coarse one in -180 .. 180, as the filter `coarsen` gives it."""
    first = zarr.open(statics_pair[1], "r")["longitudes"][0]
    fine = changed("hr", lambda g: g["longitudes"].__setitem__(slice(None), (g["longitudes"][:] - first + west) % 360))
    coarse = changed(
        "lr",
        lambda g: g["longitudes"].__setitem__(slice(None), (g["longitudes"][:] - first + west + 180) % 360 - 180),
    )
    check(coarse, fine)


def test_ten_minute_values_are_no_means_over_an_hour(changed, statics_pair):
    lr, hr = (changed(name, minutes(10)) for name in ("lr", "hr"))
    with pytest.raises(ScaleAdaptError, match="every 10 minutes"):
        check(lr, hr, hours=1)


def test_hours_that_begin_every_ten_minutes_are_means_over_an_hour():
    from anemoi_scaleadapt.training.agreement import persist

    rain = np.random.default_rng(0).gamma(0.1, 20, (40, 6, 6))
    assert persist(np.stack([rain[k : k + 6].mean(0) for k in range(35)]), 6) == 1
    assert persist(rain, 6) < 0.5
