"""The demo's script runs to its end, and a second call repeats nothing."""

import datetime as dt
import json
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "demo.sh"


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


def test_scripts_are_sound():
    import subprocess

    for script in SCRIPT.parent.rglob("*.sh"):
        subprocess.run(["bash", "-n", str(script)], check=True)
        assert script.read_text().startswith("#!/usr/bin/env bash\n# ") and "set -euo pipefail" in script.read_text()


FOLDER = SCRIPT.parent
FILES = [p for p in FOLDER.rglob("*") if p.suffix in (".sh", ".ecf") or p.name in ("Snakefile", "Containerfile")]


def test_every_command_of_an_example_parses():
    """Whatever stands for a value of the scheduler's is taken for the number 1."""
    import re

    from anemoi_scaleadapt.commands import COMMANDS, make_parser

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
    import re

    suite = (FOLDER / "ecflow" / "bulk.def").read_text()
    tasks = set(re.findall(r"(?m)^\s*task (\w+)", suite))
    assert tasks == {path.stem for path in (FOLDER / "ecflow").glob("*.ecf")}
    known = set(re.findall(r"(?m)^\s*(?:edit|repeat integer) (\w+)", suite))
    for path in (FOLDER / "ecflow").glob("*.ecf"):
        used = set(re.findall(r"%(\w+)%", path.read_text()))
        assert used <= known, f"{path}: {used - known}"
    assert suite.count("endsuite") == 1 and len(re.findall(r"(?m)^suite ", suite)) == 1


def test_the_container_copies_what_is_there():
    for line in (FOLDER / "container" / "Containerfile").read_text().splitlines():
        if line.startswith("COPY"):
            assert all((FOLDER.parent / name).exists() for name in line.split()[1:-1]), line
