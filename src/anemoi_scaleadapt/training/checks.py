"""Checks of the datasets before anything is trained."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from anemoi.datasets import open_dataset
from omegaconf import OmegaConf

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.scale import Scale

Shape = tuple[int, int]


def check_datasets(splits: Mapping[str, Any], scale: Scale, lr: str, hr: str) -> tuple[Shape, Shape]:
    """Check that coarse and fine datasets belong together, in every split.

    anemoi pairs datasets by position: one day's offset between them would train without a word.

    Parameters
    ----------
    splits : Mapping
        Split (training, validation) -> dataset name -> reader, as in ``dataloader.<split>.datasets``.
    scale : Scale
        Factor pair and context.
    lr, hr : str
        Names of the coarse and of the fine dataset.

    Returns
    -------
    tuple
        (y, x) of the coarse and of the fine grid.

    Raises
    ------
    ScaleAdaptError
        If a dataset cannot be opened or is too short, dates or frequencies differ, a dataset is not hourly, a grid is
        not regular, the grids are not s times each other or do not cover the same area, or a static field has gaps.
    """
    shapes = None
    for split, readers in splits.items():
        where = {name: f"dataloader.{split}.datasets.{name} ({_path(readers[name])})" for name in (lr, hr)}
        opened = {name: _open(readers[name], where[name]) for name in (lr, hr)}
        _check_dates(opened, where)
        shapes = _check_grids(opened[lr], opened[hr], where[lr], where[hr], scale.space)
        needed = len(scale.frame_ends) * scale.time
        hours = round(len(opened[lr].dates) * opened[lr].frequency.total_seconds() / 3600)
        if hours < needed:
            raise ScaleAdaptError(
                f"{where[lr]} has {hours} hours; scale.context_length = {scale.context_length} frames "
                f"of {scale.time} h need {needed}: widen the period or shorten the context."
            )
        for name in opened[hr].variables:
            _check_static(opened[hr], name, where[hr])
    return shapes


def _open(reader: Any, where: str) -> Any:
    reader = OmegaConf.to_container(reader, resolve=True) if OmegaConf.is_config(reader) else dict(reader)
    inner = reader["dataset_config"]
    inner = {key: value for key, value in inner.items() if value is not None} if isinstance(inner, dict) else inner
    try:
        return open_dataset(inner, start=reader.get("start"), end=reader.get("end"))
    except Exception as error:
        raise ScaleAdaptError(
            f"{where} cannot be opened from {reader.get('start')} to {reader.get('end')}: {error}. Check the path and "
            "the period."
        ) from error


def _path(reader: Any) -> str:
    inner = reader["dataset_config"]
    return str(inner.get("dataset", inner) if not isinstance(inner, str) else inner)


def _check_dates(opened: dict[str, Any], where: dict[str, str]) -> None:
    for name, dataset in opened.items():
        if 3600 % dataset.frequency.total_seconds():
            raise ScaleAdaptError(
                f"{where[name]} has a frequency of {dataset.frequency}; training needs means over an hour, every hour "
                "or every divisor of it, at every resolution (coarse frames are averaged over t hours while reading)."
            )
    (first, one), (second, two) = opened.items()
    if len(one.dates) != len(two.dates) or (one.dates != two.dates).any():
        raise ScaleAdaptError(
            f"{where[first]} and {where[second]} hold different dates ({_span(one)} against {_span(two)}); anemoi "
            "pairs them by position. Give both the same start and end, or build both from the same dates."
        )


def _span(dataset: Any) -> str:
    return f"{dataset.dates[0]} to {dataset.dates[-1]}, {len(dataset.dates)} dates"


def _check_grids(lr: Any, hr: Any, lr_where: str, hr_where: str, space: int) -> tuple[Shape, Shape]:
    coarse, fine = tuple(lr.field_shape), tuple(hr.field_shape)
    for shape, place in ((coarse, lr_where), (fine, hr_where)):
        if len(shape) != 2:
            raise ScaleAdaptError(f"{place} has a field shape of {shape}; a regular grid (y, x) is needed.")
    if fine != tuple(space * n for n in coarse):
        raise ScaleAdaptError(
            f"{hr_where} is {fine[0]} x {fine[1]} and {lr_where} is {coarse[0]} x {coarse[1]}; with scale.space = "
            f"{space} the fine grid must be {space * coarse[0]} x {space * coarse[1]}. Set scale.space to the factor "
            "between the datasets, or coarsen the fine one by it."
        )
    blocks = (coarse[0], space, coarse[1], space)
    for name in ("latitudes", "longitudes"):
        middle = np.asarray(getattr(hr, name)).reshape(blocks).mean(axis=(1, 3)).ravel()
        worst = np.abs(middle - np.asarray(getattr(lr, name))).max()
        if worst > 0.02:
            raise ScaleAdaptError(
                f"{lr_where} and {hr_where} do not cover the same area: {name} of coarse cells differ from the mean "
                f"of their fine pixels by up to {worst:.3f} degrees. Coarsen the fine dataset itself."
            )
    return coarse, fine


def _check_static(hr: Any, name: str, where: str) -> None:
    constant = getattr(hr.typed_variables.get(name), "is_constant_in_time", False)
    if constant and np.isnan(hr[0][hr.name_to_index[name]]).any():
        raise ScaleAdaptError(
            f"{where}: static field {name} has missing values; fill them in the recipe, for example with the filter "
            "`impute-nans`."
        )
