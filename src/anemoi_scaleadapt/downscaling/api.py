"""One function from the rain that people have to fine members."""

import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from anemoi_scaleadapt.bias.mapping import Mapping
from anemoi_scaleadapt.downscaling.members import Draw, draw_all, to_dataset
from anemoi_scaleadapt.downscaling.plan import Plan, make_plan
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import read_date
from anemoi_scaleadapt.rain.reader import open_rain
from anemoi_scaleadapt.regrid.grid import Grid
from anemoi_scaleadapt.regrid.named import Box, find_grid
from anemoi_scaleadapt.regrid.weights import MIN_COVER

if TYPE_CHECKING:
    import xarray as xr


def understand(
    data: "str | Path | Iterable[str | Path] | xr.Dataset",
    grid: str | Grid,
    *,
    resolution: float | None = None,
    box: Box | None = None,
    space: int | None = None,
    bias: str | Path | Mapping | None = None,
    keep_change: bool = False,
    min_cover: float = MIN_COVER,
    variable: str | None = None,
    start: str | datetime.datetime | np.datetime64 | None = None,
    end: str | datetime.datetime | np.datetime64 | None = None,
    **told: Any,
) -> Plan:
    """Read an input and say what it is taken for.

    Parameters
    ----------
    data : path, or several, or xarray.Dataset
        Coarse rain, see :func:`anemoi_scaleadapt.rain.reader.open_rain`.
    grid : str or Grid
        The fine grid, see :func:`anemoi_scaleadapt.regrid.named.find_grid`.
    resolution, box : optional
        For a grid named by its system.
    space : int, optional
        s; by default from the input's cells.
    bias : path or Mapping, optional
        A bias to take out, of ``anemoi-scaleadapt bias fit``.
    keep_change : bool
        Whether the change from the fit to this record stays in (quantile delta mapping).
    min_cover : float
        Blocks of which the input covers less are missing.
    variable : str, optional
        Name of the rain.
    start, end : date, optional
        First and last end of a frame to take, UTC. What lies beyond is no context either.
    **told
        ``units``, ``time_label``, ``accumulated``, ``leads`` of :func:`~anemoi_scaleadapt.rain.reader.open_rain`.

    Returns
    -------
    Plan
        Its ``table()`` says it in words.
    """
    fine = grid if isinstance(grid, Grid) else find_grid(grid, resolution, box)
    mapping = Mapping.load(Path(bias)) if isinstance(bias, str | Path) else bias
    period = read_date("start", start), read_date("end", end)
    return make_plan(open_rain(data, variable, **told), fine, space, mapping, keep_change, min_cover, *period)


def downscale(
    data: "str | Path | Iterable[str | Path] | xr.Dataset",
    grid: str | Grid,
    weights: "str | Path | Draw" = "any",
    *,
    members: int = 8,
    seed: int = 0,
    **how: Any,
) -> "xr.Dataset":
    """Draw fine members of coarse rain, in memory.

    Parameters
    ----------
    data, grid
        As for :func:`understand`.
    weights : str, path or callable
        Weights that ship, an export or a checkpoint, see :func:`anemoi_scaleadapt.downscaling.network.open_network`; or
        anything else that draws, see :class:`anemoi_scaleadapt.downscaling.members.Draw`.
    members, seed : int
        Fine members of each member of the input, and which ensemble.
    **how
        The other arguments of :func:`understand`.

    Returns
    -------
    xarray.Dataset
        See :func:`anemoi_scaleadapt.downscaling.members.to_dataset`.

    Raises
    ------
    ScaleAdaptError
        For an input or a grid that cannot be used, and no members.
    """
    if members < 1:
        raise ScaleAdaptError(f"members = {members}: at least one.")
    plan = understand(data, grid, **how)
    drawn = draw_all(plan, find_draw(weights), members, seed)
    return to_dataset(plan, drawn, members, scaleadapt_seed=seed)


def find_draw(weights: "str | Path | Draw") -> Draw:
    """What draws: itself, or the networks of some weights."""
    if not isinstance(weights, str | Path):
        return weights
    from anemoi_scaleadapt.downscaling.network import network, open_network

    return network(open_network(weights))
