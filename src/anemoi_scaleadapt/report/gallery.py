"""Maps kept while the windows go by: small PNG pictures for the report, the fields of the wettest window."""

import base64
import io
from collections.abc import Mapping, Sequence

import numpy as np

from anemoi_scaleadapt.rain.windows import Coarse
from anemoi_scaleadapt.report.figure import COLOURS, DRY, LEVELS, MISSING, columns, repeated

#: longest side of a picture, pixels; larger fields are thinned
LONGEST = 420


def picture(field: np.ndarray) -> str:
    """Return rain (y, x), mm h-1, as the base64 text of a palette PNG with the colours of ``rain.png``."""
    from PIL import Image

    step = -(-max(field.shape) // LONGEST)
    field = field[::step, ::step]
    classes = np.searchsorted(LEVELS, field, side="right").astype("uint8")
    classes[np.isnan(field)] = len(LEVELS) + 1
    image = Image.fromarray(classes, mode="P")
    palette = [DRY, *COLOURS, MISSING]
    image.putpalette([int(c[i : i + 2], 16) for c in palette for i in (1, 3, 5)])
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def wettest(coarse: Coarse, windows: np.ndarray, number: int = 8) -> list[int]:
    """Numbers of the windows (n, t) with most coarse rain, the wettest first."""
    totals = [float(np.nansum(coarse.frame(window))) for window in windows]
    return [int(k) for k in np.argsort(totals)[::-1][:number]]


class Gallery:
    """Keep the maps of some windows; pass :meth:`watch` to :func:`verification.run.count`.

    Parameters
    ----------
    name : str
        The system of which three members are kept; of other ensembles, one.
    windows : ndarray of datetime64, shape (n, t)
        Hours of each window.
    chosen : sequence of int
        Numbers of the windows to keep, the one of ``rain.png`` first.
    size : str
        Of a coarse cell.
    """

    def __init__(self, name: str, windows: np.ndarray, chosen: Sequence[int], size: str) -> None:
        """Keep nothing yet."""
        self.name, self.windows, self.size = name, windows, size
        self.first, self.chosen = chosen[0], sorted(chosen)
        self.columns: dict[str, np.ndarray] = {}
        self.hours: list[str] = []
        self.frames: list[dict[str, str]] = []

    @property
    def start(self) -> int:
        """Place in ``hours`` of the first hour of the window of ``rain.png``."""
        return self.chosen.index(self.first) * self.windows.shape[1]

    def watch(self, number: int, coarse: np.ndarray, truth: np.ndarray, drawn: Mapping[str, np.ndarray]) -> None:
        """Keep what is needed of one window."""
        if number not in self.chosen:
            return
        if number == self.first:
            self.columns = columns(self.name, coarse, truth, drawn, self.size)
        maps = {"coarse input": repeated(coarse, truth), "truth": truth}
        for name, members in drawn.items():
            if name == self.name and len(members) > 1:
                maps |= {f"{name}, member {k + 1}": member for k, member in enumerate(members[:3])}
            elif name != "nearest":  # as the coarse input
                maps[name if len(members) == 1 else f"{name}, member 1"] = members[0]
        for row, hour in enumerate(self.windows[number]):
            self.hours.append(f"{hour.item():%d %b %Y %H:%M} UTC")
            self.frames.append({title: picture(field[row]) for title, field in maps.items()})
