"""What a run file may say to the runner."""

import datetime
from typing import Annotated

from anemoi.utils.dates import as_timedelta
from pydantic import Field

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.settings import Settings


class RunnerSettings(Settings):
    """Keys of ``runner: {auto: {...}}``."""

    members: Annotated[int, Field(ge=1, le=100_000)] = 8
    """members to draw"""
    first_member: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    """number of the first: ensembles drawn in parts equal those drawn at once"""
    mean: bool = True
    """whether to write the conditional mean too, as ``rain_mean``"""
    lr_frequency: str | None = Field(None, json_schema_extra={"rule": "1h, t hours such as 3h, or null"})
    """how often the coarse rain comes. Null: as the anemoi dataset says; every t hours for any other input"""
    grid: str | None = Field(None, json_schema_extra={"rule": "a path, or null"})
    """an anemoi dataset with the fine grid to write, where it is not that of training"""


def lead(lead_time: str | int | datetime.timedelta) -> datetime.timedelta:
    """Read the ``lead_time`` of a run file: a timedelta, hours, or text such as ``72h``.

    Raises
    ------
    ScaleAdaptError
        Where it is not after the start of the run.
    """
    try:
        told = as_timedelta(lead_time)
    except (ValueError, TypeError, AssertionError) as error:
        raise ScaleAdaptError(f"lead_time = {lead_time!r}: must be hours or a time such as 72h ({error}).") from error
    if told <= datetime.timedelta(0):
        raise ScaleAdaptError(f"lead_time = {lead_time!r}: must be longer than zero; it is counted from `date` on.")
    return told
