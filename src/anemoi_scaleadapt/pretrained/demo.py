"""The demo: members of the sample's window, their scores beside classical baselines, a picture."""

from pathlib import Path

import numpy as np

from anemoi_scaleadapt import __version__
from anemoi_scaleadapt.baselines.systems import Setup, build
from anemoi_scaleadapt.pretrained.sample import SPACE, TIME, Sample
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.windows import HOUR, Coarse

#: Baselines beside the members; both RainFARMs because the harder one changes with the weather.
BASELINES = ("bicubic", "rainfarm", "rainfarm_ar1")
SCORES = {"crps": "CRPS", "rmse": "RMSE", "ssr": "spread/skill", "conservation_error": "coarse error"}


def score_members(
    sample: Sample, members: np.ndarray, mean: np.ndarray, seed: int = 0
) -> tuple[dict, dict[str, np.ndarray]]:
    """Score members (member, t, y, x) and mean (t, y, x), mm h-1, of the sample's window beside the baselines.

    Returns
    -------
    tuple of dict
        The scorecard, and the columns of the picture.
    """
    from anemoi_scaleadapt.report.gallery import Gallery
    from anemoi_scaleadapt.verification.run import System, count
    from anemoi_scaleadapt.verification.scorecard import scorecard
    from anemoi_scaleadapt.verification.settings import Settings

    shape, coarse_shape = sample.truth.shape[-2:], sample.coarse.shape[-2:]
    where = sample.latitude, sample.longitude
    truth = Rain("the sample", sample.window, shape, *where, lambda index: sample.truth[None, index])
    frames = Rain("its means", sample.times, coarse_shape, None, None, lambda index: sample.coarse[None, index])
    coarse = Coarse(frames, TIME)
    setup = Setup(coarse, SPACE, TIME, len(members), seed)
    systems: dict[str, System] = {"scaleadapt": lambda window, number: members}
    systems["mean"] = lambda window, number: mean[None]
    systems |= {name: system for name in BASELINES if (system := build(name, setup)) is not None}
    settings, windows = Settings(truth.shape, truth.pixel_km), sample.window[None]
    gallery = Gallery("scaleadapt", windows, [0], f"{SPACE * truth.pixel_km:.3g} km, {TIME} h")
    tallies = count(systems, truth, coarse, windows, settings, watch=gallery.watch)
    return scorecard(tallies, "scaleadapt", (SPACE, TIME), BASELINES), gallery.columns


def table(card: dict) -> str:
    """The main scores of every system that was scored."""
    from anemoi_scaleadapt.verification.scorecard import table

    return "\n".join(table({name: values for name, values in card["systems"].items() if values}, SCORES))


def draw_picture(card: dict, columns: dict[str, np.ndarray], sample: Sample, path: Path) -> None:
    """Write ``rain.png``."""
    from anemoi_scaleadapt.report.figure import draw, save, stamps

    subtitle = (
        f"Mean over the hour that ends at the time on the left, {card['grid'][1] * card['pixel_km']:.0f} km wide. "
        f"Rain: Deutscher Wetterdienst, RADKLIM-YW (modified), {sample.attributes['licence']}."
    )
    title = f"{card['name']}: rain {SPACE}× finer in space, {TIME}× in time"
    save(draw(columns, stamps(sample.window), title, subtitle), path)


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
