"""Reading the blocks of a document, and a folder in which they can run as they stand.

A block is never edited. What makes it cheap lies around it: invented rain under the names that the text assumes,
configs of the packaged names in the working folder, where hydra looks first, with a tiny network and two steps, and
recipes of years, once written, are cut to days.
"""

import datetime as dt
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
MARK = re.compile(r"<!--\s*not run:\s*(.*?)\s*-->\s*$", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: where, in which language, its text, the paragraph before it, why it is not run."""

    place: str
    language: str
    text: str
    before: str
    reason: str | None

    @property
    def file(self) -> str | None:
        """The YAML file that the paragraph before the block names."""
        names = re.findall(r"`([\w./-]+\.yaml)`", self.before)
        return names[-1] if names and self.language == "yaml" else None

    @property
    def commands(self) -> list[str]:
        """Lines of a bash block without comments, continuations joined."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def read_blocks(path: Path) -> list[Block]:
    """Return the fenced blocks of a Markdown file, in order."""
    blocks, lines, at = [], path.read_text(encoding="utf-8").splitlines(), 0
    while at < len(lines):
        opened = re.match(r"^(\s*)(`{3,}|~{3,})\s*([\w{}:-]*)", lines[at])
        if not opened:
            at += 1
            continue
        indent, fence, language = opened.groups()
        end = next(n for n in range(at + 1, len(lines)) if lines[n].strip() == fence)
        above = "\n".join(lines[:at]).rstrip()
        mark = MARK.search(above)
        text = "\n".join(line.removeprefix(indent) for line in lines[at + 1 : end]) + "\n"
        place = f"{path.relative_to(REPOSITORY)}:{at + 1}"
        paragraph = MARK.sub("", above).rstrip().split("\n\n")[-1]
        blocks.append(Block(place, language, text, paragraph, mark and " ".join(mark.group(1).split())))
        at = end + 1
    return blocks


def merge(base: dict, over: dict) -> dict:
    """Return `base` with the values of `over`, key by key."""
    both = {
        k: merge(base[k], v) if isinstance(v, dict) and isinstance(base.get(k), dict) else v for k, v in over.items()
    }
    return {**base, **both}


def load(path: str) -> ModuleType:
    """Import a script of the repository."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, REPOSITORY / path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Desk:
    """A user's working folder; `network` replaces that of every config of training, `programs` come first in PATH."""

    def __init__(self, folder: Path, network: dict, programs: Path | None = None) -> None:
        self.folder = folder
        own = [Path(sys.executable).parent] if programs is None else [programs, Path(sys.executable).parent]
        self.path = ":".join(map(str, [*own, "/usr/local/bin", "/usr/bin", "/bin"]))
        self.cheap = {
            "system": {"hardware": {"accelerator": "cpu"}},
            "model": {"model": {"network": network, "sampler": {"steps": 2}}},
            "dataloader": {"pin_memory": False, "batch_size": {"training": 2}, "limit_batches": {"validation": 1}},
            "training": {
                "max_steps": 2,
                "method": {"start": None, "crop": 50, "crops_per_field": 1, "score_members": 2},
            },
        }

    def shadow(self, name: str) -> None:
        """Put the packaged config `name` here, made cheap."""
        packaged = yaml.safe_load((REPOSITORY / "config" / f"{name}.yaml").read_text())
        text = yaml.safe_dump(merge(packaged, self.cheap), sort_keys=False)
        (self.folder / f"{name}.yaml").write_text(text)

    def write(self, block: Block) -> None:
        """Write the file that a YAML block shows; a config of training gets the cheap values too."""
        values = yaml.safe_load(block.text)
        if "defaults" in values:
            values = merge(values, self.cheap)
        path = self.folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(values, sort_keys=False))

    def comephore(self, start: dt.datetime, hours: int, size: int) -> None:
        """Months of invented Comephore in comephore/."""
        from anemoi_scaleadapt.datasets.comephore.grid import StereGrid
        from support import synthetic

        synthetic.write_months(self.folder / "comephore", StereGrid().crop(700, 600, size, size), start, hours)

    def netcdf(self, path: str, start: dt.datetime, hours: int, size: int) -> None:
        """Invented rain as a NetCDF, in the form (and with the attributes) of the RADKLIM sample."""
        import numpy as np

        from anemoi_scaleadapt.datasets import radklim

        random = np.random.default_rng(0)
        y, x = np.mgrid[:size, :size] * 0.01
        rain = np.zeros((hours, size, size), np.float32)
        rows = np.hypot(y - 0.005 * size, x - 0.005 * size)
        for hour in range(hours):
            rain[hour] = np.maximum(0, 4 * np.sin(30 * rows + hour / 3) - 2) * random.uniform(0.5, 1, (size, size))
        ends = np.array([start + dt.timedelta(hours=n) for n in range(hours)], "M8[ns]")
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        radklim.write(radklim.describe(rain, ends, 50 + y, 5 + x, 0), target)

    def example(self, name: str, **options: int) -> None:
        """An input of the examples, as NAME.nc."""
        getattr(load("examples/inputs.py"), name)(self.folder / f"{name}.nc", **options)

    def run(self, *command: str, place: str = "") -> str:
        """Run a command here; return what it printed."""
        environment = {
            **{k: v for k, v in os.environ.items() if k in ("LANG", "LC_ALL", "TMPDIR")},
            "PATH": self.path,
            "HOME": str(self.folder),
            "OMP_NUM_THREADS": "1",
            "HYDRA_FULL_ERROR": "1",
            "GIT_PYTHON_GIT_EXECUTABLE": "no-git",  # as in tests/conftest.py
        }
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=500)
        assert done.returncode == 0, f"{place}\n{command[-1]}\n{done.stdout[-1500:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def bash(self, text: str, place: str = "") -> str:
        """Run a bash block; after each line that trains, do what the text tells the reader to: fetch the checkpoint."""
        printed, piece = "", ""
        for line in text.splitlines(keepends=True):
            piece += line
            if not line.endswith("\\\n") and "anemoi-training train" in piece.replace("\\\n", " ").splitlines()[-1]:
                printed += self.run("bash", "-euo", "pipefail", "-c", piece, place=place)
                self.fetch_checkpoint()
                piece = ""
        return printed + (self.run("bash", "-euo", "pipefail", "-c", piece, place=place) if piece.strip() else "")

    def shorten(self, days: int = 31) -> None:
        """Let recipes of years that the text had written build their first days only."""
        for path in self.folder.glob("recipes/*.yaml"):
            recipe = yaml.safe_load(path.read_text())
            start, end = (dt.datetime.fromisoformat(str(recipe["dates"][key])) for key in ("start", "end"))
            if end - start > dt.timedelta(days=days):
                last = (start + dt.timedelta(days=3)).isoformat()
                recipe["dates"]["end"] = recipe["statistics"]["end"] = last
                path.write_text(yaml.safe_dump(recipe, sort_keys=False))

    def fetch_checkpoint(self) -> None:
        """Copy the newest inference checkpoint here."""
        found = self.folder.glob("scaleadapt-output/checkpoint/*/inference-last.ckpt")
        shutil.copy(max(found, key=lambda p: p.stat().st_mtime), self.folder / "inference-last.ckpt")

    def follow(self, document: Path, kinds: tuple[str, ...] = ("bash", "python")) -> None:
        """Write every file that the document shows, then run its blocks in order."""
        blocks = read_blocks(document)
        for block in blocks:
            if block.file and not block.reason:
                self.write(block)
        for block in blocks:
            if block.reason or block.language not in kinds:
                continue
            if block.language == "bash":
                self.shorten()
                self.bash(block.text, block.place)
            else:
                self.run(sys.executable, "-c", block.text, place=block.place)


@pytest.fixture
def desk(tmp_path, tiny_network) -> Desk:
    """An empty folder."""
    return Desk(tmp_path, tiny_network)


@pytest.fixture
def alone(tmp_path, tiny_network, warm) -> Desk:
    """An empty folder for a page."""
    return Desk(tmp_path, tiny_network, warm)


@pytest.fixture(scope="session")
def after_readme(tmp_path_factory, tiny_network, warm) -> Desk:
    """The folder in which the README was followed: hr.zarr, lr.zarr, a checkpoint, members.nc."""
    made = Desk(tmp_path_factory.mktemp("readme"), tiny_network, warm)
    made.comephore(dt.datetime(2023, 1, 1, 1), 744, size=100)
    made.example("era5", hours=6)
    for config in ("any", "s25t6"):
        made.shadow(config)
    made.follow(REPOSITORY / "README.md")
    return made


@pytest.fixture
def continued(after_readme, tmp_path, tiny_network, warm) -> Desk:
    """A new folder with what the README left."""
    for name in ("hr.zarr", "lr.zarr", "comephore"):
        (tmp_path / name).symlink_to(after_readme.folder / name)
    for name in ("inference-last.ckpt", "members.nc"):
        shutil.copy(after_readme.folder / name, tmp_path / name)
    made = Desk(tmp_path, tiny_network, warm)
    made.shadow("any")
    return made


@pytest.fixture(scope="session")
def script():
    """Return the function that imports a script of the repository."""
    return load


@pytest.fixture(scope="session")
def blocks():
    """Return the function that reads the blocks of a document."""
    return read_blocks


@pytest.fixture(scope="session")
def composed():
    """Compose a packaged config: ``composed("s25t6", "training.max_steps=2")``; anemoi's own groups are found too."""
    from hydra import compose, initialize

    def make(name: str, *overrides: str):
        with initialize(version_base=None):
            return compose(name, [*overrides, "system.input.dataset.lr=lr.zarr", "system.input.dataset.hr=hr.zarr"])

    return make
