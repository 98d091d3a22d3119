"""Trained weights, what is measured on them for several pairs, and weights that know it."""

import datetime
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from anemoi_scaleadapt.calibration import spread, trained
from anemoi_scaleadapt.diffusion.settings import Tuned
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.models.anemoi import RainModel
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.regrid.records import block_means, cropped

Pair = tuple[int, int]


def pair_of(word: str, model: RainModel) -> Pair:
    """The pair (s, t) of a word such as ``10:3``, if the model has learnt it."""
    try:
        space, time = (int(part) for part in word.split(":"))
    except ValueError as error:
        raise ScaleAdaptError(f"--pairs {word}: write s:t, for example 10:3.") from error
    model.pairs.check(space, time, "Give --pairs among them.")
    return space, time


def stretches_of(
    model: RainModel,
    hr: Rain,
    pair: Pair,
    days: list[str],
    draw: int,
    edge: int,
    progress: Callable[[str], Callable[[Iterable], Iterable]] = lambda text: iter,
) -> list[trained.Stretch]:
    """Read wet stretches for a pair; the coarse rain is the mean of the fine rain.

    Parameters
    ----------
    model : RainModel
        From :func:`anemoi_scaleadapt.inference.trained.open_weights`.
    hr : Rain
        Hourly fine rain.
    pair : tuple of int
        (s, t).
    days : list of str
        First and last day; none should have been trained on.
    draw, edge : int
        Wet stretches at most; widest square in pixels.
    progress : callable
        Of a text, what wraps the list of stretches.

    Raises
    ------
    ScaleAdaptError
        If the domain is smaller than a coarse cell, or no wet stretch is there.
    """
    space, time = pair
    rows, columns = (slice(0, n // space * space) for n in hr.shape)
    if not (rows.stop and columns.stop):
        raise ScaleAdaptError(f"{hr.path} has {hr.shape} pixels, fewer than a coarse cell of {space} x {space}.")
    fine = cropped(hr, rows, columns)
    scale, coarse = model.find_scale({"space": space, "time": time}), block_means(fine, space)
    return trained.read_stretches(model, scale, coarse, fine, days, draw, edge, progress("reading"))


def spread_of(
    model: RainModel,
    hr: Rain,
    pair: Pair,
    days: list[str],
    draw: int,
    members: int,
    edge: int,
    progress: Callable[[str], Callable[[Iterable], Iterable]] = lambda text: iter,
) -> spread.Spread:
    """Find the sampler's settings with the lowest CRPS for a pair.

    Parameters
    ----------
    model, hr, pair, days, draw, edge, progress
        As of :func:`stretches_of`.
    members : int
        Members of each stretch.
    """
    space, time = pair
    net, scale = model.downscaler, model.find_scale({"space": space, "time": time})
    stretches = stretches_of(model, hr, pair, days, draw, edge, progress)

    def measure(tuned: Tuned) -> spread.Point:
        told = progress(f"{pair}: {spread.words(tuned)}")
        return trained.measure(net, scale, stretches, tuned, members, told)

    own = net.chosen(net.sampler, scale)
    return spread.find(measure, Tuned(*(getattr(own, name) for name in Tuned._fields)))


def check_folder(folder: Path) -> None:
    """Raise ScaleAdaptError where there is a model already."""
    from anemoi_scaleadapt.models.export import MODEL

    if (folder / MODEL).exists():
        raise ScaleAdaptError(f"--to {folder} holds a model already: give another folder.")


def write(weights: str, tuned: Mapping[Pair, Tuned], folder: Path, told: dict[str, Any]) -> None:
    """Write weights that draw with what was chosen, as an export.

    Parameters
    ----------
    weights : str
        What was measured: a name, a folder, or a checkpoint.
    tuned : Mapping
        What was chosen, by pair.
    folder : Path
        Where to write; another one than that of `weights`.
    told : dict
        What was measured on, for ``model.json``.

    Raises
    ------
    ScaleAdaptError
        If the weights need static fields, or the folder cannot be written.
    """
    from anemoi_scaleadapt.models.export import load, provenance, save
    from anemoi_scaleadapt.pretrained.checkpoint import read

    model, comes_from = read(Path(weights)) if Path(weights).is_file() else (load(weights), provenance(weights))
    model.downscaler.calibrated.fill(tuned)
    of_pairs = {
        f"s{s}t{t}": {name: round(value, 3) for name, value in each._asdict().items()} for (s, t), each in tuned.items()
    }
    day = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    save(model, folder, {**comes_from, "calibrated": {**told, "date": day, "pairs": of_pairs}})
