"""How far a bulk run has come."""

from typing import NamedTuple

from anemoi_scaleadapt.bulk.piece import marker, read_marker
from anemoi_scaleadapt.bulk.plan import Job


class Status(NamedTuple):
    """How far a run has come: pieces that are on the disk and all of them, the same in hours times members.

    And the seconds that an hour of a member has taken (NaN before the first piece), pieces whose marker cannot be read,
    which are drawn again, and who has done the last piece.
    """

    done: int
    pieces: int
    drawn: int
    size: int
    seconds: float
    broken: list[int]
    last: str


def status(job: Job) -> Status:
    """Look at the markers.

    Raises
    ------
    ScaleAdaptError
        If one of them is of another plan.
    """
    told = {piece.number: read_marker(job, piece.number) for piece in job.pieces}
    known = {number: one for number, one in told.items() if one is not None}
    drawn, spent = sum(one["size"] for one in known.values()), sum(one["seconds"] for one in known.values())
    broken = [p.number for p in job.pieces if p.number not in known and marker(job, p.number).exists()]
    newest = max(known, key=lambda number: marker(job, number).stat().st_mtime, default=None)
    size, seconds = sum(piece.size for piece in job.pieces), spent / drawn if drawn else float("nan")
    last = "" if newest is None else known[newest]["host"]
    return Status(len(known), len(job.pieces), drawn, size, seconds, broken, last)
