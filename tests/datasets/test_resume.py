"""kill -9 during the load, at several places; the documented resume gives the same bytes."""

import datetime as dt
import multiprocessing
import os
import signal
import time

import pytest
import yaml

from anemoi_scaleadapt.datasets import recipes
from anemoi_scaleadapt.datasets.comephore.grid import StereGrid
from anemoi_scaleadapt.hours import ONE_HOUR
from support import synthetic

HOURS = 240
START = dt.datetime(2019, 1, 30, 1)
ARRAYS = ("data", "dates", "latitudes", "longitudes", "mean", "stdev", "minimum", "maximum")


def contents(path):
    """The bytes of every chunk of every array, by file."""
    return {
        str(file.relative_to(path)): file.read_bytes()
        for array in ARRAYS
        for file in sorted((path / array).rglob("*"))
        if file.is_file() and ".partial" not in file.name
    }


@pytest.fixture(scope="module")
def whole(create, tmp_path_factory):
    """A recipe of ten groups over two tars, its built Zarr, and the bytes of that undisturbed build."""
    from anemoi.datasets.create.recipe import loader_recipe_from_yaml

    folder = tmp_path_factory.mktemp("whole")
    synthetic.write_months(folder / "tars", StereGrid().crop(500, 500, 120, 160), START, HOURS)
    source = recipes.Origin("comephore", {"comephore": {"path": str(folder / "tars")}}, "", "")
    dates = (START, START + (HOURS - 1) * ONE_HOUR)
    recipe = recipes.recipe(source, 1, recipes.Area(0, 0, 120, 160), dates, dates)
    recipe["build"]["group_by"] = 24
    recipe["output"]["chunking"]["dates"] = 8
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    loaded, built = loader_recipe_from_yaml(str(folder / "recipe.yaml")), folder / "out.zarr"
    create(loaded, built)
    return loaded, built, contents(built)


def kill_after(chunks, path, parts=None):
    """Load in a process of its own; SIGKILL it as soon as so many chunks are on disk."""
    from anemoi.datasets.create.tasks import run_task

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pyproj", "anemoi.datasets.create.tasks"])
    process = context.Process(target=run_task, args=("load",), kwargs={"path": str(path), "parts": parts})
    process.start()
    limit = time.monotonic() + 120
    while process.is_alive() and time.monotonic() < limit:
        if written(path) >= chunks:
            process.kill()
            break
        time.sleep(0.001)
    process.join()
    assert process.exitcode == -signal.SIGKILL, "the load ended before it could be killed"


def written(path):
    return sum(name[0].isdigit() for name in os.listdir(path / "data"))


@pytest.mark.slow
def test_a_load_killed_twice_and_resumed_gives_the_same_bytes(whole, initialise, tmp_path):
    from anemoi.datasets.create.tasks import run_task

    recipe, _, expected = whole
    path = tmp_path / "out.zarr"
    initialise(recipe, path)
    # Within the first or second group, then in the sixth: the second load resumes what the first left.
    for chunks in (1, 17):
        kill_after(chunks, path)
        assert chunks <= written(path) < HOURS // 8
    run_task("load", path=str(path))
    run_task("finalise", path=str(path))
    assert contents(path) == expected


@pytest.mark.slow
def test_two_parts_one_of_them_killed_and_run_again_give_the_same_bytes(whole, initialise, tmp_path):
    from anemoi.datasets.create.tasks import run_task

    recipe, built, expected = whole
    path = tmp_path / "out.zarr"
    initialise(recipe, path)
    kill_after(4, path, "1/2")
    run_task("load", path=str(path), parts="2/2")
    run_task("load", path=str(path), parts="1/2")
    run_task("finalise", path=str(path))
    found = contents(path)
    # Statistics are merged from parts in another order: equal to rounding, all else to the bit.
    assert {k: v for k, v in found.items() if k.startswith(("data", "dates", "lat", "lon"))} == {
        k: v for k, v in expected.items() if k.startswith(("data", "dates", "lat", "lon"))
    }
    compare_statistics(path, built)


def compare_statistics(one, other):
    import numpy as np
    import zarr

    for name in ("mean", "stdev", "minimum", "maximum"):
        np.testing.assert_allclose(zarr.open(str(one))[name][:], zarr.open(str(other))[name][:], rtol=1e-12)
