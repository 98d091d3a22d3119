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
