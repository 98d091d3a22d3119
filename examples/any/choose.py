"""Choose cases of packed rain by rule, not by hand."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from pool import BLOCK, STEP
from train import box

#: hours of a case, hours round it that are context, pixels on a side
HOURS, AROUND, SIZE = 12, 12, 160
#: mm h-1 from which rain is heavy, and below which all of it is drizzle
HEAVY, DRIZZLE = 10.0, 3.0
#: coarse cells and frames of the case that is dry but for one, and mm h-1 that count as dry there
CELL, FRAME, TRACE = 10, 3, 0.002


@dataclass
class Case:
    """A square of some hours.

    Parameters
    ----------
    name, title, rule : str
        Short name, headline, and how it was chosen.
    rain : ndarray
        Rain of the hours and those around, (AROUND + HOURS + AROUND, y, x), mm h-1, north on top.
    ends : list of datetime
        End of each of the HOURS, UTC.
    credit : str
        Source of the rain.
    zoom : int
        Pixels on a side of what a picture shows, 0 for all.
    """

    name: str
    title: str
    rule: str
    rain: np.ndarray
    ends: list[datetime]
    credit: str
    zoom: int = 0


class Record:
    """Packed rain with sums of its blocks.

    Parameters
    ----------
    folder, name : Path, str
        Of the packed rain.
    first : datetime
        End of its first hour, UTC.
    credit : str
        Its source.
    north : bool
        Whether its first row is the northernmost.
    size : int
        Pixels on a side of a case.
    """

    def __init__(self, folder: Path, name: str, first: datetime, credit: str, north: bool, size: int) -> None:
        self.rain = np.load(folder / f"{name}.npy", mmap_mode="r")
        self.first, self.credit, self.north, self.edge = first, credit, north, size // BLOCK
        wet = np.load(folder / f"{name}.wet.npy")
        self.share = self.over(np.nan_to_num(wet))
        parts = [blocks(hour) for hour in self.rain]
        total, heavy, most, known = (np.stack(x) for x in zip(*parts, strict=True))
        self.known = self.over(known) > 0.9999
        self.total, self.heavy = self.over(total), self.over(heavy)
        self.most = np.lib.stride_tricks.sliding_window_view(most, (HOURS, self.edge, self.edge)).max((-3, -2, -1))

    def over(self, values: np.ndarray) -> np.ndarray:
        """Means of blocks over the hours and square that begin at each hour and block."""
        return box(box(box(values.astype("f8"), 0, HOURS), 1, self.edge), 2, self.edge)

    def best(self, value: np.ndarray, where: np.ndarray, hours: slice = slice(None)) -> tuple[int, int, int]:
        """Hour and block with the largest value where it is allowed and context is there."""
        allowed = np.zeros_like(self.known)
        allowed[AROUND : len(self.rain) - HOURS - AROUND + 1][hours] = True
        found = np.where(allowed & self.known & where, value, -np.inf)
        if not np.isfinite(found.max()):
            raise SystemExit("no square fits the rule.")
        return tuple(int(i) for i in np.unravel_index(np.argmax(found), found.shape))

    def hour_of_day(self, hour: int) -> np.ndarray:
        """Of every beginning, whether its first hour ends in that hour of the day, (begin, 1, 1)."""
        ends = [(self.first + timedelta(hours=i)).hour for i in range(len(self.known))]
        return (np.array(ends) == hour)[:, None, None]

    def case(self, name: str, title: str, rule: str, place: tuple[int, int, int]) -> Case:
        """Cut a case out."""
        hour, y, x = place[0], place[1] * BLOCK, place[2] * BLOCK
        size = self.edge * BLOCK
        cut = self.rain[hour - AROUND : hour + HOURS + AROUND, y : y + size, x : x + size]
        rain = np.where(cut < 0, np.nan, cut * np.float32(STEP))
        ends = [self.first + timedelta(hours=hour + i) for i in range(HOURS)]
        return Case(name, title, rule, rain if self.north else rain[:, ::-1], ends, self.credit)


def blocks(hour: np.ndarray) -> tuple[np.ndarray, ...]:
    """Mean rain, rain from heavy pixels and largest value of the blocks of an hour, mm h-1; share that is known."""
    ny, nx = (n // BLOCK * BLOCK for n in hour.shape)
    rain = hour[:ny, :nx].clip(min=0).reshape(ny // BLOCK, BLOCK, nx // BLOCK, BLOCK) * np.float32(STEP)
    known = (hour[:ny, :nx] >= 0).reshape(rain.shape)
    return rain.mean((1, 3)), np.where(rain >= HEAVY, rain, 0).mean((1, 3)), rain.max((1, 3)), known.mean((1, 3))


def lonely(record: Record) -> tuple[int, int, int]:
    """Beginning and block of the case in whose hours one coarse cell alone is wet, the wettest such."""
    per, cells = BLOCK // CELL, record.edge * BLOCK // CELL
    ny, nx = (n // BLOCK * BLOCK for n in record.rain.shape[1:])
    grid = (ny // CELL, CELL, nx // CELL, CELL)
    hourly = np.stack([h[:ny, :nx].clip(min=0).reshape(grid).mean((1, 3)) * STEP for h in record.rain])
    best, place = 0.0, None
    for begin in range(AROUND, len(record.rain) - HOURS - AROUND + 1, FRAME):
        total = hourly[begin : begin + HOURS].mean(0)
        views = np.lib.stride_tricks.sliding_window_view(total, (cells, cells))[::per, ::per]
        alone = ((views > TRACE).sum((-2, -1)) == 1) & record.known[begin][: views.shape[0], : views.shape[1]]
        found = np.where(alone, views[:, :, 2:-2, 2:-2].max((-2, -1)), 0)
        if found.max() > best:
            y, x = np.unravel_index(np.argmax(found), found.shape)
            best, place = float(found.max()), (begin, int(y), int(x))
    if place is None:
        raise SystemExit("in no case is a single cell wet.")
    return place


def choose(pool: Path) -> list[Case]:
    """The six cases."""
    dwd = "Deutscher Wetterdienst, RADOLAN RW (modified), CC BY 4.0"
    summer = Record(pool, "score", datetime(2019, 8, 6, 0, 50), dwd, False, SIZE)
    share_heavy = summer.heavy / np.maximum(summer.total, 1e-6)
    some = summer.total > 0.2
    moderate = (summer.share > 0.1) & (summer.share < 0.4)
    storms = summer.best(share_heavy, some & moderate & summer.hour_of_day(9))
    night = summer.best(share_heavy, some & summer.hour_of_day(18))
    fronts = summer.best(summer.share, some)
    drizzle = summer.best(summer.share, summer.most < DRIZZLE)
    heavy = "the one with the largest share of its rain in pixels of 10 mm/h or more"
    amount = "of the squares with more than 0.2 mm/h on average"
    out = [
        summer.case(
            "convective",
            "Convective day",
            f"{amount}, of which 10 to 40 % are wet, from 09 to 21 UTC: {heavy}",
            storms,
        ),
        summer.case("frontal", "Frontal rain", f"{amount}: the one with the largest wet share", fronts),
        summer.case(
            "drizzle",
            "Drizzle",
            "of the squares where no pixel reaches 3 mm/h: the one with the largest wet share",
            drizzle,
        ),
        summer.case(
            "lonely",
            "All dry but one cell",
            "of the squares with a single coarse cell of 256 above 0.002 mm/h over the twelve hours, away from the "
            "edge: the one with the most rain in it",
            lonely(summer),
        ),
        summer.case("night", "A night of storms", f"{amount}, from 18 to 06 UTC: {heavy}", night),
    ]
    out[3].zoom = 60
    france = "Météo-France, COMEPHORE (Licence Ouverte 2.0; modified)"
    winter = Record(pool, "come2", datetime(2018, 2, 19, 1), france, True, 100)
    rule = "the wettest twelve hours of the two days of February 2018 that are at hand"
    out.append(winter.case("winter", "Winter in France", rule, winter.best(winter.total, winter.known)))
    return out
