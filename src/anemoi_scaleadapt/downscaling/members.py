"""Fine members of an input: every coarse member gives its own, as one xarray dataset."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from anemoi_scaleadapt.downscaling.plan import Plan
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.rain.layout import Layout, coordinates, fields, global_attributes
from anemoi_scaleadapt.rain.projection import find_projection
from anemoi_scaleadapt.regrid.grid import Grid

#: seeds of two members of the input are so far apart: their fine members share no noise
APART = 2**20


class Draw(Protocol):
    """What draws fine members of consecutive coarse frames."""

    def __call__(
        self, coarse: np.ndarray, times: np.ndarray, s: int, t: int, members: int, seed: int, done: int = 0
    ) -> Iterator[tuple[int, int, np.ndarray]]:
        """Fine members.

        Parameters
        ----------
        coarse : ndarray
            (n, Y, X), mm h-1, NaN where missing.
        times : ndarray of datetime64[s]
            Ends of the frames, (n,), t hours apart.
        s, t : int
            Factor pair.
        members, seed : int
            How many, and which ensemble.
        done : int
            First hours that are left out, a number at which the hours of a yield have ended.

        Yields
        ------
        member, hour : int
            The first of what follows; every member of all other hours comes once.
        ndarray
            (some members, some hours, Y * s, X * s), mm h-1.
        """
        ...


@dataclass(frozen=True, eq=False)
class Fine:
    """Fine members of some hours.

    Parameters
    ----------
    realization : int
        Of the input.
    member : int
        Number of the first fine member.
    times : ndarray of datetime64[s]
        Ends of the hours.
    rain : ndarray
        (members, hours, y, x), mm h-1.
    """

    realization: int
    member: int
    times: np.ndarray
    rain: np.ndarray


def hours_of(times: np.ndarray, t: int) -> np.ndarray:
    """Ends of the hours of frames that end at some times: (n,) to (n * t,)."""
    return np.asarray((times[:, None] - HOUR * np.arange(t)[::-1]).ravel())


def draw_all(plan: Plan, draw: Draw, members: int, seed: int = 0, done: int = 0) -> Iterator[Fine]:
    """Draw every stretch of every coarse member, one after the other, but for the first `done` hours of all of them."""
    for stretch in plan.stretches():
        times, own = hours_of(stretch.times, plan.t), seed + APART * stretch.realization
        there = min(done, len(times))
        done -= there
        if there == len(times):
            continue
        for member, hour, rain in draw(stretch.coarse, stretch.times, plan.s, plan.t, members, own, there):
            yield Fine(stretch.realization, member, times[hour : hour + rain.shape[1]], rain)


def layout_of(plan: Plan, members: int, packed: bool = False, chunk: int | None = None, **attributes: Any) -> Layout:
    """What a file of the members holds: those of the first member of the input, then those of the next.

    Member k of the file is fine member k % `members` of member k // `members` of the input.
    """
    fine = plan.blocks.fine
    told: dict[str, Any] = {f"scaleadapt_input_{name.replace(' ', '_')}": words for name, words in plan.understood}
    told["scaleadapt_members_per_realization"] = np.int32(members)
    return Layout(
        hours_of(plan.raw.times.astype("M8[s]"), plan.t),
        fine.shape,
        plan.s,
        plan.t,
        range(plan.realizations * members),
        fine.latitude,
        fine.longitude,
        projection=find_projection(fine.latitude, fine.longitude, fine.crs) if _even(fine) else None,
        packed=packed,
        chunk=chunk,
        attributes={**told, **attributes},
    )


def _even(grid: Grid) -> bool:
    """Whether the grid has axes of equal steps, which a projection of a file can have."""
    return all(
        axis is not None and bool(np.allclose(np.diff(axis), axis[1] - axis[0], rtol=1e-3)) for axis in (grid.y, grid.x)
    )


def to_dataset(plan: Plan, drawn: Iterator[Fine], members: int, **attributes: Any) -> Any:
    """All that was drawn as one dataset in memory.

    Parameters
    ----------
    plan : Plan
        Where it lies.
    drawn : iterator of Fine
        From :func:`draw_all`.
    members : int
        Fine members of each coarse one.
    **attributes
        Global attributes.

    Returns
    -------
    xarray.Dataset
        ``rain(realization, member, time, y, x)``, and on the blocks ``coarse_rain`` (what the totals are exact to) and
        ``coarse_rain_raw`` (as it came), both (realization, frame_time, block_y, block_x); mm h-1. An input without
        members has no ``realization``.
    """
    import xarray as xr

    fine, frames = plan.blocks.fine, plan.raw.times.astype("M8[s]")
    times = hours_of(frames, plan.t)
    rain = np.full((plan.realizations, members, len(times), *fine.shape), np.nan, "float32")
    coarse = np.full((2, plan.realizations, len(frames), *plan.blocks.shape), np.nan, "float32")
    for part in drawn:
        some = slice(part.member, part.member + len(part.rain))
        rain[part.realization, some, np.searchsorted(times, part.times)] = part.rain.swapaxes(0, 1)
    for stretch in plan.stretches():
        at = np.searchsorted(frames, stretch.times)
        coarse[0, stretch.realization, at], coarse[1, stretch.realization, at] = stretch.coarse, stretch.raw
    layout = replace(layout_of(plan, members, **attributes), members=range(members))
    variables = {v.name: (v.dimensions, v.values, v.attributes) for v in coordinates(layout)}
    (_, dimensions, _, said), *_ = fields(layout)
    variables["rain"] = (("realization", *dimensions), rain, said)
    for name, values, words in (
        ("coarse_rain", coarse[0], "coarse rain that the totals are exact to"),
        ("coarse_rain_raw", coarse[1], "coarse rain as it came"),
    ):
        told = {key: said[key] for key in ("units", "standard_name", "cell_methods")} | {"long_name": words}
        variables[name] = ("realization", "frame_time", "block_y", "block_x"), values, told
    frame_time = ("frame_time", frames.astype("M8[ns]"), {"long_name": "end of the frame, UTC"})
    data = xr.Dataset(variables, {"frame_time": frame_time}, global_attributes(layout))
    data = xr.decode_cf(data, decode_coords="all")
    return data.squeeze("realization") if plan.realizations == 1 else data
