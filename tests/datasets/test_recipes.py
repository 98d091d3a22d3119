import datetime as dt
from argparse import Namespace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from anemoi_scaleadapt.datasets import plan, recipes
from anemoi_scaleadapt.errors import ScaleAdaptError

TOLD = ("variable", "units", "time_label", "accumulated")
CONFIG = Path(__file__).parents[2] / "config" / "datasets"
RAIN = recipes.Origin("radar", {"rain": {"path": "rain.nc"}}, "CC BY 4.0", "them")
DATES = dt.datetime(2023, 1, 1, 1), dt.datetime(2024, 1, 1)


def recipe(factor, area, dates=DATES):
    return recipes.recipe(RAIN, factor, area, dates, dates)


@pytest.mark.parametrize("factor", [1, 2, 10, 25])
def test_names_pass_the_check_of_anemoi_datasets(factor):
    from anemoi.datasets.create.naming import check_dataset_name

    made = recipe(factor, recipes.Area(0, 0, 50, 100))
    found = check_dataset_name(
        made["name"], resolution=f"{factor}km", start_date=DATES[0], end_date=DATES[1],
        frequency=dt.timedelta(hours=1), layout="gridded",
    )  # fmt: skip
    assert found == []


def test_the_factor_is_the_single_key_that_differs_in_the_input():
    fine, coarse = (recipe(s, recipes.Area(0, 0, 50, 100))["input"]["pipe"] for s in (1, 25))
    assert fine[1]["coarsen"].pop("factor") == 1 and coarse[1]["coarsen"].pop("factor") == 25
    assert fine == coarse


@given(st.integers(1, 3_000_000))
def test_groups_of_dates_are_whole_chunks_so_that_no_two_parts_write_one(pixels):
    chunk, group = recipes.chunk_dates(pixels), recipes.group_dates(pixels)
    assert group % chunk == 0 and chunk >= 1
    assert chunk == 1 or 4 * chunk * pixels <= 4_000_000


@given(st.lists(st.integers(1, 12), min_size=1, max_size=3), st.integers(1, 300), st.integers(1, 300))
def test_the_largest_crop_that_fits_is_divided_by_all_factors_and_one_block_more_is_not_there(factors, h, w):
    try:
        area = recipes.Area(3, 4, h, w).fit(factors)
    except ScaleAdaptError:
        import math

        assert min(h, w) < math.lcm(*factors)
        return
    for s in factors:
        assert area.height % s == 0 and area.width % s == 0
    assert area.height <= h and area.width <= w and (area.row, area.col) == (3, 4)
    assert recipes.Area(0, 0, area.height, area.width).fit(factors) == recipes.Area(0, 0, area.height, area.width)


@pytest.mark.parametrize("name", ["comephore", "radklim"])
def test_the_packaged_pair_is_valid_and_differs_in_the_factor(name):
    from anemoi.datasets.create.recipe import Recipe

    files = sorted(CONFIG.glob(f"{name}-*.yaml"))
    assert len(files) == 2
    loaded = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]
    for file, made in zip(files, loaded, strict=True):
        Recipe(**made)
        factor = made["input"]["pipe"][1]["coarsen"].pop("factor")
        assert file.stem == f"{name}-{factor}km"
        assert made["build"]["group_by"] % made["output"]["chunking"]["dates"] == 0
        assert made["statistics"]["end"] < made["dates"]["end"]
    assert loaded[0]["input"] == loaded[1]["input"] and loaded[0]["dates"] == loaded[1]["dates"]


def options(**keys):
    names = ("start", "end", "train_start", "train_end", "crop", "box", "name", "min_quality", *TOLD)
    return Namespace(**{"min_valid": 1.0, "factors": [10], **dict.fromkeys(names), **keys})


def test_a_factor_that_does_not_divide_takes_the_largest_crop_and_says_so(months):
    planned = plan.make(options(rain=str(months[0]), start="2019-01-31T13", end="2019-02-01T12", factors=[7]))
    assert planned.area == recipes.Area(0, 0, 35, 56)
    assert "the first 35 rows and 56 columns" in planned.remarks[0]
    assert planned.factors == [1, 7]


def test_the_national_crop_is_the_default_for_national_frames(national_tar):
    planned = plan.make(options(rain=str(national_tar), start="1997", end="2020", train_end="2015", factors=[25]))
    assert planned.area == plan.NATIONAL and planned.remarks == []
    assert planned.training == (dt.datetime(1997, 1, 1, 1), dt.datetime(2016, 1, 1))


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({}, "--start and --end"),
        ({"start": "2019", "end": "2019", "factors": [0]}, "FACTOR: 0"),
        ({"start": "2019", "end": "2019", "factors": [41]}, "no crop of 40 x 60"),
        ({"start": "2019", "end": "2019", "train_end": "2020"}, "--train-end"),
        ({"start": "2019", "end": "2019", "crop": [0, 0, 10, 10], "box": [0, 1, 2, 3]}, "--crop and --box"),
        ({"start": "2019", "end": "2019", "crop": [0, 0, -5, 10]}, "--crop"),
        ({"start": "2019", "end": "2019", "crop": [35, 0, 10, 10]}, "--crop.*40 x 60"),
        ({"start": "2019", "end": "2019", "box": [50, 1, 52, 3]}, "holds no pixel"),
        ({"rain": "nowhere.nc"}, "nowhere.nc"),
        ({"rain": "nowhere.nc", "min_quality": 50.0}, "--min-quality"),
        ({"units": "mm"}, "--units"),
        ({"rain": "nowhere"}, "nowhere"),
    ],
)
def test_bad_options_are_named(months, keys, named):
    with pytest.raises(ScaleAdaptError, match=named):
        plan.make(options(**{"rain": str(months[0]), **keys}))
