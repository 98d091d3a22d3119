"""Whether two records lie on one grid, or one on the blocks of the other: in km, never by the number of cells."""

import logging

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.sphere import block_middles, vectors

LOG = logging.getLogger(__name__)

#: Largest shift, in pixels.
TENTH = 0.1
#: how a record may lie the other way round
TURNS: dict[str, tuple[slice, slice]] = {
    "rows are turned upside down": np.s_[::-1, :],
    "columns are mirrored": np.s_[:, ::-1],
    "rows and columns are turned round": np.s_[::-1, ::-1],
}


def box(rain: Rain) -> str:
    """Where a record lies, in words: ``47.05..49.95 N, 1.05..4.95 E, 30 x 40 cells of 11.1 x 7.4 km``."""
    cells = f"{rain.shape[0]} x {rain.shape[1]} cells"
    dy, dx = rain.spacing
    cells += f" of {dy:.4g} x {dx:.4g} km" if np.isfinite([dy, dx]).all() else ""
    if rain.latitude is not None and rain.longitude is not None:
        lat, lon = rain.latitude, rain.longitude
        return f"{np.nanmin(lat):.3f}..{np.nanmax(lat):.3f} N, {np.nanmin(lon):.3f}..{np.nanmax(lon):.3f} E, {cells}"
    if rain.y is not None and rain.x is not None:
        y, x = np.sort(rain.y[[0, -1]]) / 1000, np.sort(rain.x[[0, -1]]) / 1000
        return f"y {y[0]:.3f}..{y[1]:.3f} km, x {x[0]:.3f}..{x[1]:.3f} km, {cells}"
    return f"{cells} without coordinates"


def same_grid(one: Rain, other: Rain, tolerance: float = TENTH) -> None:
    """Check that two records lie on one grid.

    Parameters
    ----------
    one, other : Rain
        Records; places are compared where both have them, else a warning says that they cannot be.
    tolerance : float
        Largest distance of two cells that should be one, in pixels.

    Raises
    ------
    ScaleAdaptError
        For another place, cell size or number of cells, with both boxes.
    """
    if one.shape == other.shape:
        apart = _apart(_places(one, other), _places(other, one))
        if apart is None:
            _cannot(one, other)
            return
        pixel = min((step for rain in (one, other) for step in rain.spacing if np.isfinite(step)), default=np.inf)
        if apart <= tolerance * pixel:
            return
        words = f"lie up to {apart:.4g} km apart"
    else:
        words = "have different grids"
    raise ScaleAdaptError(
        f"{one.path} and {other.path} {words}: {box(one)} against {box(other)}. They must be on one grid: crop or "
        "regrid one of them."
    )


def on_blocks(fine: Rain, coarse: Rain, space: int, tolerance: float = TENTH) -> None:
    """Check that coarse cells are the blocks of `space` x `space` fine pixels.

    Parameters
    ----------
    fine, coarse : Rain
        Records; `fine` has `space` times as many rows and columns.
    space : int
        s.
    tolerance : float
        Largest distance between a coarse cell and the middle of its block, in fine pixels (and not less than a
        hundredth of a coarse cell, which curved grids and rounded coordinates cost).

    Raises
    ------
    ScaleAdaptError
        If they lie elsewhere, with both boxes.
    """
    middles = _places(fine, coarse)
    if middles is not None and middles.shape[-1] == 3:
        middles = block_middles(middles, space)
    elif middles is not None:
        middles = middles.reshape(coarse.shape[0], space, coarse.shape[1], space, -1).mean(axis=(1, 3))
    cells = _places(coarse, fine)
    apart = _apart(middles, cells)
    if apart is None:
        _cannot(fine, coarse)
        return
    pixel = min((step for step in fine.spacing if np.isfinite(step)), default=np.inf)
    allowed = max(tolerance, 0.01 * space) * pixel
    if apart > allowed:
        assert middles is not None and cells is not None
        turned = (words for words, turn in TURNS.items() if (_apart(middles, cells[turn]) or 0) <= allowed)
        hint = next((f" They fit when its {words}." for words in turned), "")
        raise ScaleAdaptError(
            f"{coarse.path} does not lie on the blocks of {space} x {space} pixels of {fine.path}: its cells are up to "
            f"{apart:.3g} km from them. {box(coarse)} against {box(fine)}.{hint} Average the fine rain to the coarse "
            "cells, or regrid the coarse rain to the blocks."
        )


def _places(rain: Rain, other: Rain) -> np.ndarray | None:
    """Places of the cells in km: (y, x, 3) on the sphere, or (y, x, 2) in a projection; None if neither is in both."""
    if all(r.latitude is not None and r.longitude is not None for r in (rain, other)):
        assert rain.latitude is not None and rain.longitude is not None
        return vectors(rain.latitude, rain.longitude)
    if all(r.y is not None and r.x is not None for r in (rain, other)):
        assert rain.y is not None and rain.x is not None
        return np.stack(np.meshgrid(rain.y, rain.x, indexing="ij"), axis=-1) / 1000
    return None


def _apart(one: np.ndarray | None, other: np.ndarray | None) -> float | None:
    """Largest distance, km; None where nothing can be compared."""
    if one is None or other is None:
        return None
    gaps = np.linalg.norm(one - other, axis=-1)
    return float(np.nanmax(gaps)) if np.isfinite(gaps).any() else None


def _cannot(one: Rain, other: Rain) -> None:
    without = [rain.path for rain in (one, other) if rain.latitude is None and rain.y is None]
    LOG.warning(
        "%s without latitude and longitude: whether %s and %s lie on one grid cannot be checked.",
        " and ".join(without) or f"{one.path} or {other.path}", one.path, other.path,
    )  # fmt: skip
