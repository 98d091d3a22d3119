"""What a user says of files that do not tell (free of numpy, so that a command's help comes at once)."""

from typing import Literal, TypedDict

#: where a time lies in its interval
Label = Literal["start", "middle", "end"]
#: over what an amount is summed
Accumulated = Literal["step", "since-start", "since-midnight"]


class Told(TypedDict):
    """As arguments of :func:`anemoi_scaleadapt.rain.reader.open_rain`."""

    units: str | None
    time_label: Label | None
    accumulated: Accumulated | None
