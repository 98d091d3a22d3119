"""Maps kept while the windows go by: small PNG pictures for the report, the fields of the wettest window."""

import base64
import io

import numpy as np

from anemoi_scaleadapt.baselines.classical import nearest
from anemoi_scaleadapt.report.figure import COLOURS, DRY, LEVELS, MISSING, columns, north_up

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


class Gallery:
    """Keep the maps of the wettest windows; pass :meth:`watch` to :func:`case.count`.

    Parameters
    ----------
    case : case.Case
        What is verified.
    windows : int
        How many of the wettest windows.
    """

    def __init__(self, case, windows: int = 8):
        """Choose the windows."""
        self.case = case
        chosen = case.wettest(windows)
        self.wettest, self.chosen = chosen[0], set(chosen)
        self.panels: dict = {}
        self.hours: list = []
        self.frames: list = []

    def watch(self, number, window, coarse, truth, forecasts) -> None:
        """Keep what is needed of one window."""
        if number not in self.chosen:
            return
        if number == self.wettest:
            self.panels = columns(self.case, coarse, truth, forecasts)
        maps = {"coarse input": nearest(coarse, self.case.t, self.case.s)[0], "truth": truth}
        for name, forecast in forecasts.items():
            if name == "nearest":  # as the coarse input
                continue
            if len(forecast) == 1:
                maps[name] = forecast[0]
            elif name == self.case.name:
                maps |= {f"{name}, member {k + 1}": member for k, member in enumerate(forecast[:3])}
            else:
                maps[f"{name}, member 1"] = forecast[0]
        for row, hour in enumerate(window):
            self.hours.append(f"{hour.item():%d %b %Y %H:%M} UTC")
            self.frames.append({title: picture(north_up(f[row], self.case)) for title, f in maps.items()})
