"""The coarse rain of a run, through the package's one reader, in the order of the fine grid's cells."""

import datetime
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.inference.grid import Grid
from anemoi_scaleadapt.inference.settings import ReadingSettings
from anemoi_scaleadapt.rain.codes import Cleaner
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.regrid import grid as regrid
from anemoi_scaleadapt.regrid.blocks import Blocks, choose_factor
from anemoi_scaleadapt.regrid.records import cells_of, on_blocks

LOG = logging.getLogger(__name__)
#: what inputs of anemoi-inference say where a date is missing; they raise ValueError for everything
ABSENT = ("No input fields", "Missing dates", "Expected", "not found in the dataset")


class MissingDatesError(ScaleAdaptError):
    """An input has no data for the dates asked for."""


@dataclass(frozen=True)
class CoarseRain:
    """Coarse rain that is read on demand.

    Attributes
    ----------
    path : str
        Where it comes from, for messages.
    cells : int
        Number of its points.
    step : timedelta or None
        How long a value stands for; None where the input does not tell.
    places : (ndarray, ndarray) or None
        Latitudes and longitudes of its points, degrees, (cells,).
    read : callable
        ``read(ends)``: rain (len(ends), cells) in mm h-1 of the intervals that end then; a missing one raises
        :class:`MissingDatesError`.
    """

    path: str
    cells: int
    step: datetime.timedelta | None
    places: tuple[np.ndarray, np.ndarray] | None
    read: Callable[[list[datetime.datetime]], np.ndarray]


def coarse_rain(
    runner: Any, net: Any, date: datetime.datetime, reading: ReadingSettings, fine: Grid, space: int | None
) -> CoarseRain:
    """Open the coarse rain of a run.

    Files and datasets are read by :func:`anemoi_scaleadapt.rain.reader.open_rain`, which knows units, orientation and
    what a time stands for; other inputs of anemoi-inference, and inputs with pre-processors, by anemoi-inference.

    Parameters
    ----------
    runner : ScaleAdaptRunner
        Its inputs.
    net : ScaleAdaptModel
        Names of the dataset and of the variable.
    date : datetime.datetime
        Where an input does not tell its grid, a date at which it has data.
    reading : ReadingSettings
        How files are read.
    fine : Grid
        The fine grid, for rain on a grid of its own.
    space : int, optional
        s, where it is known.
    """
    source = runner.dynamic_forcings_inputs[net.lr]
    own = bool(runner.pre_processors.get(net.lr)) if isinstance(runner.pre_processors, dict) else False
    dataset = getattr(source, "open_dataset_args", None)
    if dataset is not None and len(dataset) == 1 and isinstance(dataset[0], str) and not source.open_dataset_kwargs:
        rain = _open(dataset[0], reading.variable or net.variable, reading)
        return from_rain(_on_blocks(rain, fine, space) if reading.blocks else rain, reading.member)
    path = getattr(source, "path", None)
    if isinstance(path, str) and not own:
        rain = _open(path, reading.variable, reading)
        return from_rain(_on_blocks(rain, fine, space) if reading.blocks else rain, reading.member)
    if reading != ReadingSettings():
        raise ScaleAdaptError(
            f"runner.reading is for files and datasets; input.{net.lr} is read by anemoi-inference "
            f"({'it has pre-processors' if own else type(source).__name__}): leave one of them out."
        )
    return _from_input(source, net, date)


def _on_blocks(rain: Rain, fine: Grid, space: int | None) -> Rain:
    """Rain by area on the cells of the fine grid, of the usual s that fits where none is given."""
    latitudes, longitudes = (a.reshape(fine.shape) for a in (fine.latitudes, fine.longitudes))
    grid = regrid.Grid.from_latlon(fine.path, latitudes, longitudes)
    s, why = (space, "as given") if space else choose_factor(cells_of(rain).km, grid.cell_km)
    moved, weights = on_blocks(rain, Blocks.of(grid, s))
    LOG.info("%s: taken to blocks of s = %d (%s); it covers %.1f%% of them.", rain.path, s, why, 100 * weights.share)
    return moved


def _open(path: str, variable: str | None, reading: ReadingSettings) -> Rain:
    """Open a file or dataset; an error that names an option of the commands names its key, too."""
    told = reading.model_dump(include={"units", "time_label", "accumulated"})
    try:
        return open_rain(path, variable, **told)
    except ScaleAdaptError as error:
        keys = [key for key in told if f"--{key.replace('_', '-')}" in str(error)]
        if not keys:
            raise
        told_by = ", ".join(f"`runner: {{auto: {{reading: {{{key}: ...}}}}}}`" for key in keys)
        raise ScaleAdaptError(f"{error} In a run file that is {told_by}.") from error


def from_rain(rain: Rain, member: int | None = None) -> CoarseRain:
    """Coarse rain of what :func:`open_rain` opened; one member of an ensemble, which must be named."""
    step = None if rain.interval is None else rain.interval.astype("timedelta64[s]").item()

    def read(ends: list[datetime.datetime]) -> np.ndarray:
        times = np.array(ends, dtype="datetime64[s]")
        if not rain.has(times):
            raise MissingDatesError(
                f"{rain.path} has no rain for {times[0]}Z to {times[-1]}Z; it runs from {rain.times[0]}Z to "
                f"{rain.times[-1]}Z. Choose `date` and `lead_time` within the data."
            )
        values = rain.at(times)
        if len(values) <= (member or 0) or (len(values) > 1 and member is None):
            raise ScaleAdaptError(
                f"{rain.path} holds {len(values)} members of coarse rain: name one from 0 to {len(values) - 1}, "
                "`runner: {auto: {reading: {member: 0}}}`, or draw members of each with `anemoi-scaleadapt downscale`."
            )
        return values[member or 0].reshape(len(times), -1)

    places = None
    if rain.latitude is not None and rain.longitude is not None:
        places = np.ravel(rain.latitude), np.ravel(rain.longitude)
    return CoarseRain(rain.path, int(np.prod(rain.shape)), step, places, read)


def _from_input(source: Any, net: Any, date: datetime.datetime) -> CoarseRain:
    """Coarse rain of any input of anemoi-inference; it must hold mm h-1."""
    name = f"input.{net.lr} ({type(source).__name__})"
    cleaner = Cleaner(name)

    def state(ends: list[datetime.datetime]) -> dict:
        try:
            return source.create_input_state(dates=ends)
        except Exception as error:
            told = f"{name} has no rain for {ends[0]:%Y-%m-%dT%H:%M} to {ends[-1]:%Y-%m-%dT%H:%M} ({error})."
            if type(error).__name__ == "MissingDateError" or any(word in str(error) for word in ABSENT):
                raise MissingDatesError(f"{told} Choose `date` and `lead_time` within the data.") from error
            raise ScaleAdaptError(f"{name} cannot be read: {type(error).__name__}: {error}") from error

    def read(ends: list[datetime.datetime]) -> np.ndarray:
        fields = state(ends)["fields"]
        if net.variable not in fields:
            raise ScaleAdaptError(
                f"{name} gives {', '.join(sorted(fields)) or 'nothing'}; the checkpoint needs {net.variable!r} (a "
                "`rename` pre-processor can give it that name)."
            )
        return cleaner(np.asarray(fields[net.variable], np.float32))

    first = state([date])
    latitudes, longitudes = np.ravel(first["latitudes"]), np.ravel(first["longitudes"])
    return CoarseRain(name, len(latitudes), None, (latitudes, longitudes), read)
