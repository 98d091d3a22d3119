"""Run the notebooks of this folder and keep their outputs: python examples/notebooks/run.py [NAME.ipynb ...]

The cells run in this process, without a Jupyter server; figures are kept as PNG. The tests run them the same way.
"""

import base64
import contextlib
import io
import json
import sys
from pathlib import Path

import pyproj  # noqa: F401  (before eccodes)

HERE = Path(__file__).parent


def outputs(source: str, names: dict) -> list[dict]:
    """Run the code of a cell among `names`; return what it printed and drew, as a notebook keeps it."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(source, "cell", "exec"), names)
    kept = []
    if text := printed.getvalue():
        kept.append({"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)})
    for number in pyplot.get_fignums():
        image = io.BytesIO()
        pyplot.figure(number).savefig(image, format="png", dpi=70)
        data = {"image/png": base64.b64encode(image.getvalue()).decode(), "text/plain": ["<Figure>"]}
        kept.append({"output_type": "display_data", "data": data, "metadata": {}})
    pyplot.close("all")
    return kept


def run(notebook: dict) -> dict:
    """Return the notebook with the outputs of its cells, run in order."""
    names: dict = {}
    for count, cell in enumerate((c for c in notebook["cells"] if c["cell_type"] == "code"), 1):
        cell["outputs"], cell["execution_count"] = outputs("".join(cell["source"]), names), count
    return notebook


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]) if sys.argv[1:] else sorted(HERE.glob("*.ipynb")):
        path.write_text(json.dumps(run(json.loads(path.read_text())), indent=1) + "\n", encoding="utf-8")
