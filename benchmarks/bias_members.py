"""What taking the bias out of coarse rain does to fine members: CRPS against radar, with and without.

    OMP_NUM_THREADS=1 python benchmarks/bias_members.py DATA [--squares 1] [--members 4]

DATA holds RADOLAN RY and RW of July 2018 and RADOLAN RW of 2019 as NetCDF (names in bias.py). Coarse rain of 25 km and
1 h: that of radars without gauges, and block means of the truth biased on purpose in three ways. The mapping is fitted
to other days; members come from the weights that ship, in the wettest squares of 150 km and 24 h of the days to score.
Prints the two tables of docs/results/2026-11-bias.md whole, in about three minutes of a core.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from anemoi_scaleadapt.bias.fit import fit
from anemoi_scaleadapt.bias.pairs import pairs
from anemoi_scaleadapt.inference.draw import draw_members
from anemoi_scaleadapt.inference.provenance import weights_hash
from anemoi_scaleadapt.pretrained import load
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.verification.crps import fair_crps
from bias import RW, RY, SUMMER, date, on_purpose

S, CELLS, HOURS = 25, 6, 24
HEADS = {
    "crps": "CRPS, mm h-1",
    "crps_25km": "CRPS of means over 25 km",
    "mean": "mean",
    "wet": "wet share 0.1",
    "q999": "99.9 % quantile",
}


def cases(data):
    """Name, fine truth, pairs of the fit, (coarse, truth on blocks, times) to score."""
    coarse, truth = open_rain(str(data / RY)), open_rain(str(data / RW))
    training = pairs(coarse, truth, end=date("2018-07-11T23:50"), space=S)
    test = pairs(coarse, truth, start=date("2018-07-12T00:50"), space=S)
    yield (
        "radars without gauges",
        truth,
        (training.coarse, training.truth, training.times),
        (test.coarse, test.truth, test.times),
    )
    fine = open_rain(str(data / SUMMER))
    for name, training, test in on_purpose(data):
        yield name, fine, training, test


def squares(truth, coarse, number):
    """Hour, row and column of the wettest squares without a gap that share no hour, in blocks."""
    found = []
    for hour in range(0, len(truth) - HOURS + 1, HOURS):
        for row in range(0, truth.shape[1] - CELLS + 1, 3):
            for column in range(0, truth.shape[2] - CELLS + 1, 3):
                part = np.s_[hour : hour + HOURS, row : row + CELLS, column : column + CELLS]
                if np.isfinite(truth[part] + coarse[part]).all():
                    found.append((float(truth[part].mean()), hour, row, column))
    best = []
    for square in sorted(found, reverse=True):
        if all(square[1] != other[1] for other in best):
            best.append(square)
    return best[:number]


def scores(members, truth):
    """CRPS at 1 km and of means over 25 km, mean, wet share and 99.9 % quantile over those of the truth."""
    known = np.isfinite(truth) & np.isfinite(members).all(axis=0)
    split = (HOURS, CELLS, S, CELLS, S)
    wide = members.reshape(-1, *split).mean((3, 5)), truth.reshape(split).mean((2, 4))
    drawn, observed = members[:, known], truth[known]
    return {
        "crps": float(np.nanmean(fair_crps(members, truth)[known])),
        "crps_25km": float(np.nanmean(fair_crps(*wide))),
        "mean": float(drawn.mean() / observed.mean()),
        "wet": float((drawn >= 0.1).mean() / (observed >= 0.1).mean()),
        "q999": float(np.quantile(drawn, 0.999) / np.quantile(observed, 0.999)),
    }


def drawn(args, model):
    """File of the truth, days, case, kind of coarse rain, and scores, square by square."""
    exact = {}
    for name, fine, training, (coarse, truth, times) in cases(args.data):
        mapping = fit(*training, hours=1.0, km=float(S))
        corrected = mapping.apply(coarse, times)
        for _, hour, top, left in squares(truth, coarse, args.squares):
            part = np.s_[hour : hour + HOURS, top : top + CELLS, left : left + CELLS]
            chosen = times[hour : hour + HOURS]
            start = (chosen[0] - np.timedelta64(3600, "s")).astype("M8[s]").item()
            observed = fine.at(chosen)[0][:, top * S : (top + CELLS) * S, left * S : (left + CELLS) * S]
            for kind, rain in (("exact", truth), ("raw", coarse), ("corrected", corrected)):
                key = fine.path, start, top, left
                if kind != "exact" or key not in exact:
                    scale = {"space": S, "time": 1}
                    members, _ = draw_members(model, rain[part].astype("f4"), start, scale, args.members)
                    found = scores(members, observed)
                    print(f"{name}, {start}, {kind}: {found['crps']:.3f}", file=sys.stderr, flush=True)
                    if kind == "exact":
                        exact[key] = name
                    yield Path(fine.path).stem, start, "" if kind == "exact" else name, kind, found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--squares", type=int, default=1)
    parser.add_argument("--members", type=int, default=4)
    args = parser.parse_args()
    model, tables, days = load("any"), {}, {}
    for file, start, name, kind, found in drawn(args, model):
        tables.setdefault(file, {}).setdefault((name, kind), []).append(found)
        days.setdefault(file, set()).add(f"{start:%-d %B %Y}")
    print(f"Weights {weights_hash(model)[:8]}, {args.members} members, squares of {S * CELLS} km: {args.squares}.")
    titles = {"exact": "**exact coarse rain**", "raw": "{}, raw", "corrected": "corrected by value"}
    for file, table in tables.items():
        print(f"\n{file}, {', '.join(sorted(days[file]))}\n")
        print(f"| | {' | '.join(HEADS.values())} |\n{'|---' * (len(HEADS) + 1)}|")
        for (name, kind), found in table.items():
            cells = [f"{np.mean([each[score] for each in found]):.{3 if 'crps' in score else 2}f}" for score in HEADS]
            print(f"| {titles[kind].format(name)} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
