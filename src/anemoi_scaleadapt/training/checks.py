"""Checks of the datasets before anything is trained."""

import logging
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.place import on_blocks
from anemoi_scaleadapt.training.agreement import block_means, check_agreement, check_hourly, compare, wet_stretches
from anemoi_scaleadapt.training.opened import Opened, Shape, open_reader
from anemoi_scaleadapt.training.variables import check_names, check_statics, check_statistics, check_unit

LOG = logging.getLogger(__name__)


def check_datasets(
    splits: Mapping[str, Any],
    *,
    hours: int,
    space: int | None = None,
    lr: str = "lr",
    hr: str = "hr",
    rain: str = "rain",
    statics: Sequence[str] = (),
    units: str | None = None,
    same_rain: bool = True,
) -> dict[str, Shape]:
    """Check that datasets hold what training needs, and that coarse and fine rain belong together, in every split.

    anemoi pairs datasets by position, hands every variable to the model and looks at no unit: one day's offset, a
    variable that knows the truth or a rate per second would train without a word.

    Parameters
    ----------
    splits : Mapping
        Split (training, validation) -> dataset name -> reader, as in ``dataloader.<split>.datasets``. The coarse
        dataset may be absent: then the fine one alone is looked at.
    hours : int
        Hours that a window takes with its context.
    space : int, optional
        Fine pixels on a side of a coarse cell, s; needed where there is a coarse dataset.
    lr, hr : str
        Names of the coarse and of the fine dataset.
    rain : str
        Name of the rain in both.
    statics : sequence of str
        Declared static fields of the fine dataset.
    units : str, optional
        What the user says that the unit of the rain is.
    same_rain : bool
        Whether coarse rain must be the block mean of the fine rain.

    Returns
    -------
    dict
        (y, x) of each dataset's grid, by name.

    Raises
    ------
    ScaleAdaptError
        Naming the key and the file, what is wrong and what to do.
    """
    shapes: dict[str, Shape] = {}
    fine: dict[str, Opened] = {}
    for split, readers in splits.items():
        wanted = {name: (rain, *statics) if name == hr else (rain,) for name in (lr, hr) if name in readers}
        opened = {
            name: open_reader(readers[name], f"dataloader.{split}.datasets.{name}", names)
            for name, names in wanted.items()
        }
        for name, one in opened.items():
            check_names(one, rain, statics if name == hr else ())
            check_unit(one, rain, units)
            _check_length(one, hours)
            if split == "training":
                check_statistics(one, rain, used=name == hr)
        fine[split], coarse = opened[hr], opened.get(lr)
        if coarse is not None:
            _check_same_dates(coarse, fine[split])
            _check_place(coarse, fine[split], space or 1)
        _check_values(coarse, fine[split], rain, space or 1, statics, same_rain)
        shapes = {name: one.shape for name, one in opened.items()}
    for one, other in combinations(fine.values(), 2):
        _check_apart(one, other)
    return shapes


def _check_values(
    lr: Opened | None, hr: Opened, rain: str, space: int, statics: Sequence[str], same_rain: bool
) -> None:
    """Look at the fields of a few wet hours."""
    stretches = (wet_stretches(lr, rain) if lr is not None else []) or wet_stretches(hr, rain)
    check_statics(hr, statics, [part[len(part) // 2] for part in stretches])
    if not stretches:
        LOG.warning("%s is dry at all dates looked at, %s: its rain was not checked.", hr.where, _span(hr))
        return
    check_hourly(hr, rain, stretches)
    if lr is None:
        block_means(hr, rain, stretches, 1)
        return
    when = ", ".join(str(hr.dates[part[len(part) // 2]]) for part in stretches)
    check_agreement(compare(lr, hr, rain, space, stretches), lr, hr, when, same_rain)


def _check_length(opened: Opened, needed: int) -> None:
    seconds = opened.data.frequency.total_seconds()
    if 3600 % seconds:
        raise ScaleAdaptError(
            f"{opened.where} has a frequency of {opened.data.frequency}; training needs means over an hour, every hour "
            "or every divisor of it, at every resolution (coarse frames are averaged over t hours while reading)."
        )
    hours = round(len(opened.dates) * seconds / 3600)
    if hours < needed:
        raise ScaleAdaptError(
            f"{opened.where} has {hours} hours; a window (task.window) and what lies round it need {needed}: widen the "
            "period or shorten the window."
        )
    if not len(opened.known):
        raise ScaleAdaptError(f"{opened.where} has no data: all its dates are missing. Choose another period.")


def _check_same_dates(one: Opened, other: Opened) -> None:
    if len(one.dates) != len(other.dates) or (one.dates != other.dates).any():
        raise ScaleAdaptError(
            f"{one.where} and {other.where} hold different dates ({_span(one)} against {_span(other)}); anemoi pairs "
            "them by position. Give both the same start and end, or build both from the same dates."
        )


def _check_place(lr: Opened, hr: Opened, space: int) -> None:
    coarse, fine = lr.shape, hr.shape
    if fine != tuple(space * n for n in coarse):
        raise ScaleAdaptError(
            f"{hr.where} is {fine[0]} x {fine[1]} and {lr.where} is {coarse[0]} x {coarse[1]}; with scale.space = "
            f"{space} the fine grid must be {space * coarse[0]} x {space * coarse[1]}. Set scale.space to the factor "
            "between the datasets, or coarsen the fine one by it."
        )
    on_blocks(hr.place, lr.place, space)


def _check_apart(one: Opened, other: Opened) -> None:
    """Refuse splits that share dates; one is left to the rounding of shares such as "90%"."""
    shared = np.intersect1d(one.dates[one.known], other.dates[other.known])
    if len(shared) > 1:
        raise ScaleAdaptError(
            f"{one.key} and {other.key} share {len(shared)} dates, from {shared[0]} to {shared[-1]}: what is watched "
            "must not be learnt from. Set period.training and period.validation apart."
        )


def _span(opened: Opened) -> str:
    return f"{opened.dates[0]} to {opened.dates[-1]}, {len(opened.dates)} dates"
