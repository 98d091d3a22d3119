"""Helpers of the tests of datasets: building a Zarr in process, months of invented rain, real rain if there."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from anemoi_scaleadapt.datasets.comephore.grid import StereGrid
from support import synthetic

REAL = Path(__file__).parents[3] / "shared" / "data"
DIVISOR, MISSING = 10, 65535


def real(name):
    if not (REAL / name).exists():
        pytest.skip(f"{REAL / name}: the real Comephore sample is not here")
    return REAL / name


@pytest.fixture(scope="session")
def real_tar():
    """Real Comephore: 73 hours of south-west France."""
    return real("H_COMEPHORE_201802_sw_crop.tar")


@pytest.fixture(scope="session")
def national_tar():
    """Real Comephore: 3 national hours."""
    return real("H_COMEPHORE_199701_national_3h.tar")


@pytest.fixture(scope="session")
def build(create):
    """Build a Zarr from a recipe; return the open array (time, y, x)."""

    def run(source, dates, path, **more):
        start, end = dates[0].isoformat(), dates[-1].isoformat()
        recipe = {
            "dates": {"start": start, "end": end, "frequency": "1h"},
            "input": source,
            "build": {"allow_nans": True, "group_by": 24},
            "output": {"chunking": {"dates": 24, "ensembles": 1}},
        } | more
        create(recipe, path)
        return opened(path)

    return run


def opened(path):
    import zarr

    group = zarr.open(str(path), "r")
    data = group["data"][:, 0, 0]
    return group, data.reshape(len(data), *group.attrs["field_shape"])


@pytest.fixture
def start():
    """The last hours of January, so that a short period lies in two monthly tars."""
    return dt.datetime(2019, 1, 31, 13)


@pytest.fixture
def grid():
    """40 x 60 pixels of the national grid."""
    return StereGrid().crop(700, 600, 40, 60)


@pytest.fixture
def months(tmp_path, grid, start):
    """Two monthly tars with 24 hours; returns their folder and the rain in mm h-1 (time, y, x), float64."""
    synthetic.write_months(tmp_path / "tars", grid, start, 24, kinds=("RR", "QUALIF"))
    return tmp_path / "tars", truth(grid, start, 24)


def truth(grid, start, count, **options):
    frames = [frame["RR"] for _, frame in synthetic.hours(grid, start, count, **options)]
    stored = np.stack(frames).astype(np.float64)
    stored[stored == MISSING] = np.nan
    return stored / DIVISOR
