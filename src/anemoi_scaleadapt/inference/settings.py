"""What a run file may say to the runner."""

import datetime
from typing import Annotated, Any

from anemoi.utils.dates import as_timedelta
from pydantic import Field
from pydantic.config import JsonDict

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.told import Accumulated, Label
from anemoi_scaleadapt.settings import Settings


class ReadingSettings(Settings):
    """Keys of ``runner: {auto: {reading: {...}}}``: how files of coarse rain are read."""

    variable: str | None = Field(default=None, json_schema_extra={"rule": "a name, or null"})
    """the rain, where a file has several variables that could be it"""
    units: str | None = Field(default=None, json_schema_extra={"rule": "a unit such as kg m-2, or null"})
    """unit of files that give none"""
    time_label: Label | None = None
    """where a time lies in its interval. Null: as the file tells, else the end"""
    accumulated: Accumulated | None = None
    """over what amounts are summed. Null: as the file tells"""
    member: Annotated[int, Field(ge=0)] | None = None
    """which member of coarse rain that has several, counted from 0"""
    blocks: bool = False
    """whether to take rain on any grid to the cells of the fine grid, by area"""


class RunnerSettings(Settings):
    """Keys of ``runner: {auto: {...}}``."""

    members: Annotated[int, Field(ge=1, le=100_000)] = 8
    """members to draw"""
    first_member: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    """number of the first: ensembles drawn in parts equal those drawn at once"""
    members_at_once: Annotated[int, Field(ge=1)] | None = None
    """how many are drawn at once. Null: what fits into the memory at hand, or all of them where post-processors follow
    them from hour to hour; on a CPU it changes no bit"""
    scale: dict[str, Any] | None = Field(
        default=None, json_schema_extra={"rule": "a mapping such as {space: 25, time: 6}, or null"}
    )
    """factor pair and, if wanted, its beta, L and f. What is not named: that of a checkpoint trained on one pair;
    else s from the grids and t from how often the coarse rain comes"""
    allow_untrained: bool = False
    """whether a factor pair outside the checkpoint's training range may be drawn"""
    hours_at_once: Annotated[int, Field(ge=1, le=10_000)] = 24
    """hours that are drawn together, rounded up to whole frames; with `date` it decides what a member is"""
    overlap: Annotated[int, Field(ge=0, le=1000)] = 6
    """hours that are drawn beyond each end of these and thrown away, so that rain goes on across the border"""
    mean: bool = True
    """whether to write the conditional mean too, as ``rain_mean``"""
    lr_frequency: str | None = Field(default=None, json_schema_extra={"rule": "1h, t hours such as 3h, or null"})
    """how often the coarse rain comes. Null: as the file or dataset tells; else every t hours"""
    reading: ReadingSettings = ReadingSettings()
    """how files of coarse rain are read"""
    grid: str | None = Field(default=None, json_schema_extra={"rule": "a path, or null"})
    """an anemoi dataset with the fine grid to write, where it is not that of training"""


ANEMOI: JsonDict = {"rule": "as for every output of anemoi-inference"}


class OutputSettings(Settings):
    """Keys of ``output: {hr: {members: {...}}}``."""

    path: Annotated[str, Field(min_length=1)]
    """FILE.nc, FILE.zarr or FILE.grib2 to write"""
    resume: bool = False
    """whether to go on after the last complete part of the same run, if it was killed"""
    packed: bool = False
    """whether NetCDF and Zarr keep rain in hundredths of mm h-1 (int16): at most 0.005 off, at most 327.67"""
    crs: str | None = Field(default=None, json_schema_extra={"rule": "what pyproj reads, such as EPSG:2154, or null"})
    """projection of the fine grid. Null: that of the known ones that fits"""
    grib: dict[str, Any] | None = Field(default=None, json_schema_extra={"rule": "a mapping, or null"})
    """options of anemoi-inference's output ``grib``: ``templates``, ``encoding``, ``grib2_keys``, ``modifiers``"""
    variables: Any = Field(default=None, json_schema_extra=ANEMOI)
    """fields to write"""
    post_processors: Any = Field(default=None, json_schema_extra=ANEMOI)
    """what is done to rain before it is written, for GRIB"""
    output_frequency: Any = Field(default=None, json_schema_extra=ANEMOI)
    """how often hours are written"""
    write_initial_state: Any = Field(default=None, json_schema_extra=ANEMOI)
    """there is none"""

    def of_anemoi(self) -> dict[str, Any]:
        """What anemoi-inference reads itself."""
        names = ("variables", "post_processors", "output_frequency", "write_initial_state")
        return {name: getattr(self, name) for name in names}


def lead(lead_time: str | int | datetime.timedelta) -> datetime.timedelta:
    """Read the ``lead_time`` of a run file: a timedelta, hours, or text such as ``72h``.

    Raises
    ------
    ScaleAdaptError
        Where it is not after the start of the run.
    """
    told = duration(lead_time, "lead_time")
    if told <= datetime.timedelta(0):
        raise ScaleAdaptError(f"lead_time = {lead_time!r}: must be longer than zero; it is counted from `date` on.")
    return told


def duration(told: str | int | datetime.timedelta, key: str) -> datetime.timedelta:
    """Read hours or text such as ``72h`` under a key of a run file; anything else is a ScaleAdaptError."""
    try:
        return as_timedelta(told)
    except (ValueError, TypeError, AssertionError) as error:
        raise ScaleAdaptError(f"{key} = {told!r}: must be hours or a time such as 72h ({error}).") from error
