"""The blocks of a fine grid: which factor s fits an input, and the coarse grid that follows from it."""

from dataclasses import dataclass, replace

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.regrid.cells import Cells, of_grid
from anemoi_scaleadapt.regrid.grid import Grid

#: factors that are chosen without being named; any whole number can be
FACTORS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25)
#: a block may be so much finer than the input's cells
SLACK = 0.95


@dataclass(frozen=True, eq=False)
class Blocks:
    """A fine grid of whole blocks.

    Parameters
    ----------
    fine : Grid
        The fine grid, a whole number of blocks high and wide.
    s : int
        Pixels on a side of a block.
    said : str
        What was cut off or added to make the blocks whole; empty if nothing.
    """

    fine: Grid
    s: int
    said: str = ""

    @property
    def shape(self) -> tuple[int, int]:
        """(Y, X)."""
        return self.fine.shape[0] // self.s, self.fine.shape[1] // self.s

    @property
    def cells(self) -> Cells:
        """The blocks as cells."""
        return of_grid(self.fine, self.s)

    @classmethod
    def of(cls, grid: Grid, s: int) -> "Blocks":
        """Blocks of s x s pixels from the first row and column on.

        A grid that may grow gets the rows and columns that fill its last blocks; of any other, what does not fill a
        block is left out.

        Raises
        ------
        ScaleAdaptError
            If s is no whole number of at least 1, or the grid is smaller than one block.
        """
        if isinstance(s, bool) or s != int(s) or s < 1:
            raise ScaleAdaptError(f"the space factor {s!r} is not a whole number of at least 1.")
        s, (ny, nx) = int(s), grid.shape
        rest = ny % s, nx % s
        if not any(rest):
            return cls(grid, s)
        if grid.grows and grid.x is not None and grid.y is not None and grid.crs is not None:
            more = [(-n) % s for n in (ny, nx)]
            y, x = (_longer(axis, n) for axis, n in zip((grid.y, grid.x), more, strict=True))
            grown = replace(Grid.on_axes(grid.name, x, y, grid.crs), grows=True)
            return cls(grown, s, f"{more[0]} rows and {more[1]} columns added at its last edges to fill blocks")
        if ny < s or nx < s:
            raise ScaleAdaptError(
                f"{grid.name}: its {ny} x {nx} cells are fewer than one block of {s} x {s}. Take a larger grid, or a "
                "smaller factor with --space-factor."
            )
        whole = grid.rows_columns(slice(0, ny - rest[0]), slice(0, nx - rest[1]))
        return cls(whole, s, f"its last {rest[0]} rows and {rest[1]} columns fill no block and are left out")


def _longer(axis: np.ndarray, more: int) -> np.ndarray:
    step = axis[-1] - axis[-2]
    return np.concatenate([axis, axis[-1] + step * np.arange(1, more + 1)])


def choose_factor(coarse_km: float, fine_km: float) -> tuple[int, str]:
    """The factor in space for an input: the smallest usual one whose blocks are not finer than its cells.

    Parameters
    ----------
    coarse_km, fine_km : float
        Sides of the input's cells (as squares) and of the fine pixels, km.

    Returns
    -------
    tuple of (int, str)
        s, and why, for the user.

    Raises
    ------
    ScaleAdaptError
        If the input is not coarser than the fine grid.
    """
    ratio = coarse_km / fine_km
    if ratio < SLACK:
        raise ScaleAdaptError(
            f"the input's cells of {coarse_km:.3g} km are smaller than the fine grid's of {fine_km:.3g} km: there is "
            "nothing to super-resolve. Name a finer grid."
        )
    s = next((factor for factor in FACTORS if factor >= SLACK * ratio), FACTORS[-1])
    reason = f"the input's cells are as large as squares of {coarse_km:.3g} km, the fine grid's {fine_km:.3g} km"
    if s < SLACK * ratio:
        reason += (
            f"; {s} is the largest factor of the networks, so that its blocks are {ratio / s:.2g} times finer than the "
            "input and their rain is smoother than what the networks learnt from"
        )
    else:
        reason += f"; {s} is the smallest usual factor whose blocks are not finer than that"
    return s, reason
