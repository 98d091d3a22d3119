"""The demo: members of the sample's window, their scores beside classical baselines, a picture."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from anemoi_scaleadapt import __version__
from anemoi_scaleadapt.pretrained.sample import SPACE, TIME, Sample
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.windows import HOUR, Coarse
from anemoi_scaleadapt.verification.case import Case, Tallies, count

#: Baselines beside the members; both RainFARMs because the harder one changes with the weather.
BASELINES = ("bicubic", "rainfarm", "rainfarm_ar1")
SCORES = (("crps", "CRPS"), ("rmse", "RMSE"), ("ssr", "spread/skill"), ("conservation_error", "coarse error"))


@dataclass
class Result:
    """What was drawn and counted: the case, its sums, and the panels of the picture."""

    case: Case
    tallies: Tallies
    panels: dict


def score_members(sample: Sample, members: np.ndarray, mean: np.ndarray, seed: int = 0) -> Result:
    """Score members (member, t, y, x) and mean (t, y, x), mm h-1, of the sample's window beside the baselines."""
    from anemoi_scaleadapt.report.figure import columns
    from anemoi_scaleadapt.verification.tally import Settings

    def rain(name: str, times: np.ndarray, fields: np.ndarray, *where: np.ndarray | None) -> Rain:
        return Rain(name, times, fields.shape[-2:], *(where or (None, None)), lambda index: fields[:, index])

    grid = (sample.latitude, sample.longitude)
    truth = rain("the sample", sample.window, sample.truth[None], *grid)
    case = Case(
        members=rain("members", sample.window, members, *grid),
        truth=truth,
        coarse=Coarse(rain("the coarse sample", sample.times, sample.coarse[None]), TIME),
        windows=sample.window[None],
        s=SPACE,
        t=TIME,
        mean=rain("mean", sample.window, mean[None], *grid),
        baselines=BASELINES,
        member_baselines=len(members),
        seed=seed,
        settings=Settings(pixel_km=truth.pixel_km),
    )
    panels: dict = {}

    def watch(number, window, coarse, truth, forecasts):
        panels.update(columns(case, coarse, truth, forecasts))

    return Result(case, count(case, watch=watch), panels)


def table(result: Result) -> str:
    """The scores of every system as a small table."""
    from anemoi_scaleadapt.verification.bootstrap import combine
    from anemoi_scaleadapt.verification.scorecard import cell
    from anemoi_scaleadapt.verification.scores import score

    case, tallies = result.case, result.tallies
    rows = [["system", "members", *(title for _, title in SCORES)]]
    for name, sums in tallies.sums.items():
        values = score(combine(sums), tallies.shape, case.settings)
        rows.append([name, str(tallies.members[name]), *(cell(key, values[key]) for key, _ in SCORES)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *rest in rows:
        numbers = (text.rjust(width) for text, width in zip(rest, widths[1:], strict=True))
        lines.append("  ".join([first.ljust(widths[0]), *numbers]))
    return "\n".join(lines)


def draw_picture(result: Result, sample: Sample, path: Path) -> None:
    """Write ``rain.png``."""
    from anemoi_scaleadapt.report.figure import draw

    width = sample.truth.shape[-1] * result.case.settings.pixel_km
    subtitle = (
        f"Mean over the hour that ends at the time on the left, {width:.0f} km wide. Rain: Deutscher Wetterdienst, "
        f"RADKLIM-YW (modified), {sample.attributes['licence']}."
    )
    draw(result.case, result.panels, sample.window, path, subtitle)


def write_members(sample: Sample, members: np.ndarray, seed: int, path: Path) -> None:
    """Write ``members.nc``: CF NetCDF, rain (member, time, y, x) in mm h-1, with the attribution of the data."""
    from anemoi_scaleadapt.rain.layout import Layout
    from anemoi_scaleadapt.rain.members import MembersFile
    from anemoi_scaleadapt.rain.projection import find_projection

    made = "Here: an ensemble drawn from its means over 10 km and 3 h."
    where = (sample.latitude, sample.longitude)
    layout = Layout(
        sample.window,
        sample.truth.shape[1:],
        SPACE,
        TIME,
        range(len(members)),
        *where,
        projection=find_projection(*where),
        reference=sample.window[0] - HOUR,
        attributes={
            "title": "Precipitation ensemble at 1 km, every hour, from 10 km every 3 hours",
            "source": f"anemoi-scaleadapt {__version__}, the weights and the sample that ship with it",
            "scaleadapt_seed": np.int32(seed),
            "licence": sample.attributes["licence"],
            "attribution": f"{sample.attributes['attribution']} {made}",
        },
    )
    with MembersFile(path, layout) as file:
        file.add(sample.window, members)


def start_of(sample: Sample):
    """Start of the sample's window as a datetime, UTC."""
    return (sample.window[0] - HOUR).item()
