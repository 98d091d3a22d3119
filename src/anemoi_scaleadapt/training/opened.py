"""One dataset of a split, opened as anemoi will open it, and read field by field for the checks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from anemoi.datasets import open_dataset
from omegaconf import OmegaConf

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.settings import refuse_unknown

Shape = tuple[int, int]


@dataclass(frozen=True)
class Opened:
    """A dataset and its place in the config.

    Parameters
    ----------
    data : Any
        What ``anemoi.datasets.open_dataset`` gave.
    key : str
        Its place in the config, such as ``dataloader.training.datasets.hr``.
    path : str
        Its file.
    """

    data: Any
    key: str
    path: str

    @property
    def where(self) -> str:
        """Key and file, for messages."""
        return f"{self.key} ({self.path})"

    @property
    def names(self) -> list[str]:
        """Its variables, as they reach training."""
        return [str(name) for name in self.data.variables]

    @cached_property
    def shape(self) -> Shape:
        """Rows and columns; a grid without them is an error."""
        shape = tuple(int(n) for n in self.data.field_shape)
        if len(shape) != 2:
            raise ScaleAdaptError(f"{self.where} has a field shape of {shape}; a regular grid (y, x) is needed.")
        return shape[0], shape[1]

    @property
    def place(self) -> Rain:
        """Its cells as a record that is not read."""
        lat, lon = (np.asarray(a, "float64").reshape(self.shape) for a in (self.data.latitudes, self.data.longitudes))
        return Rain(self.where, self.dates, self.shape, lat, lon, lambda index: index)

    @property
    def dates(self) -> np.ndarray:
        """Ends of the hours, datetime64[s], UTC."""
        return np.asarray(self.data.dates).astype("datetime64[s]")

    @property
    def per_hour(self) -> int:
        """Dates an hour."""
        return round(3600 / self.data.frequency.total_seconds())

    @cached_property
    def known(self) -> np.ndarray:
        """Places of the dates that are not missing."""
        missing = [int(i) for i in self.data.missing]
        return np.setdiff1d(np.arange(len(self.data.dates)), missing)

    def unit(self, name: str) -> str | None:
        """What its metadata says of a variable's unit, None where they say nothing."""
        unit = self.data.variables_metadata.get(name, {}).get("units")
        return None if unit is None else str(unit)

    def field(self, name: str, place: int) -> np.ndarray:
        """One field (y, x) as it is stored; NaN everywhere at a missing date."""
        if place not in self.known:
            return np.full(self.shape, np.nan, "float32")
        return np.asarray(self.data[int(place)])[self.data.name_to_index[name], 0].reshape(self.shape)


def open_reader(reader: Any, key: str, wanted: Sequence[str]) -> Opened:
    """Open a dataset as anemoi's dataloader will.

    Parameters
    ----------
    reader : Mapping
        ``dataset_config``, ``start`` and ``end``, as in ``dataloader.<split>.datasets.<name>``.
    key : str
        Its place in the config.
    wanted : sequence of str
        Variables that it must have.

    Raises
    ------
    ScaleAdaptError
        If a key is unknown, or the dataset cannot be opened or lacks a variable.
    """
    reader = OmegaConf.to_container(reader, resolve=True) if OmegaConf.is_config(reader) else dict(reader)
    refuse_unknown(key, reader, ("dataset_config", "start", "end", "trajectory"))
    inner = reader["dataset_config"]
    inner = {k: v for k, v in inner.items() if v is not None} if isinstance(inner, Mapping) else {"dataset": inner}
    path = str(inner.get("dataset", inner))
    period = {"start": reader.get("start"), "end": reader.get("end")}
    try:
        data = open_dataset(inner, **period)
    except Exception as error:
        _explain(inner, key, path, [*wanted, *inner.get("select", ())])
        raise ScaleAdaptError(
            f"{key} ({path}) cannot be opened from {period['start']} to {period['end']}: {error}. Check the path and "
            "the period."
        ) from error
    _explain(data, key, path, wanted)
    return Opened(data, key, path)


def _explain(source: Any, key: str, path: str, wanted: Sequence[str]) -> None:
    """Raise ScaleAdaptError if a dataset, or a mapping that did not open, lacks a variable."""
    if isinstance(source, Mapping):
        try:
            source = open_dataset(source["dataset"])
        except Exception:
            return
    lacking = [name for name in wanted if name not in source.variables]
    if lacking:
        raise ScaleAdaptError(
            f"{key} ({path}) has no variable {lacking[0]!r}, only {', '.join(source.variables)}. Static fields are "
            "named in data.datasets.hr.forcing; rain of another name is renamed with dataset_config.dataset: "
            "{dataset: FILE, rename: {NAME: rain}}."
        )
