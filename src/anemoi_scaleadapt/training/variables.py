"""What the datasets of a training may hold: rain in mm h-1, declared fields that never change, nothing else.

anemoi hands every variable of a dataset to the model. One of the fine dataset that varies in time, such as the error of
the rain, would tell the networks the truth.
"""

import logging
from collections.abc import Iterable, Sequence

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.codes import LEAST, MOST
from anemoi_scaleadapt.rain.units import parse
from anemoi_scaleadapt.training.opened import Opened

LOG = logging.getLogger(__name__)
DECLARE = "data.datasets.hr.forcing"
#: kind and factor of mm h-1
RIGHT = ("rate", 1.0)


def check_names(opened: Opened, rain: str, statics: Sequence[str] = ()) -> None:
    """Refuse variables that are neither the rain nor declared static.

    Parameters
    ----------
    opened : Opened
        The dataset.
    rain : str
        Name of the rain.
    statics : sequence of str
        Names of the static fields, of the fine dataset only.

    Raises
    ------
    ScaleAdaptError
        Naming the variables.
    """
    if rain in statics:
        raise ScaleAdaptError(f"{DECLARE} = {list(statics)}: {rain} is the truth and cannot be an input.")
    other = [name for name in opened.names if name != rain and name not in statics]
    if other:
        raise ScaleAdaptError(
            f"{opened.where} reads {', '.join(other)} beside {rain}: every variable that is read reaches the networks. "
            f"Leave {opened.key}.dataset_config.select as it is, and declare fields that never change in {DECLARE}."
        )


def check_statics(opened: Opened, statics: Sequence[str], places: Iterable[int]) -> None:
    """Refuse static fields with gaps, and such that vary in time.

    Parameters
    ----------
    opened : Opened
        The fine dataset.
    statics : sequence of str
        Names.
    places : iterable of int
        Dates to compare: far apart, and some of them wet, for what follows the rain does not differ between dry hours.

    Raises
    ------
    ScaleAdaptError
        Naming the field, and the two dates between which it differs.
    """
    first, *others = sorted({int(opened.known[0]), int(opened.known[-1]), *(p for p in places if p in opened.known)})
    for name in statics:
        there = opened.field(name, first)
        if not np.isfinite(there).all():
            raise ScaleAdaptError(
                f"{opened.where}: static field {name} has missing values; fill them in the recipe, for example with "
                "the filter `impute-nans`."
            )
        for other in others:
            then = opened.field(name, other)
            if not np.allclose(there, then, rtol=1e-5, atol=1e-6 * float(np.abs(there).max())):
                raise ScaleAdaptError(
                    f"{opened.where}: {name} differs between {opened.dates[first]} and {opened.dates[other]}, so it is "
                    f"not static: as an input it could tell the truth. Take it out of {DECLARE}."
                )


def check_unit(opened: Opened, rain: str, stated: str | None) -> None:
    """Refuse rain in another unit than mm h-1, or in none.

    Parameters
    ----------
    opened : Opened
        The dataset.
    rain : str
        Name of the rain.
    stated : str, optional
        What the user says that the unit is; it counts more than what the dataset says.

    Raises
    ------
    ScaleAdaptError
        With what to do.
    """
    own = opened.unit(rain)
    text = stated if stated is not None else own
    said = f"{text!r} (task.units)" if stated is not None else repr(text)
    unit = parse(text, f"{opened.where}: {rain}")
    if unit is None:
        raise ScaleAdaptError(
            f"{opened.where} does not say the unit of {rain} (variables_metadata). If it is a mean rate in mm h-1, say "
            'so with task.units="mm h-1"; recipes of `anemoi-scaleadapt datasets` write it.'
        )
    if (unit.kind, round(unit.factor, 6)) != RIGHT:
        by = (
            f" Multiply it with dataset_config.rescale: {{{rain}: [{unit.factor:g}, 0]}} and"
            if unit.kind == "rate"
            else " Convert it and"
        )
        raise ScaleAdaptError(
            f"{opened.where}: {rain} is in {said}; training needs a mean rate in mm h-1.{by} say "
            'task.units="mm h-1", or build it with a recipe of `anemoi-scaleadapt datasets`.'
        )
    if stated is not None and own not in (None, stated):
        LOG.warning("%s: %s is taken as %s (task.units); the dataset says %r.", opened.where, rain, stated, own)


def check_statistics(opened: Opened, rain: str, used: bool) -> None:
    """Refuse statistics of rain into which numbers went that are no rain.

    anemoi gathers mean and deviation while it builds a dataset; a code for missing, -9999, spoils them for good.

    Parameters
    ----------
    opened : Opened
        The dataset.
    rain : str
        Name of the rain.
    used : bool
        Whether they scale the rain in training; else a warning is enough.

    Raises
    ------
    ScaleAdaptError
        With the range of the statistics.
    """
    place = opened.data.name_to_index[rain]
    least, most, mean = (float(opened.data.statistics[key][place]) for key in ("minimum", "maximum", "mean"))
    if LEAST <= least and most <= MOST and np.isfinite(mean):
        return
    found = (
        f"{opened.where}: by its statistics {rain} runs from {least:g} to {most:g} mm h-1 with a mean of {mean:.4g}: "
        "some of it is no rain, such as codes for missing"
    )
    if used:
        raise ScaleAdaptError(
            f"{found}, and has spoilt them. Build the dataset anew with a recipe of `anemoi-scaleadapt datasets`, "
            "whose source `rain` makes it missing."
        )
    LOG.warning("%s. In training it counts as missing.", found)
