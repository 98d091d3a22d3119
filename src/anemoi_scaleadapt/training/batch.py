"""What a batch of anemoi's holds, in our terms: the one place that knows its layout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from einops import rearrange
from torch import Tensor

from anemoi_scaleadapt.training.reading import Reading


@dataclass(frozen=True)
class Fields:
    """Rain of a batch in mm h-1 on (y, x), as it is stored: nothing is marked as missing yet.

    Attributes
    ----------
    coarse : Tensor
        Hourly rain of which coarse frames are made, the window and what lies round it, (n, hours, Y, X).
    fine : Tensor
        Fine hours of the longest window, (n, hours, y, x).
    statics : Tensor or None
        Static fields as the dataset holds them, (n, c, y, x).
    """

    coarse: Tensor
    fine: Tensor
    statics: Tensor | None


def take_apart(
    batch: Any, reading: Reading, columns: Mapping[str, Mapping[str, int]], statics: Sequence[str]
) -> Fields:
    """Take a batch of anemoi's apart.

    Parameters
    ----------
    batch : Mapping
        Dataset name -> (batch, time, ensemble, grid, variables), as a tensor or as an object that holds one as its
        ``data``.
    reading : Reading
        Which hours each dataset was read at, and on which grid.
    columns : Mapping
        Dataset name -> variable -> place on the last axis.
    statics : sequence of str
        Names of the static fields.
    """

    def values(name: str) -> Tensor:
        held = batch[name]
        return held if isinstance(held, Tensor) else held.data

    def on_grid(x: Tensor, name: str, variable: str) -> Tensor:
        return rearrange(x[..., columns[name][variable]], "n t 1 (y x) -> n t y x", y=reading.shapes[name][0])

    def rain(name: str, hours: range) -> Tensor:
        x = values(name)
        return on_grid(x[:, reading.places(name, hours, x.shape[1])], name, reading.rain)

    hr = reading.hr
    fields = [on_grid(values(hr)[:, :1], hr, variable) for variable in statics]
    return Fields(
        coarse=rain(reading.source, reading.hours),
        fine=rain(hr, reading.window),
        statics=rearrange(fields, "c n 1 y x -> n c y x") if fields else None,
    )
