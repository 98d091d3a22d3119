"""The types of the package: mypy finds nothing (``[tool.mypy]`` in pyproject.toml; the cache stays in .mypy_cache)."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_mypy_finds_nothing_in_any_module():
    done = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    modules = len(list((ROOT / "src").rglob("*.py")))
    assert f"no issues found in {modules} source files" in done.stdout
