"""Every example runs: by itself, small, or as the commands of a page whose blocks run on the same input."""

import datetime as dt
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from anemoi_scaleadapt.commands import COMMANDS, main, make_parser

FOLDER = Path(__file__).parents[2] / "examples"
SCRIPT = FOLDER / "demo" / "run.sh"


@pytest.mark.slow
def test_the_demo_runs_and_does_not_repeat_itself(desk):
    desk.netcdf("rain/radklim-2018-05-1h.nc", dt.datetime(2018, 5, 10, 1), 264, size=60)
    desk.shadow("demo")
    printed = desk.run("bash", str(SCRIPT), ".")
    for name in ("members.nc", "scorecard.json", "scorecard.md", "rain.png"):
        assert (desk.folder / name).stat().st_size > 0
    assert "bicubic" in printed and printed.count("(done: rain/") == 1 and "(done: members.nc)" not in printed
    assert "crps" in json.dumps(json.loads((desk.folder / "scorecard.json").read_text())).lower()
    again = desk.run("bash", str(SCRIPT), ".")
    assert again.count("(done: ") == again.count("$ anemoi-") == 7


def commands(text):
    """Commands of anemoi in a script or a page, each as its words."""
    joined = text.replace("\\\n", " ")
    return [shlex.split(line) for line in re.findall(r"(?m)^\s*(anemoi-[a-z]+ .*)$", joined)]


@pytest.mark.slow
def test_own_data_becomes_two_datasets_that_agree(desk):
    printed = desk.run("bash", str(FOLDER / "own-data" / "run.sh"), ".")
    assert "36 hours, 170 x 170 and 34 x 34 cells, factor 5" in printed
    assert (desk.folder / "radar-1km.zarr").is_dir() and (desk.folder / "radar-5km.zarr").is_dir()


@pytest.mark.parametrize(
    ("name", "page"), [("global-forecast", "tutorial/global-model.md"), ("climate-bulk", "howto/bulk.md")]
)
def test_a_script_is_what_its_page_runs(name, page):
    ran = commands((FOLDER.parent / "docs" / page).read_text())
    wanted = commands((FOLDER / name / "run.sh").read_text())
    assert len(wanted) > 1 and all(command in ran for command in wanted)


def test_members_of_another_model_are_scored(desk, monkeypatch):
    for name in ("members", "truth", "coarse"):
        desk.example(name)
    monkeypatch.chdir(desk.folder)
    ((_, *words),) = commands((FOLDER / "verify-others" / "run.sh").read_text())
    assert main([*words, "--no-figure", "--no-report", "--bootstrap", "0", "--baselines", "bicubic"]) == 0
    card = json.loads((desk.folder / "scores" / "scorecard.json").read_text())
    assert card["systems"]["theirs"]["crps"] > 0
    assert card["systems"]["theirs"]["conservation_error"] > 0.1 > card["systems"]["bicubic"]["conservation_error"]


def test_the_weights_that_ship_begin_the_tuning(composed):
    ((_, _, *words),) = [c for c in commands((FOLDER / "fine-tune" / "run.sh").read_text()) if "train" in c]
    assert words[0] == "--config-name=adapt" and words[-1] == "$@"
    config = composed("adapt", *words[1:-1])
    assert config.training.method.start == "any" and config.system.input.dataset.hr == "hr.zarr"


def test_every_task_has_a_folder_and_a_line():
    table = (FOLDER / "README.md").read_text()
    for folder in (path for path in FOLDER.iterdir() if path.is_dir() and path.name != "__pycache__"):
        assert f"({folder.name}" in table or f"examples/{folder.name}/" in table, folder
    for path in FOLDER.glob("*/run.sh"):
        text = path.with_name("README.md").read_text()
        assert text.startswith("# ") and f"bash examples/{path.parent.name}/run.sh" in text


def test_scripts_are_sound():
    for script in FOLDER.rglob("*.sh"):
        subprocess.run(["bash", "-n", str(script)], check=True)
        assert script.read_text().startswith("#!/usr/bin/env bash\n# ") and "set -euo pipefail" in script.read_text()


FILES = [p for p in FOLDER.rglob("*") if p.suffix in (".sh", ".ecf") or p.name in ("Snakefile", "Containerfile")]


def test_every_command_of_an_example_parses():
    """Whatever stands for a value of the scheduler's is taken for the number 1."""
    found = set()
    for path in FILES:
        text = path.read_text().replace("\\\n", " ")
        for words in re.findall(r"(?<!: )anemoi-scaleadapt ([a-z]+ [^\n;|>\"]*)", text):
            plain = re.sub(r"\{[^}]*\}|%[^%]*%|\\?\$\{?\w+\}?", "1", words.replace("'", "").replace('"', ""))
            name, *rest = plain.split()
            if name in COMMANDS and "..." not in rest:
                make_parser(name).parse_args([name, *rest])
                found.add((path.parent.name, *rest[:1]))
    assert {("slurm", "run"), ("snakemake", "plan"), ("snakemake", "run"), ("ecflow", "run")} <= found


def test_an_ecflow_suite_has_a_script_for_every_task():
    suite = (FOLDER / "ecflow" / "bulk.def").read_text()
    tasks = set(re.findall(r"(?m)^\s*task (\w+)", suite))
    assert tasks == {path.stem for path in (FOLDER / "ecflow").glob("*.ecf")}
    known = set(re.findall(r"(?m)^\s*edit (\w+)", suite))
    for path in (FOLDER / "ecflow").glob("*.ecf"):
        used = set(re.findall(r"%(\w+)%", path.read_text()))
        assert used <= known, f"{path}: {used - known}"
    assert re.findall(r"edit PART (\d)\n\s*task share\n", suite) == list("1234")  # side by side
    assert suite.count("endsuite") == 1 and len(re.findall(r"(?m)^suite ", suite)) == 1


def test_the_container_copies_what_is_there():
    for line in (FOLDER / "container" / "Containerfile").read_text().splitlines():
        if line.startswith("COPY"):
            assert all((FOLDER.parent / name).exists() for name in line.split()[1:-1]), line
