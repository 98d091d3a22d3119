"""What a user says of files that do not tell (free of numpy, so that a command's help comes at once)."""

from typing import Literal, TypedDict

from anemoi_scaleadapt.errors import ScaleAdaptError

#: where a time lies in its interval
Label = Literal["start", "middle", "end"]
#: over what an amount is summed
Accumulated = Literal["step", "since-start", "since-midnight"]
#: hours of lead time: later than the first, up to the second
Leads = tuple[float, float]


class Told(TypedDict):
    """As arguments of :func:`anemoi_scaleadapt.rain.reader.open_rain`."""

    units: str | None
    time_label: Label | None
    accumulated: Accumulated | None


def read_leads(text: str) -> tuple[Leads, ...]:
    """Read ``0-24`` or ``0-24,24-48``.

    Raises
    ------
    ScaleAdaptError
        If it is none, or its ranges are empty or overlap.
    """
    try:
        found = tuple((float(first), float(last)) for first, last in (part.split("-") for part in text.split(",")))
    except ValueError as error:
        raise ScaleAdaptError(f"--leads {text}: give hours such as 0-24, or 0-24,24-48.") from error
    edges = [hour for leads in found for hour in leads]
    if edges != sorted(edges) or any(first == last for first, last in found):
        raise ScaleAdaptError(f"--leads {text}: each range has to end after its begin, and before that of the next.")
    return found
