"""The networks as what draws: weights that ship, an export, or a checkpoint."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from anemoi_scaleadapt.downscaling.members import Draw
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import HOUR
from anemoi_scaleadapt.inference.draw import draw_stretches
from anemoi_scaleadapt.inference.trained import open_weights
from anemoi_scaleadapt.models.anemoi import RainModel


def open_network(weights: str | Path = "any", device: str | None = None, tile: int | None = None) -> RainModel:
    """A model that draws.

    Parameters
    ----------
    weights : str or Path
        Name of weights that ship, a folder of ``anemoi-scaleadapt export``, or an inference checkpoint (a Python
        pickle: only one that you trust).
    device : str, optional
        By default the GPU, if there is one.
    tile : int, optional
        Pixels of a tile, about, by default those of the weights, or the fewest tiles that fit into the memory at hand.
        Larger tiles cost less, as neighbours share pixels, and take more memory; on a CPU no bit hangs on it.

    Raises
    ------
    ScaleAdaptError
        If there is no such model, it cannot be read, or it needs static fields.
    """
    model = open_weights(weights, device, "--weights")
    if model.static_names:
        raise ScaleAdaptError(
            f"--weights {weights}: the model needs the static fields {', '.join(model.static_names)}, which only "
            "`anemoi-inference run` hands over."
        )
    if tile is not None:
        model.downscaler.tile = tile
    return model


def network(model: RainModel, allow_untrained: bool = False, **how: Any) -> Draw:
    """What draws members with a model, for :func:`anemoi_scaleadapt.downscaling.members.draw_all`.

    Parameters
    ----------
    model : RainModel
        From :func:`open_network`.
    allow_untrained : bool
        Whether pairs may be drawn that the model was not trained on.
    **how
        ``hours_at_once``, ``overlap``, ``members_at_once`` of :func:`anemoi_scaleadapt.inference.draw.draw_stretches`.
    """

    def draw(
        coarse: np.ndarray, times: np.ndarray, s: int, t: int, members: int, seed: int, done: int = 0
    ) -> Iterator[tuple[int, int, np.ndarray]]:
        pair = model.find_scale({"space": s, "time": t}, allow_untrained)
        start = (times[0] - t * HOUR).astype("M8[s]").item()
        for part in draw_stretches(model.downscaler, coarse, pair, start, range(members), seed=seed, done=done, **how):
            yield part.numbers[0], part.first, part.members

    return draw
