"""Draw how losses fall with steps, days and channels: python docs/figures/growth.py DIR.

DIR holds budget.json of `examples/any/budget.py`, and the logs of the trainings behind the weights that ship, as
log-0.txt, log-6500.txt ...: log.txt of `examples/any/train.py`, named by the steps that were done before.
"""

import ast
import json
import re
import sys
from pathlib import Path

from matplotlib import rcParams
from matplotlib.figure import Figure

HERE = Path(__file__).parent
rcParams.update({"font.size": 9, "svg.fonttype": "none", "svg.hashsalt": "scaleadapt", "font.family": "sans-serif"})
PAIRS = {(10, 1): "#1f77b4", (1, 3): "#2ca02c", (10, 3): "#d62728", (25, 6): "#9467bd"}
LINE = re.compile(r"(\([0-9]+, [0-9]+\)): ([0-9.]+) ([0-9.]+)")
#: millions of parameters, by the name of a training of the fixed budget
CHANNELS = {"small": 0.59, "all": 1.92, "large": 4.04}
#: days learnt; the last are all of Germany and two of the United States
DAYS = {"days2": 2, "days8": 8, "days32": 32, "all": 56}


def steps_of(folder: Path) -> dict[tuple[int, int], list[tuple[int, float]]]:
    """Watched loss of the mean network by pair, over all steps."""
    found: dict[tuple[int, int], list[tuple[int, float]]] = {pair: [] for pair in PAIRS}
    for path in sorted(folder.glob("log-*.txt"), key=lambda path: int(path.stem[4:])):
        for line in path.read_text().splitlines():
            if line.startswith("watched after"):
                at = int(path.stem[4:]) + int(line.split()[2].rstrip(":"))
                for pair, mean, _ in LINE.findall(line):
                    if (key := ast.literal_eval(pair)) in found:
                        found[key].append((at, float(mean)))
    return found


def main() -> None:
    """Write growth.svg."""
    folder = Path(sys.argv[1])
    budget = json.loads((folder / "budget.json").read_text())
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for pair, points in steps_of(folder).items():
        x, y = zip(*points, strict=True)
        panels[0].plot(x, [v / y[0] for v in y], ".-", color=PAIRS[pair], label=str(pair))
    panels[0].set(xscale="log", xlabel="steps", ylabel="loss of the mean, relative", title="length of training")
    panels[0].legend(frameon=False)
    for panel, names, title, label in (
        (panels[1], DAYS, "days, at equal steps", "days"),
        (panels[2], CHANNELS, "channels, at equal steps", "million parameters"),
    ):
        there = [name for name in names if name in budget]
        for pair, colour in PAIRS.items():
            key = "s{}t{}".format(*pair)
            losses = [budget[name]["losses"][key]["mean"] for name in there]
            whole = budget["all"]["losses"][key]["mean"]
            panel.plot([names[name] for name in there], [v / whole for v in losses], ".-", color=colour)
        panel.set(xscale="log", xlabel=label, title=title)
        panel.set_xticks([names[name] for name in there], [f"{names[name]:g}" for name in there])
        panel.minorticks_off()
    for panel in panels:
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    figure.savefig(HERE / "growth.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
