"""What a user gets: the wheel's contents, the entry points, the search path, an import that costs little."""

import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest
import yaml

import anemoi_scaleadapt

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    source = out / "source"
    shutil.copytree(
        ROOT, source, symlinks=True, ignore=shutil.ignore_patterns(".venv", ".git", "demo", "*.egg-info", "build")
    )
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}") or shutil.which("uv")
    command = [uv, "build", "--wheel", "--out-dir", str(out)]
    if not uv:
        command = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "-w", str(out)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(out.glob("*.whl"))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_every_yaml_is_in_the_wheel_as_it_is_in_the_repository(wheel):
    files = sorted((ROOT / "config").rglob("*.yaml"))
    assert len(files) > 15
    for file in files:
        inside = f"anemoi_scaleadapt/config/{file.relative_to(ROOT / 'config')}"
        assert wheel[inside] == file.read_bytes()


def test_the_wheel_brings_the_search_path_plugin_and_every_module(wheel):
    assert "hydra_plugins/anemoi_scaleadapt_searchpath/plugin.py" in wheel
    assert "hydra_plugins/__init__.py" not in wheel  # a namespace shared with anemoi
    for file in (ROOT / "src" / "anemoi_scaleadapt").rglob("*.py"):
        assert str(file.relative_to(ROOT / "src")) in wheel


def test_the_wheel_brings_the_weights_that_ship_and_the_rain_to_show_them(wheel):
    folder = ROOT / "src" / "anemoi_scaleadapt" / "pretrained"
    data = [path for path in folder.rglob("*") if path.suffix in (".nc", ".json", ".safetensors")]
    assert len(data) == 3
    for path in data:
        assert wheel[str(path.relative_to(ROOT / "src"))] == path.read_bytes()


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("anemoi.datasets.sources", "comephore"),
        ("anemoi.transform.filters", "blocks"),
        ("anemoi.transform.filters", "coarsen"),
        ("anemoi.transform.filters", "unbias"),
        ("anemoi.inference.runners", "scaleadapt"),
        ("anemoi.inference.outputs", "members"),
    ],
)
def test_entry_points_load(group, name):
    (entry,) = entry_points(group=group, name=name)
    assert callable(entry.load())


def test_the_command_line_answers_without_torch(tmp_path):
    code = "import sys, anemoi_scaleadapt.commands as c; c.COMMANDS; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path).returncode == 0


def test_an_unknown_command_is_a_usage_error():
    from anemoi_scaleadapt.commands import main

    with pytest.raises(SystemExit) as stop:
        main(["dance"])
    assert stop.value.code == 2


def test_the_version_stands_in_one_place_and_the_citation_follows():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == anemoi_scaleadapt.__version__ == version("anemoi-scaleadapt")
    assert 'dynamic = ["version"]' in (ROOT / "pyproject.toml").read_text()
