"""Before anything else: pyproj, which ends the interpreter when it is imported after eccodes."""

import datetime
import os
import tempfile
from pathlib import Path

import numpy as np
import pyproj  # noqa: F401
import pytest

import support.shapes  # noqa: F401  (before the package: shapes are checked from here on)
from support.scoring import ensemble  # noqa: F401  (fixtures)
from support.showers import files, shower, write  # noqa: F401
from support.warm import Warm

# hydra sets this in a run; tests that compose in process need it themselves
os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
# anemoi notes the git state of every package that lies in an editable checkout, and with it all of .venv: two seconds
# for each dataset and training, none where there is no git. tests/inference starts its processes with git.
os.environ.setdefault("GIT_PYTHON_GIT_EXECUTABLE", "no-git")


@pytest.fixture(autouse=True)
def numpy_errors():
    """Put numpy's error state back: anemoi-datasets makes every later division by zero of a process raise."""
    with np.errstate():
        yield


@pytest.fixture(scope="session")
def warm():
    """A folder of anemoi's programs that start at once, see support/warm.py; for tests that start many."""
    with tempfile.TemporaryDirectory(prefix="warm") as folder:
        made = Warm(Path(folder))
        yield made.bin
        made.close()


@pytest.fixture
def numpy_quantiles(monkeypatch):
    """Quantiles for a fit from numpy, which has them at once; tests/bias/test_mapping.py proves them those of xsdba."""

    def train(coarse, truth, nodes):
        quantiles = np.quantile(coarse, nodes)
        return np.quantile(truth, nodes) / np.where(quantiles > 0, quantiles, np.nan), quantiles

    monkeypatch.setattr("anemoi_scaleadapt.bias.fit._xsdba", train)
    return train


@pytest.fixture(scope="session")
def tiny_network() -> dict:
    """Settings of a network that trains and draws in no time."""
    channels = {"mean_channels": [8, 8], "residual_channels": [8, 8], "frame_channels": 8}
    return {**channels, "blocks": 1, "heads": 2, "window": 3, "hours": 2, "averages": [1, 3]}


@pytest.fixture(scope="session")
def tiny_training(tiny_network) -> list[str]:
    """Overrides of a training on CPU that takes seconds: the tiny network, two steps, one process."""
    return [
        *(f"model.model.network.{key}={value}" for key, value in tiny_network.items()),
        "task.window=6",
        "training.max_steps=2",
        "training.method.crop=40",
        "training.method.crops_per_field=1",
        "training.method.score_members=2",
        "training.strategy._target_=anemoi.training.distributed.single.SingleDeviceStrategy",
        "+training.strategy.device=cpu",
        "system.hardware.accelerator=cpu",
        "dataloader.pin_memory=False",
        "dataloader.batch_size.training=2",
        "dataloader.limit_batches.validation=1",
        "diagnostics.enable_progress_bar=False",
        "diagnostics.log.mlflow.enabled=False",
    ]


@pytest.fixture(scope="session")
def anemoi_trainer(tiny_training):
    """anemoi's own trainer in process: ``anemoi_trainer(config, lr, hr, root, *overrides)``; call ``.train()``.

    Without an lr (None) coarse rain is made of the fine.
    """

    def build(config, lr, hr, root, *overrides):
        from anemoi.training.train.train import AnemoiTrainer
        from hydra import compose, initialize

        data = [f"system.input.dataset.hr={hr}", f"system.output.root={root}"]
        data += [f"system.input.dataset.lr={lr}"] if lr else []
        with initialize(version_base=None):
            return AnemoiTrainer(compose(config, [*data, *tiny_training, *overrides]))

    return build


def moving_showers(hours: int, size: int, seed: int = 0) -> np.ndarray:
    """Invented rain (hours, size, size) in mm h-1: round showers that drift, grow and leave dry places."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    rain = np.zeros((hours, size, size))
    for _ in range(3 * hours // 4 + 4):
        start, row, column = random.uniform(-4, hours), *random.uniform(0, size, 2)
        v, u, width, peak = *random.normal(0, 3, 2), random.uniform(2, size / 8), random.gamma(1.5, 3)
        for hour in range(max(0, int(start)), min(hours, int(start) + 6)):
            age = hour - start
            distance = (y - row - v * age) ** 2 + (x - column - u * age) ** 2
            rain[hour] += peak * np.exp(-distance / (2 * width**2)) * np.exp(-(((age - 3) / 2) ** 2))
    return np.where(rain < 0.05, 0, rain).astype(np.float32)


def start_dataset(recipe, path) -> None:
    """Run the task `init` of anemoi-datasets; note that the provenance is there, which `load` takes long to gather."""
    import zarr
    from anemoi.datasets.create.tasks import run_task

    run_task("init", recipe=recipe, path=str(path), overwrite=True)
    zarr.open(str(path), "r+").attrs["provenance_load"] = {}


def run_recipe(recipe, path) -> None:
    """Build a dataset with the tasks that anemoi-datasets runs, from a recipe or its mapping."""
    from anemoi.datasets.create.recipe import Recipe
    from anemoi.datasets.create.tasks import run_task

    start_dataset(Recipe(**recipe) if isinstance(recipe, dict) else recipe, path)
    run_task("load", path=str(path))
    run_task("finalise", path=str(path))


@pytest.fixture(scope="session")
def initialise():
    """``initialise(recipe, path)``: a dataset that waits for its load."""
    return start_dataset


@pytest.fixture(scope="session")
def create():
    """``create(recipe, path)``: a whole dataset."""
    return run_recipe


def build_zarr(rain: np.ndarray, start: datetime.datetime, path, latitude, longitude, more=None) -> str:
    """Build an anemoi dataset of hourly `rain` (and static fields `more`) from a NetCDF file, as a user would."""
    import xarray as xr

    times = [np.datetime64(start + datetime.timedelta(hours=i), "ns") for i in range(len(rain))]
    fields = {"rain": (("time", "y", "x"), rain, {"units": "mm h-1"})}
    for name, values in (more or {}).items():
        fields[name] = (("time", "y", "x"), np.broadcast_to(values, rain.shape).astype("f4"), {"units": "m"})
    coordinates = {
        "time": ("time", times),
        "latitude": (("y", "x"), latitude, {"standard_name": "latitude", "units": "degrees_north"}),
        "longitude": (("y", "x"), longitude, {"standard_name": "longitude", "units": "degrees_east"}),
    }
    source = f"{path}.nc"
    xr.Dataset(fields, coordinates).to_netcdf(source, engine="netcdf4")
    recipe = {
        "dates": {"start": times[0].astype(str)[:19], "end": times[-1].astype(str)[:19], "frequency": "1h"},
        "input": {"netcdf": {"path": source, "param": list(fields)}},
        "build": {"allow_nans": True},
        "statistics": {"start": times[0].astype(str)[:19], "end": times[-1].astype(str)[:19]},
    }
    run_recipe(recipe, path)
    return str(path)


@pytest.fixture(scope="session")
def pair(tmp_path_factory):
    """Two matching datasets of invented rain: ``pair(space=5, hours=60, cells=8, **changes)`` -> (lr, hr) paths."""
    built = {}

    def make(space=5, hours=60, cells=8, shift=0, missing=False, statics=False, seed=0):
        key = (space, hours, cells, shift, missing, statics, seed)
        if key not in built:
            folder = tmp_path_factory.mktemp("pair")
            size = space * cells
            rain = moving_showers(hours, size, seed)
            if missing:
                rain[20:22] = np.nan
                rain[:, :space, :space] = np.nan
            y, x = np.mgrid[:size, :size] * 0.01
            blocks = (cells, space, cells, space)
            start = datetime.datetime(2020, 1, 1)
            hill = {"orography": 100 * np.hypot(y, x)} if statics else None
            hr = build_zarr(rain, start, folder / "hr.zarr", 50 - y, 5 + x, hill)
            coarse = rain.reshape(hours, *blocks).mean(axis=(2, 4))
            where = [a.reshape(blocks).mean(axis=(1, 3)) for a in (50 - y, 5 + x)]
            late = start + datetime.timedelta(hours=shift)
            lr = hr if space == 1 else build_zarr(coarse, late, folder / "lr.zarr", *where)
            built[key] = (lr, hr)
        return built[key]

    return make


@pytest.fixture(scope="session")
def static_checkpoint(tmp_path_factory, pair, anemoi_trainer):
    """A checkpoint of (5, 2) with a static field, trained for two steps, and its datasets (lr, hr)."""
    lr, hr = pair(space=5, cells=8, hours=60, statics=True)
    out = tmp_path_factory.mktemp("checkpoint")
    more = ["scale.space=5", "scale.time=2", "data.datasets.hr.forcing=[orography]", "training.method.score_windows=0"]
    anemoi_trainer("scaleadapt", lr, hr, out, *more, "period.training.end=60%", "period.validation.start=60%").train()
    return str(next(out.rglob("inference-last.ckpt"))), lr, hr
