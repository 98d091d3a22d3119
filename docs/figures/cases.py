"""Draw six cases for people: python docs/figures/cases.py WEIGHTS --pool DIR --noise DIR.

Rules choose them from packed rain that training did not see (examples/any/choose.py). Writes cases-NAME.png beside this
file and docs/results/2026-11-cases.md.
"""

import argparse
import sys
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "examples" / "any"))

from choose import AROUND, HOURS, Case, choose  # noqa: E402
from study import OURS, draws, fitted  # noqa: E402

from anemoi_scaleadapt.models.context import frames_round  # noqa: E402
from anemoi_scaleadapt.pretrained import load  # noqa: E402
from anemoi_scaleadapt.report.figure import GREY, INK, LEVELS, rain_colours  # noqa: E402
from anemoi_scaleadapt.verification.crps import fair_crps  # noqa: E402

S, T, MEMBERS, SHOWN = 10, 3, 8, 6
#: width of the catchment, pixels; most faint cells that are outlined
CATCHMENT, FEW = 10, 6
BLUE, ORANGE = "#0072B2", "#D55E00"
NAMES = {"steps": "STEPS-like", "rainfarm_ar1": "RainFARM, AR(1)"}


@dataclass
class Told:
    """What the page says of a case."""

    case: Case
    rival: str
    crps: dict[str, float]
    most: float
    inside: dict[str, int]


def catchment(coarse: np.ndarray) -> tuple[int, int]:
    """Corner (y, x) of the square half a cell off the coarse grid whose coarse rain (frames, Y, X) is the most."""
    fine = coarse.sum(0).repeat(S, 0).repeat(S, 1)
    corners = [(y, x) for y in range(S // 2, fine.shape[0] - S, S) for x in range(S // 2, fine.shape[1] - S, S)]
    return max(corners, key=lambda c: fine[c[0] : c[0] + CATCHMENT, c[1] : c[1] + CATCHMENT].sum())


def draw(case: Case, model, noise) -> Told:
    """Draw a case and write its picture."""
    edge = AROUND - frames_round(T) * T
    fine = case.rain[edge : len(case.rain) - edge]
    begin = np.datetime64(case.ends[0].replace(minute=0), "s")
    drawn = draws(model, fine, begin, (S, T), noise, MEMBERS)
    members = {name: np.concatenate([system(window, k) for k, window in enumerate(drawn.windows)], axis=1)
               for name, system in drawn.systems.items()}  # fmt: skip
    truth = fine[AROUND - edge :][:HOURS]
    coarse = np.stack([drawn.coarse.frame(window) for window in drawn.windows])
    crps = {name: float(fair_crps(x.astype("float64"), truth).mean()) for name, x in members.items()}
    rival = min((name for name in members if name != OURS), key=lambda name: crps[name])
    y, x = catchment(coarse)
    place = (..., slice(y, y + CATCHMENT), slice(x, x + CATCHMENT))
    sums = {name: values[place].mean((-1, -2)) for name, values in {**members, "truth": truth}.items()}
    inside = {name: int(((sums["truth"] >= sums[name].min(0)) & (sums["truth"] <= sums[name].max(0))).sum())
              for name in (OURS, rival)}  # fmt: skip
    amounts = coarse.mean((1, 2))
    first = T * int(np.argmax(amounts[:-1] + amounts[1:]))
    hours = slice(first, first + SHOWN)
    rows = {
        f"coarse rain\n{S} km, {T} h": coarse.repeat(T, 0).repeat(S, 1).repeat(S, 2)[hours],
        "truth": truth[hours],
        "member 1": members[OURS][0, hours],
        "member 2": members[OURS][1, hours],
        f"best rival,\na member\n({'STEPS-like' if rival == 'steps' else 'RainFARM'})": members[rival][0, hours],
    }
    if case.zoom:
        edges = [min(max(v + (CATCHMENT - case.zoom) // 2, 0), n - case.zoom) // S * S
                 for v, n in zip((y, x), truth.shape[1:], strict=True)]  # fmt: skip
        part = tuple(slice(edge, edge + case.zoom) for edge in edges)
        rows, (y, x) = {name: fields[:, *part] for name, fields in rows.items()}, (y - edges[0], x - edges[1])
    picture(case, rows, hours, (y, x), sums, rival)
    return Told(case, rival, crps, float(truth.max()), inside)


def faint(axes, coarse: np.ndarray) -> None:
    """Outline the coarse cells that are wet but too little for a colour, where they are few."""
    places = np.argwhere((coarse > 0) & (coarse < LEVELS[0]))
    for y, x in places if len(places) <= FEW else ():
        axes.add_patch(Rectangle((x * S - 0.5, y * S - 0.5), S, S, fill=False, ec=BLUE, lw=0.8, ls=":"))


def picture(case: Case, rows: dict[str, np.ndarray], hours: slice, corner, sums, rival: str) -> None:
    """Strips of hours, and the hourly sums over the catchment below."""
    ny, nx = rows["truth"].shape[1:]
    figure = Figure(figsize=(10.6, 11.4), dpi=100, layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[5, 1.65])
    colours, norm = rain_colours()
    grid = top.subplots(len(rows), SHOWN, squeeze=False)
    for row, (name, fields) in enumerate(rows.items()):
        for k, (axes, field) in enumerate(zip(grid[row], fields, strict=True)):
            axes.imshow(field, cmap=colours, norm=norm, interpolation="nearest")
            box = Rectangle((corner[1] - 0.5, corner[0] - 0.5), CATCHMENT, CATCHMENT, fill=False, ec=INK, lw=0.9)
            axes.add_patch(box)
            if row == 0:
                faint(axes, field[::S, ::S])
            axes.set(xticks=[], yticks=[])
            for side in axes.spines.values():
                side.set_edgecolor("#9aa5b1")
            if row == 0:
                axes.set_title(f"hour to {case.ends[hours][k]:%H:%M}", fontsize=9, color=INK)
        grid[row, 0].set_ylabel(name, fontsize=10, rotation=0, ha="right", va="center", color=INK,
                               weight="bold" if name == "truth" else "normal")  # fmt: skip
    scale = grid[0, -1]
    length = 50 if nx >= 100 else 20
    scale.plot([0.94 * nx - length, 0.94 * nx], [0.94 * ny] * 2, color=INK, lw=2)
    scale.text(0.94 * nx - length / 2, 0.92 * ny, f"{length} km", ha="center", va="bottom", fontsize=8, color=INK)
    bar = top.colorbar(ScalarMappable(norm, colours), ax=grid, shrink=0.6, extend="both", aspect=35, pad=0.01)
    bar.set_label("rain, mm/h (white: below 0.1)", color=INK)
    day = case.ends[0]
    top.suptitle(f"{case.title}: {day:%d %B %Y}, {nx} x {ny} km, pixels of 1 km, times in UTC", fontsize=12, color=INK)
    axes = bottom.subplots()
    edges = np.arange(len(sums["truth"]) + 1)
    for name, colour, mark, shift in ((OURS, BLUE, "o", -0.14), (rival, ORANGE, "D", 0.14)):
        label = f"{MEMBERS} members,\n" + ("one network" if name == OURS else NAMES[name])
        at = np.broadcast_to(edges[:-1] + 0.5 + shift, sums[name].shape)
        axes.plot(at.ravel(), sums[name].ravel(), mark, color=colour, ms=4.5, alpha=0.6, mew=0, label=label)
        axes.vlines(at[0], sums[name].min(0), sums[name].max(0), color=colour, lw=1, alpha=0.5)
    axes.hlines(sums["truth"], edges[:-1] + 0.06, edges[1:] - 0.06, color="black", lw=2.2, label="truth")
    axes.vlines(edges[1:-1], 0, 1, color=GREY, lw=0.4, alpha=0.5, transform=axes.get_xaxis_transform())
    axes.axvspan(hours.start, hours.stop, color=GREY, alpha=0.10, lw=0, zorder=0)
    axes.text(hours.start + 0.05, 0.97, "hours shown above", fontsize=8, color=GREY, va="top",
              transform=axes.get_xaxis_transform())  # fmt: skip
    axes.set(
        xlim=(0, len(edges) - 1), ylim=(-0.02 * max(x.max() for x in sums.values()), None), ylabel="mm in the hour"
    )
    axes.set_xticks(edges[1:] - 0.5, [f"{end:%H:%M}" for end in case.ends], fontsize=8)
    axes.set_title(
        "mean rain over the square that is outlined above, 100 km²; it lies across four coarse cells",
        fontsize=9,
        color=INK,
    )
    axes.set_xlabel("end of the hour, UTC", fontsize=9)
    axes.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.supxlabel(f"Rain: {case.credit}.", fontsize=7, color=GREY)
    file = BytesIO()
    figure.savefig(file, format="png")
    image = Image.open(file).convert("RGB").quantize(255, dither=Image.Dither.NONE)
    image.save(HERE / f"cases-{case.name}.png", optimize=True)


#: what the page says first
HEAD = """# Six cases, November 2026

What the weights `{weights}` draw at ({s}, {t}): from means over {s} km and {t} h to 1 km and 1 h, of rain that training
did not see. A rule chose every case. `docs/figures/cases.py` chooses, draws and writes this page.

**How to read a picture.** A column is an hour. First comes what the network is given (dotted: a wet cell below
the colours), then the truth, two of its {members} members, and a member of the better of two rivals (least CRPS
in this case). Each member is one way in which the rain may have fallen. Where truth and member have storms in
other places, neither is wrong: the coarse rain does not tell. What must agree is the texture, how heavy cores
are, and how rain moves. Below are hourly sums over 100 km², as a small river sees them: dots are members, bars
the truth. The square is the wettest of those that lie half a cell off the coarse grid, by the coarse rain, so
that its totals are not given. With {members} members the truth should lie outside their range in about two
hours of nine.

| case | CRPS, mm/h | of the better rival | ratio | wettest pixel, mm/h | hours of {hours} within its range, rival's |
|---|---|---|---|---|---|
"""
ROW = "| [{title}](#{anchor}) | {ours:.3g} | {other:.3g} ({rival}) | {ratio:.2f} | {most:.1f} | {inside}, {within} |\n"
AFTER = """
Twelve hours of one place, {members} members, one seed: a look. What is measured [over days](2026-11-skill.md) counts.
"""
SECTION = """
## {title}

Rule: {rule}.

![{title}](../figures/cases-{name}.png)

*{day}, hours to {first} until {last} UTC. Rain: {credit}.*
"""


def page(told: list[Told], weights: str) -> str:
    """The page in Markdown."""
    out = HEAD.format(weights=weights, s=S, t=T, members=MEMBERS, hours=HOURS)
    for one in told:
        ours, other = one.crps[OURS], one.crps[one.rival]
        out += ROW.format(
            title=one.case.title, anchor=one.case.title.lower().replace(" ", "-"), ours=ours, other=other,
            ratio=ours / other, rival=NAMES[one.rival], most=one.most,
            inside=one.inside[OURS], within=one.inside[one.rival],
        )  # fmt: skip
    out += AFTER.format(members=MEMBERS)
    for one in told:
        case, ends = one.case, one.case.ends
        out += SECTION.format(
            title=case.title, rule=case.rule, name=case.name, day=f"{ends[0]:%d %B %Y}",
            first=f"{ends[0]:%H:%M}", last=f"{ends[-1]:%H:%M}", credit=case.credit,
        )  # fmt: skip
    return out


def main() -> None:
    """Write the pictures and the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", help="a name that ships, or a folder")
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--noise", type=Path, required=True, help="folder of the rivals' noise (examples/any/study.py)")
    parser.add_argument("--fit", default="radolan", help="days of training to fit it on")
    args = parser.parse_args()
    model, noise = load(args.weights), fitted(args.noise, args.pool, args.fit, S, T)
    told = []
    for case in choose(args.pool):
        told.append(draw(case, model, noise))
        print(case.name, told[-1].crps, flush=True)
    (HERE.parent / "results" / "2026-11-cases.md").write_text(page(told, Path(args.weights).name))


if __name__ == "__main__":
    main()
