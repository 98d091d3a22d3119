"""What an input is taken for, and the coarse frames that follow from it: everything before the networks."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from anemoi_scaleadapt.bias.mapping import Mapping
from anemoi_scaleadapt.bias.records import Correct, correction
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.reader import Rain
from anemoi_scaleadapt.rain.steps import averaged
from anemoi_scaleadapt.regrid.blocks import Blocks, choose_factor
from anemoi_scaleadapt.regrid.grid import Grid
from anemoi_scaleadapt.regrid.records import cells_of, hours_of, on_blocks
from anemoi_scaleadapt.regrid.weights import MIN_COVER

#: longest interval that the networks split into hours
LONGEST = 6
#: frames of the input that are read at once
PIECE = 24


@dataclass(frozen=True, eq=False)
class Stretch:
    """Consecutive frames of one member of the input.

    Parameters
    ----------
    realization : int
        Number of the member of the input.
    times : ndarray of datetime64[s]
        Ends of the frames, (n,), t hours apart.
    coarse : ndarray
        Frames to draw from, (n, Y, X), mm h-1, NaN where missing.
    raw : ndarray
        The same before the bias is taken out.
    """

    realization: int
    times: np.ndarray
    coarse: np.ndarray
    raw: np.ndarray


@dataclass(frozen=True, eq=False)
class Plan:
    """An input, understood.

    Parameters
    ----------
    blocks : Blocks
        The fine grid and its coarse blocks.
    t : int
        Hours of a frame.
    raw : Rain
        The input on the blocks in frames of t hours, as it came.
    correct : callable or None
        Takes the bias out of frames, see :func:`anemoi_scaleadapt.bias.records.correction`.
    realizations : int
        Members of the input; each is kept apart.
    understood : tuple of (str, str)
        What the input was taken for, row by row.
    """

    blocks: Blocks
    t: int
    raw: Rain
    correct: Correct | None
    realizations: int
    understood: tuple[tuple[str, str], ...] = field(repr=False)

    @property
    def s(self) -> int:
        """Fine pixels on a side of a block."""
        return self.blocks.s

    @property
    def coarse(self) -> Rain:
        """The frames to draw from, as a record."""
        correct, frames = self.correct, self.raw.frames
        if correct is None:
            return self.raw
        return replace(self.raw, frames=lambda index: correct(frames(index), index))

    def table(self) -> str:
        """What the input was taken for, as text."""
        width = max(len(name) for name, _ in self.understood)
        return "\n".join(f"{name:<{width}}  {words}" for name, words in self.understood)

    def runs(self) -> list[np.ndarray]:
        """Places of the frames, cut where one is not there."""
        gaps = np.flatnonzero(np.diff(self.raw.times) != np.timedelta64(self.t * 3600, "s"))
        return np.split(np.arange(len(self.raw.times)), gaps + 1)

    def digest(self) -> str:
        """SHA-256 of the frames to draw from and of their times; reads all of them."""
        times = self.raw.times.astype("M8[s]")
        out = hashlib.sha256(times.tobytes())
        for k in range(0, len(times), PIECE):
            some = self.coarse.frames(np.arange(k, min(k + PIECE, len(times))))
            out.update(np.ascontiguousarray(some, np.float32).tobytes())
        return out.hexdigest()

    def stretches(self) -> Iterator[Stretch]:
        """The frames, member by member, cut where one is not there."""
        times = self.raw.times
        for index in self.runs():
            pieces = (self.raw.frames(index[k : k + PIECE]) for k in range(0, len(index), PIECE))
            raw = np.concatenate(list(pieces), axis=1)
            coarse = raw if self.correct is None else self.correct(raw, index)
            for realization in range(self.realizations):
                yield Stretch(realization, times[index], coarse[realization], raw[realization])


def frame_hours(hours: float, where: str) -> int:
    """Hours of a frame for an input of some interval: 1 to 6 as they are, shorter ones averaged to 1.

    Raises
    ------
    ScaleAdaptError
        For longer ones and for parts of hours beyond the first.
    """
    if hours > LONGEST:
        raise ScaleAdaptError(
            f"{where} holds means over {hours:g} h. The networks have learnt to split at most {LONGEST} h: showers "
            "come and go within longer ones, and the hours inside would be invented. Use rain of 1 to 6 h."
        )
    if hours <= 1:
        return 1
    if hours != round(hours):
        raise ScaleAdaptError(f"{where} holds means over {hours:g} h, which is no whole number of hours.")
    return round(hours)


def make_plan(
    rain: Rain,
    grid: Grid,
    space: int | None = None,
    mapping: Mapping | None = None,
    keep_change: bool = False,
    min_cover: float = MIN_COVER,
    start: np.datetime64 | None = None,
    end: np.datetime64 | None = None,
) -> Plan:
    """Understand an input and bring it to the blocks of a fine grid.

    Parameters
    ----------
    rain : Rain
        From :func:`anemoi_scaleadapt.rain.reader.open_rain`.
    grid : Grid
        The fine grid.
    space : int, optional
        s; by default from the sides of the input's cells and of the pixels.
    mapping : Mapping, optional
        A bias to take out, fitted to frames on blocks like these.
    keep_change : bool
        See :func:`anemoi_scaleadapt.bias.records.correction`.
    min_cover : float
        Blocks of which the input covers less are missing.
    start, end : datetime64, optional
        First and last end of a frame to take.

    Raises
    ------
    ScaleAdaptError
        If the input is too coarse in time, not coarser than the grid, elsewhere, or not of that period.
    """
    rain.between(start, end)  # or say that there is nothing
    # parts of an hour belong to a frame that ends later
    rain = rain.between(None if start is None else start - HOUR + np.timedelta64(1, "s"), end)
    hours = hours_of(rain)
    t = frame_hours(hours, rain.path)
    source = cells_of(rain)
    s, why = (space, "as given") if space is not None else choose_factor(source.km, grid.cell_km)
    if s == 1 and t == 1:
        raise ScaleAdaptError(
            f"{rain.path}: its cells are as fine as the grid's and it is hourly: there is nothing to super-resolve."
        )
    blocks = Blocks.of(grid, s)
    moved, weights = on_blocks(rain, blocks, min_cover)
    raw = averaged(moved, t * HOUR).between(start, end)
    correct = None if mapping is None else correction(raw, mapping, keep_change)
    realizations = int(rain.frames(np.arange(1)).shape[0])
    steps = np.diff(raw.times)
    gaps = int((steps != np.timedelta64(t * 3600, "s")).sum())
    rows = [
        *rain.understood.items(),
        ("frequency", f"means over {hours:g} h" + (f", averaged to {t} h" if hours != t else "")),
        (
            "period",
            f"{raw.times[0]}Z to {raw.times[-1]}Z, {len(raw.times)} frames" + (f", {gaps} gaps" if gaps else ""),
        ),
        ("members", str(realizations)),
        ("grid", f"{source.latitude.size} cells as large as squares of {source.km:.3g} km"),
        ("fine grid", f"{grid.name}, {blocks.fine.shape[0]} x {blocks.fine.shape[1]} pixels of {grid.cell_km:.3g} km"),
        ("space factor", f"s = {s}: {why}"),
        ("time factor", f"t = {t}: each frame holds {t} h"),
        ("blocks", f"{blocks.shape[0]} x {blocks.shape[1]}" + (f"; {blocks.said}" if blocks.said else "")),
        ("covered", f"{weights.share:.1%} of the blocks, each by at least {min_cover:.0%} of its area"),
        ("bias", "not taken out" if mapping is None else _bias(mapping, keep_change)),
    ]
    return Plan(blocks, t, raw, correct, realizations, tuple(rows))


def _bias(mapping: Mapping, keep_change: bool) -> str:
    how = "by ranks of this record" if keep_change else "by value"
    return f"taken out {how}, as fitted to {mapping.about.get('period', 'an unknown period')}"
