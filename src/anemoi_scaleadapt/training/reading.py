"""Which hours of which dataset a training reads."""

from dataclasses import dataclass, field
from typing import Any

from anemoi_scaleadapt.models.context import frames_round
from anemoi_scaleadapt.scale.pairs import Pairs

Shape = tuple[int, int]


def window_hours(time: int, window: int) -> int:
    """Hours of a window of whole frames of `time` hours: as many as fit into `window` hours, at least one."""
    return time * max(1, window // time)


def edge_hours(time: int) -> int:
    """Hours on each side of a window that the frames cover which its hours can see."""
    return time * frames_round(time)


@dataclass(frozen=True)
class Reading:
    """Hours that are read for a window, counted from its start; hour h ends at h.

    Parameters
    ----------
    pairs : Pairs
        What is trained: the longest window and the widest edge of all pairs are read.
    window : int
        Hours of a window, about; see :func:`window_hours`.
    lr, hr : str
        Names of the coarse and of the fine dataset.
    rain : str
        Name of the rain in both.
    source : str
        The dataset of which coarse frames are made.
    shapes : dict
        (y, x) by dataset.
    """

    pairs: Pairs
    window_length: int
    lr: str = "lr"
    hr: str = "hr"
    rain: str = "rain"
    source: str = "hr"
    shapes: dict[str, Shape] = field(default_factory=dict)

    @property
    def window(self) -> range:
        """Hours of the longest window."""
        return range(1, max(window_hours(t, self.window_length) for t in self.pairs.times) + 1)

    @property
    def edge(self) -> int:
        """Hours that are read on each side of it."""
        return max(edge_hours(t) for t in self.pairs.times)

    @property
    def hours(self) -> range:
        """All hours that are read of the rain of which frames are made."""
        return range(1 - self.edge, len(self.window) + self.edge + 1)

    def needed(self, name: str) -> range:
        """Hours of a dataset that are looked at; of the coarse one a single hour where the fine one does for it."""
        if name == self.source:
            return self.hours
        return self.window if name == self.hr else self.window[:1]

    def places(self, name: str, hours: range, count: int) -> slice:
        """Where `hours` lie on the time axis of a batch that was read at `count` hours: all, or the needed ones."""
        read = self.needed(name) if count == len(self.needed(name)) else self.hours
        first = read.index(hours[0])
        return slice(first, first + len(hours))

    def narrow(self, datamodule: Any) -> None:
        """Let anemoi's datasets read what is needed of each, instead of the same hours of all.

        anemoi's tasks know one list of hours for all datasets; with them the fine dataset would be read twice where
        the coarse rain is made of it. Without this every training works all the same, and reads more.
        """
        for split in ("ds_train", "ds_valid"):
            dataset = getattr(datamodule, split)
            for name in (self.lr, self.hr):
                step = 3600 / dataset.data_readers[name].frequency.total_seconds()
                first, last = (round(self.needed(name)[i] * step) for i in (0, -1))
                dataset.relative_date_indices[name] = slice(first, last + 1, max(1, round(step)))
