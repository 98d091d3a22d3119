"""How a run is cut into stretches of time that are drawn one by one."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Stretch:
    """Some hours of a run that are drawn at once.

    Attributes
    ----------
    first : int
        First hour that is drawn, counted from the start of the run; negative before it.
    hours : int
        Hours that are drawn.
    before, after : int
        How many of them, at either end, belong to the neighbours and are thrown away.
    """

    first: int
    hours: int
    before: int
    after: int

    @property
    def kept(self) -> range:
        """Hours of the run that this stretch gives."""
        return range(self.first + self.before, self.first + self.hours - self.after)


def stretches(total: int, time: int, at_once: int, overlap: int) -> Iterator[Stretch]:
    """Cut a run.

    Where a stretch lies depends on the start of the run alone, so that the same hours come out whatever is drawn
    before or beside them. At the ends of the run nothing is drawn beyond it.

    Parameters
    ----------
    total : int
        Hours of the run, whole frames.
    time : int
        Hours of a frame, t.
    at_once, overlap : int
        Hours that a stretch gives, and that it draws beyond each end; both are rounded up to whole frames.

    Examples
    --------
    >>> [(s.first, s.hours, list(s.kept)[::len(s.kept) - 1]) for s in stretches(48, 3, 24, 5)]
    [(0, 30, [0, 23]), (18, 30, [24, 47])]
    """
    at_once, overlap = (-(-hours // time) * time for hours in (at_once, overlap))
    for begin in range(0, total, at_once):
        end = min(begin + at_once, total)
        first, last = max(begin - overlap, 0), min(end + overlap, total)
        yield Stretch(first, last - first, begin - first, last - end)
