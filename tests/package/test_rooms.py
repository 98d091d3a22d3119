"""The rooms of the package: arrows one way, no circle (``[tool.importlinter]`` in pyproject.toml)."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"


def test_every_import_goes_down_and_never_in_a_circle():
    done = subprocess.run([sys.executable, "-c", LINT], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "5 kept, 0 broken" in done.stdout  # none is left out by a slip in the file
