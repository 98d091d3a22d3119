import shutil
from pathlib import Path

import pytest

from anemoi_scaleadapt.commands import main
from support.coarse import GRID, write_flux, write_weights

#: 16 pieces: two coarse members, four stretches, two and one of three members
OPTIONS = ["--members", "3", "--members-per-piece", "2", "--hours-at-once", "6", "--overlap", "6", "--seed", "3"]


def planned(folder: Path) -> list[str]:
    """Command that plans members.zarr of pr.nc with weights, all in a folder."""
    where = ["--weights", str(folder / "weights"), "--to", str(folder / "members.zarr")]
    return ["bulk", "plan", str(folder / "pr.nc"), *GRID, *OPTIONS, *where]


@pytest.fixture(scope="session")
def plan_once(tmp_path_factory, tiny_network):
    """A folder with coarse rain, weights, and a plan of which nothing is drawn."""
    folder = tmp_path_factory.mktemp("plan")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        write_flux(folder / "pr.nc")
        write_weights(folder / "weights", tiny_network)
        assert main(planned(folder)) == 0
    return folder


def copied(source: Path, target: Path) -> Path:
    """A copy without the coarse rain: nothing needs it any more."""
    for name in ("weights", "members.zarr.bulk"):
        shutil.copytree(source / name, target / name)
    plan = target / "members.zarr.bulk" / "plan.json"
    plan.write_text(plan.read_text().replace(str(source), str(target)))
    return target


@pytest.fixture
def folder(plan_once, tmp_path):
    """A plan of one's own."""
    return copied(plan_once, tmp_path)


@pytest.fixture(scope="session")
def drawn_once(plan_once, tmp_path_factory):
    """A plan of which everything is drawn, in one go by one process."""
    whole = copied(plan_once, tmp_path_factory.mktemp("undisturbed"))
    assert main(["bulk", "run", str(whole / "members.zarr"), "--part", "1/1"]) == 0
    return whole


@pytest.fixture(scope="session")
def undisturbed(drawn_once):
    """Its members."""
    import xarray as xr

    with xr.open_dataset(drawn_once / "members.zarr", engine="zarr") as data:
        return data.load()


@pytest.fixture
def almost(plan_once, drawn_once, tmp_path):
    """A function that makes a plan of which all but some pieces are drawn, in a folder of a name."""

    def make(name: str, *left: int) -> Path:
        folder = copied(plan_once, tmp_path / name)
        for path in ("members.zarr", "done"):
            shutil.rmtree(folder / "members.zarr.bulk" / path)
        shutil.copytree(drawn_once / "members.zarr", folder / "members.zarr.bulk" / "members.zarr")
        shutil.copytree(drawn_once / "members.zarr.bulk" / "done", folder / "members.zarr.bulk" / "done")
        for number in left:
            (folder / "members.zarr.bulk" / "done" / f"{number:06d}.json").unlink()
        return folder

    return make
