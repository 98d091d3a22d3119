"""Weights that were made before are read again."""

import os
from pathlib import Path

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.regrid.blocks import Blocks
from anemoi_scaleadapt.regrid.cells import Cells
from anemoi_scaleadapt.regrid.weights import MIN_COVER, Weights, fingerprint, make_weights


def folder() -> Path:
    """Folder of the cache: ``$XDG_CACHE_HOME/anemoi-scaleadapt``, by default in ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "anemoi-scaleadapt"


def cached_weights(source: Cells, blocks: Blocks, min_cover: float = MIN_COVER) -> Weights:
    """Weights from the cache, or made and put there; arguments and errors as in :func:`make_weights`.

    A cache that cannot be read or written costs the time to make them again, nothing else.
    """
    path = folder() / f"weights-{fingerprint(source, blocks, min_cover)}.npz"
    if path.exists():
        try:
            return Weights.load(path)
        except ScaleAdaptError:
            path.unlink(missing_ok=True)
    weights = make_weights(source, blocks, min_cover)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        weights.save(path)
    except OSError:
        pass
    return weights
