"""What a bulk run may be told."""

from typing import Annotated

from pydantic import Field

from anemoi_scaleadapt.settings import Settings


class BulkSettings(Settings):
    """What the values depend on, and how they are cut into pieces."""

    members: Annotated[int, Field(ge=1, le=100_000)] = 8
    """fine members of each member of the input"""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """which ensemble"""
    hours_at_once: Annotated[int, Field(ge=1, le=10_000)] = 24
    """hours that are drawn together; with the start of the record it decides what a member is"""
    overlap: Annotated[int, Field(ge=0, le=1000)] = 6
    """hours that are drawn beyond each end of these and thrown away"""
    allow_untrained: bool = False
    """whether a factor pair may be drawn that the weights have not learnt"""
    packed: bool = False
    """whether rain is kept in hundredths of mm h-1"""
    threads: Annotated[int, Field(ge=1)] = 1
    """threads of a process on a CPU; their number decides the last bits"""
    stretches_per_piece: Annotated[int, Field(ge=1)] = 1
    """stretches that are drawn in one go"""
    members_per_piece: Annotated[int, Field(ge=1)] | None = None
    """members that are drawn in one go; null: all"""
