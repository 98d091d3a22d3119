"""Of which dataset coarse rain is made, and whether its grid has room for the factor pairs."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.training.checks import check_datasets
from anemoi_scaleadapt.training.opened import open_reader
from anemoi_scaleadapt.training.reading import Reading


def checked(splits: Mapping[str, Mapping[str, Any]], reading: Reading, **checks: Any) -> Reading:
    """Look at the datasets of every split, and see how they are read.

    A coarse dataset that is the fine one is not read: coarse rain is made of the fine. One on the fine grid is read and
    averaged over t hours and s x s pixels; a coarser one over t hours.

    Parameters
    ----------
    splits : Mapping
        Split -> dataset name -> reader, as in ``dataloader.<split>.datasets``.
    reading : Reading
        What is read, as far as the config says.
    **checks
        For :func:`anemoi_scaleadapt.training.checks.check_datasets`.

    Returns
    -------
    Reading
        With its grids and the dataset of which coarse frames are made.

    Raises
    ------
    ScaleAdaptError
        If a dataset is not what training needs, the fine grid has no room for a coarse cell, or a coarser dataset is to
        serve several pairs.
    """
    lr, hr, pairs = reading.lr, reading.hr, reading.pairs
    own = all(_opened_from(readers[lr]) == _opened_from(readers[hr]) for readers in splits.values())
    if own:
        splits, space = {split: {hr: readers[hr]} for split, readers in splits.items()}, 1
    else:
        split, readers = next(iter(splits.items()))
        keys = {name: f"dataloader.{split}.datasets.{name}" for name in (lr, hr)}
        opened = {name: open_reader(readers[name], key, [reading.rain]) for name, key in keys.items()}
        space = 1 if opened[lr].shape == opened[hr].shape else pairs.largest
        if space > 1 and len(pairs.all) > 1:
            raise ScaleAdaptError(
                f"{opened[lr].path} is coarser than the fine grid: it serves a training of one pair. For several leave "
                "system.input.dataset.lr out: coarse rain is made of the fine rain."
            )
    shapes = check_datasets(splits, hours=len(reading.hours), space=space, lr=lr, hr=hr, rain=reading.rain, **checks)
    reading = replace(reading, shapes={lr: shapes[hr], **shapes}, source=hr if own else lr)
    height, width = shapes[hr]
    if pairs.largest > min(height, width):
        most = f"[1, {min(height, width)}]"
        told = f"pairs.space={most}" if len(pairs.all) > 1 else "a smaller scale.space"
        raise ScaleAdaptError(
            f"system.input.dataset.hr is {height} x {width}: less than one coarse cell of {pairs.largest} x "
            f"{pairs.largest} fine pixels. Take a larger domain, or {told}."
        )
    return reading


def _opened_from(reader: Mapping[str, Any]) -> Any:
    """What a dataset is opened from, whatever variables are taken of it."""
    inner = reader["dataset_config"]
    inner = {"dataset": inner} if isinstance(inner, str) else inner
    return {key: value for key, value in inner.items() if key != "select" and value is not None}
