"""Lines of src by room, before the rooms and today, and how many of today's are for what was not there before.

    python benchmarks/lines.py [BEFORE] [AFTER]

Lines are those of `wc`, docstrings and blanks among them. A module counts as new as a whole, or not at all: `NEW` lists
those whose purpose no line had in the earlier commit. What was rewritten and grew (the reader of rain, settings) is not
new.
"""

import subprocess
import sys
from collections import Counter

BEFORE = "a8f1838"
#: room, or room/module: what it is for that was not there
NEW = {
    "motion": "rain that moves between coarse frames",
    "regrid": "any grid to the blocks of the fine grid",
    "bias": "bias of real coarse rain",
    "bulk": "years of members by many processes",
    "downscaling": "one function from a file to members",
    **dict.fromkeys(
        ("scale/pairs", "models/moving", "models/calibrated", "calibration/weights"), "one network for every pair"
    ),
    **dict.fromkeys(
        (
            "rain/accumulation", "rain/codes", "rain/dates", "rain/intervals", "rain/times", "rain/told",
            "rain/from_grib", "datasets/files", "datasets/hours", "inference/coarse", "commands/reading",
        ),
        "rain of any file: sums, labels, calendars, codes, GRIB",
    ),
    **dict.fromkeys(("rain/agree", "rain/compare", "training/agreement"), "coarse and fine rain that do not agree"),
    **dict.fromkeys(
        ("rain/store", "rain/grib", "rain/projection", "inference/grib", "inference/formats", "commands/template"),
        "members in Zarr and GRIB, and their projection",
    ),
    **dict.fromkeys(
        ("inference/export", "inference/memory", "inference/provenance", "commands/inspect"), "exports in a run, memory"
    ),
    **dict.fromkeys(("calibration/noise", "baselines/interpolation"), "rivals that are fitted, or new"),
    **dict.fromkeys(
        ("verification/neighbourhoods", "verification/variogram", "verification/motion"), "scores that are new"
    ),
    **dict.fromkeys(("commands/bias", "commands/bulk", "commands/downscale", "commands/weights"), "commands of these"),
}  # fmt: skip


def lines(commit: str) -> dict[str, int]:
    """Module, as ``room/module``, -> lines."""
    names = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", commit, "src"], capture_output=True, text=True
    ).stdout
    out = {}
    for name in names.splitlines():
        if name.endswith(".py"):
            text = subprocess.run(["git", "show", f"{commit}:{name}"], capture_output=True, text=True).stdout
            out["/".join(name.removesuffix(".py").split("/")[2:])] = text.count("\n")
    return out


def room(module: str) -> str:
    return module.split("/")[0] if "/" in module else "(top)"


def main() -> None:
    before, after = (sys.argv[1:] + [BEFORE, "HEAD"][len(sys.argv) - 1 :])[:2]
    old, now = lines(before), lines(after)
    columns = [Counter[str](), Counter[str](), Counter[str]()]
    purposes = Counter[str]()
    for module, number in old.items():
        columns[0][room(module)] += number
    for module, number in now.items():
        purpose = NEW.get(module) or NEW.get(room(module))
        columns[2 if purpose else 1][room(module)] += number
        purposes[purpose or "what was there"] += number
    print("| room | before | today, what was there | today, new |\n|---|---|---|---|")
    for name in sorted({*columns[0], *columns[1], *columns[2]}, key=lambda name: -sum(c[name] for c in columns)):
        print(f"| `{name}` | {' | '.join(str(column[name] or '') for column in columns)} |")
    print(f"| all | {' | '.join(str(column.total()) for column in columns)} |\n")
    for purpose, number in purposes.most_common():
        print(f"* {purpose}: {number}")


if __name__ == "__main__":
    main()
