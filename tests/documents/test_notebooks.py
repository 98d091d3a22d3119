"""The notebooks run to their end, and what they show is what they give now."""

import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "notebooks"
NUMBER = re.compile(r"\d+\.\d+(?:e-?\d+)?|\d+e-?\d+")


@pytest.fixture(scope="module")
def run(script):
    return script("examples/notebooks/run.py").run


def texts(notebook):
    """What the code cells printed."""
    found = [o for c in notebook["cells"] if c["cell_type"] == "code" for o in c["outputs"]]
    return ["".join(o["text"]) for o in found if o["output_type"] == "stream"]


def pictures(notebook):
    return sum("image/png" in o.get("data", {}) for c in notebook["cells"] for o in c.get("outputs", []))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda p: p.stem)
def test_a_notebook_shows_what_it_gives(path, run):
    """Words are the same, numbers within a third: other weights may ship since it was run."""
    kept, now = (json.loads(path.read_text()) for _ in range(2))
    counts = [c["execution_count"] for c in kept["cells"] if c["cell_type"] == "code"]
    assert counts == [*range(1, len(counts) + 1)], f"run python examples/notebooks/run.py {path.name}"
    run(now)
    assert pictures(kept) == pictures(now) > 0
    for shown, given in zip(texts(kept), texts(now), strict=True):
        assert re.sub(r"[ -]+", " ", NUMBER.sub("", shown)) == re.sub(r"[ -]+", " ", NUMBER.sub("", given))
        for one, other in zip(NUMBER.findall(shown), NUMBER.findall(given), strict=True):
            assert float(one) == pytest.approx(float(other), rel=0.33, abs=0.2)
