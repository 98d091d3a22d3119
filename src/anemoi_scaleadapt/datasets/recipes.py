"""Recipes for anemoi-datasets: one for the fine rain and one for each coarse resolution of it."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.files import write_text

#: Uncompressed bytes of a chunk and of a group of dates that are aimed at.
CHUNK_BYTES, GROUP_BYTES = 4_000_000, 256_000_000


@dataclass(frozen=True)
class Area:
    """A block of rows and columns of the source's grid."""

    row: int
    col: int
    height: int
    width: int

    def fit(self, factors: list[int]) -> "Area":
        """The largest block from the same first row and column that every factor divides.

        Raises
        ------
        ScaleAdaptError
            When not one block fits.
        """
        step = math.lcm(*factors)
        height, width = self.height - self.height % step, self.width - self.width % step
        if not height or not width:
            raise ScaleAdaptError(
                f"factors {', '.join(map(str, factors))}: no crop of {self.height} x {self.width} "
                f"pixels is a multiple of {step}, their least common multiple: take fewer factors at once, or a "
                "larger area."
            )
        return Area(self.row, self.col, height, width)

    def as_keys(self) -> dict[str, int]:
        """As the key ``crop`` of a recipe."""
        return {"row": self.row, "col": self.col, "height": self.height, "width": self.width}


@dataclass(frozen=True)
class Origin:
    """Where the fine rain comes from, and how a recipe names and credits it."""

    name: str
    source: dict[str, dict[str, Any]]
    licence: str
    attribution: str
    pixel_km: float = 1.0


def chunk_dates(pixels: int) -> int:
    """Dates in a chunk: as many of 1 .. 24 as keep it at 4 MB; one window of a small area is then one read."""
    fitting = [n for n in (1, 2, 3, 4, 6, 8, 12, 24) if 4 * n * pixels <= CHUNK_BYTES]
    return max(fitting, default=1)


def group_dates(pixels: int) -> int:
    """Dates that are loaded at once: a multiple of every :func:`chunk_dates`, some 256 MB.

    Parallel parts are made of whole groups, so that no two of them ever write the same chunk.
    """
    fitting = [n for n in (24, 48, 120, 240) if 4 * n * pixels <= GROUP_BYTES]
    return max(fitting, default=24)


def dataset_name(origin: Origin, factor: int, first: dt.datetime, last: dt.datetime, frequency: str) -> str:
    """A name that ``anemoi-datasets check`` accepts, as ``scaleadapt-rain-comephore-25km-2023-2024-1h-v1``."""
    resolution = f"{origin.pixel_km * factor:.4g}km".replace(".", "p")
    return f"scaleadapt-rain-{origin.name}-{resolution}-{first:%Y}-{last:%Y}-{frequency}-v1"


def recipe(
    origin: Origin,
    factor: int,
    area: Area,
    dates: tuple[dt.datetime, dt.datetime],
    training: tuple[dt.datetime, dt.datetime],
    min_valid: float = 1.0,
    step: dt.timedelta = dt.timedelta(hours=1),
    missing: Sequence[dt.datetime] = (),
) -> dict[str, Any]:
    """One recipe, as a dictionary.

    Parameters
    ----------
    origin
        The source.
    factor
        1 for the fine rain, else the pixels on a side of a block. Nothing else differs between the two.
    area
        For its size; the crop itself is in the source or beside the factor.
    dates
        First and last hour-end.
    training
        First and last hour-end of the statistics.
    min_valid
        See :class:`~anemoi_scaleadapt.datasets.coarsen.CoarsenFilter`.
    step
        Between dates; below an hour the hours overlap.
    missing
        Dates between the first and the last that the source does not have.
    """
    from anemoi.utils.dates import frequency_to_string

    km = origin.pixel_km * factor
    pixels, frequency = area.height * area.width // factor**2, frequency_to_string(step)
    (source, keys), *_ = origin.source.items()
    coarsen: dict[str, Any] = {"factor": factor}
    if source != "comephore":
        coarsen["crop"] = area.as_keys()
    else:
        keys = {**keys, "crop": area.as_keys()}
    if min_valid < 1:
        coarsen["min_valid"] = min_valid
    return {
        "name": dataset_name(origin, factor, *dates, frequency),
        "description": f"Hourly mean rain rate (mm h-1) at {km:.4g} km; date = end of the hour, UTC",
        "licence": origin.licence,
        "attribution": origin.attribution,
        "dates": {"start": dates[0].isoformat(), "end": dates[1].isoformat(), "frequency": frequency}
        | ({"missing": [date.isoformat() for date in missing]} if missing else {}),
        "input": {"pipe": [{source: keys}, {"coarsen": coarsen}]},
        "build": {"allow_nans": True, "group_by": group_dates(pixels)},
        "output": {"chunking": {"dates": chunk_dates(pixels), "ensembles": 1}},
        "statistics": {"start": training[0].isoformat(), "end": training[1].isoformat()},
    }


def write(recipe: dict[str, Any], path: Path) -> None:
    """Write the file in one go."""
    head = f"# anemoi-datasets create {path.name} {recipe['name']}.zarr\n"
    write_text(path, head + yaml.safe_dump(recipe, sort_keys=False, width=110, allow_unicode=True))
