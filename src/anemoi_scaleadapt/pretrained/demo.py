"""The demo: members of the sample's wettest hours, their scores beside classical baselines, a picture."""

from pathlib import Path
from typing import Any

import numpy as np

from anemoi_scaleadapt import __version__
from anemoi_scaleadapt.baselines.systems import Setup, build
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.inference.draw import draw_members
from anemoi_scaleadapt.models.anemoi import RainModel
from anemoi_scaleadapt.pretrained.sample import Sample, start_of
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.windows import Coarse

#: Baselines beside the members; several ensembles because the hardest one changes with the weather and the pair.
BASELINES = ("bicubic", "rainfarm", "rainfarm_ar1", "steps")
SCORES = {"crps": "CRPS", "rmse": "RMSE", "ssr": "spread/skill", "conservation_error": "coarse error"}
Pair = tuple[int, int]


def draw_sample(model: RainModel, sample: Sample, pair: Pair, members: int, seed: int) -> tuple[np.ndarray, ...]:
    """Draw the sample's hours from its means over s x s pixels and t hours.

    Returns
    -------
    windows : ndarray
        Ends of the hours that were drawn, (n, t).
    members, mean : ndarray
        (member, n t, y, x) and (n t, y, x), mm h-1.

    Raises
    ------
    ScaleAdaptError
        If the model has not learnt the pair.
    """
    space, time = pair
    frames, before, after = sample.frames(space, time)
    start, scale = start_of(sample), {"space": space, "time": time}
    drawn, mean = draw_members(
        model, frames, start.astype("M8[s]").item(), scale, members, seed, before=before, after=after, hours_at_once=12
    )
    hours = start + HOUR * np.arange(1, len(mean) + 1)
    return hours.reshape(-1, time), drawn, mean


def score_members(
    sample: Sample, pair: Pair, windows: np.ndarray, members: np.ndarray, mean: np.ndarray, seed: int = 0
) -> tuple[dict[str, Any], dict[str, np.ndarray], np.ndarray]:
    """Score members and mean of :func:`draw_sample` beside the baselines.

    Returns
    -------
    card : dict
        The scorecard.
    columns, hours : dict, ndarray
        The picture's columns, title -> (t, y, x), and the ends of its hours: those of the wettest window.
    """
    from anemoi_scaleadapt.report.gallery import Gallery, wettest
    from anemoi_scaleadapt.verification.run import System, count
    from anemoi_scaleadapt.verification.scorecard import scorecard
    from anemoi_scaleadapt.verification.settings import Settings

    space, time = pair
    shape, where, cells = sample.rain.shape[1:], (sample.latitude, sample.longitude), sample.frames(space, 1)[0]
    truth = Rain("the sample", sample.times, shape, *where, lambda index: sample.rain[None, index])
    pixel_km = truth.pixel_km
    hourly = Rain("its means", sample.times, cells.shape[1:], None, None, lambda index: cells[None, index])
    coarse = Coarse(hourly, time)
    setup = Setup(coarse, space, time, len(members), seed)

    def of_window(rain: np.ndarray) -> System:
        return lambda window, number: rain[:, number * time : (number + 1) * time]

    systems: dict[str, System] = {"scaleadapt": of_window(members), "mean": of_window(mean[None])}
    systems |= {name: system for name in BASELINES if (system := build(name, setup)) is not None}
    shown = wettest(coarse, windows, 1)
    gallery = Gallery("scaleadapt", windows, shown, f"{space * pixel_km:.3g} km, {time} h")
    tallies = count(systems, truth, coarse, windows, Settings(shape, pixel_km), watch=gallery.watch)
    rivals = tuple(name for name in BASELINES if name in systems)
    return scorecard(tallies, "scaleadapt", pair, rivals, samples=0), gallery.columns, windows[shown[0]]


def table(card: dict[str, Any]) -> str:
    """The main scores of every system that was scored."""
    from anemoi_scaleadapt.verification.scorecard import table

    return "\n".join(table({name: values for name, values in card["systems"].items() if values}, SCORES))


def draw_picture(
    card: dict[str, Any], columns: dict[str, np.ndarray], hours: np.ndarray, sample: Sample, path: Path
) -> None:
    """Write ``rain.png``."""
    from anemoi_scaleadapt.report.figure import plot, save, stamps

    subtitle = (
        f"Mean over the hour that ends at the time on the left, {card['grid'][1] * card['pixel_km']:.0f} km wide. "
        f"Rain: Deutscher Wetterdienst, RADKLIM-YW (modified), {sample.attributes['licence']}."
    )
    space, time = card["pair"]
    title = f"{card['name']}: rain {space}× finer in space, {time}× in time"
    save(plot(columns, stamps(hours), title, subtitle), path)


def write_members(
    sample: Sample, pair: Pair, windows: np.ndarray, members: np.ndarray, mean: np.ndarray, seed: int, path: Path
) -> None:
    """Write ``members.nc``: CF NetCDF, rain (member, time, y, x) in mm h-1, with the attribution of the data."""
    from anemoi_scaleadapt.rain.layout import Layout
    from anemoi_scaleadapt.rain.members import MembersFile
    from anemoi_scaleadapt.rain.projection import find_projection

    space, time = pair
    where = (sample.latitude, sample.longitude)
    layout = Layout(
        windows.ravel(),
        sample.rain.shape[1:],
        space,
        time,
        range(len(members)),
        *where,
        projection=find_projection(*where),
        reference=start_of(sample),
        mean=True,
        attributes={
            "title": f"Precipitation ensemble at 1 km, every hour, from {space} km every {time} h",
            "source": f"anemoi-scaleadapt {__version__}, the weights and the sample that ship with it",
            "scaleadapt_seed": np.int32(seed),
            "licence": sample.attributes["licence"],
            "attribution": f"{sample.attributes['attribution']} Here: an ensemble drawn from its means over "
            f"{space} km and {time} h.",
        },
    )
    with MembersFile(path, layout) as file:
        file.add(windows.ravel(), members, mean)
