"""The small ensemble of a validation: drawn once, on its wettest windows, then scored and pictured."""

import datetime
from dataclasses import dataclass

import torch
from torch import Tensor

from anemoi_scaleadapt.diffusion.noise import draws
from anemoi_scaleadapt.models.downscaler import Downscaler
from anemoi_scaleadapt.training.crops import wettest_square
from anemoi_scaleadapt.training.settings import MethodSettings

#: validation noise belongs to this date, so that every validation draws the same
EPOCH = datetime.datetime(2000, 1, 1)


@dataclass(frozen=True)
class Ensemble:
    """Windows and what was drawn for them, in mm h-1; NaN is missing.

    Parameters
    ----------
    coarse
        (n, y / s, x / s): the windows' own coarse frame.
    truth
        (n, t, y, x).
    mean
        (n, t, y, x): the mean network's rain, with exact totals.
    members
        (n, t, member, y, x).
    """

    coarse: Tensor
    truth: Tensor
    mean: Tensor
    members: Tensor


class WettestWindows:
    """Keeps the wettest windows of a validation while its batches pass.

    A domain wider than `score_size` is cut to its wettest square of that width, so that the cost of an ensemble does
    not grow with the domain. With several processes each keeps the wettest of its own share.

    Parameters
    ----------
    settings : MethodSettings
        Its ``score_*``: how many windows and members, how wide, how often.
    """

    def __init__(self, settings: MethodSettings) -> None:
        self.settings = settings
        self.due = False
        self._drawn_at: int | None = None
        self._kept: list[tuple[float, Tensor, Tensor, Tensor | None]] = []

    def begin(self, step: int) -> None:
        """Begin a validation after `step` training steps; say whether it is one whose windows are kept."""
        s = self.settings
        wanted = s.score_windows > 0 and s.score_members > 0
        self._kept = []
        self.due = wanted and (self._drawn_at is None or step - self._drawn_at >= s.score_every)
        if self.due:
            self._drawn_at = step

    def offer(self, net: Downscaler, lr: Tensor, hr: Tensor, statics: Tensor | None) -> None:
        """Keep what is wetter than what was kept.

        Parameters
        ----------
        net : Downscaler
            Tells s and the place of the windows' own frame.
        lr : Tensor
            Coarse frames, (n, L, y / s, x / s), mm h-1.
        hr : Tensor
            Fine hours, (n, t, y, x), mm h-1.
        statics : Tensor, optional
            Static fields, (n, c, y, x).
        """
        if not self.due:
            return
        for i, now in enumerate(net.current(lr)):
            wetness, coarse, fine = wettest_square(now, net.scale.space, self.settings.score_size)
            if len(self._kept) == self.settings.score_windows and wetness <= self._kept[-1][0]:
                continue
            cut = [lr[(i, slice(None), *coarse)], hr[(i, slice(None), *fine)]]
            cut.append(None if statics is None else statics[(i, slice(None), *fine)])
            self._kept.append((wetness, *(None if a is None else a.clone() for a in cut)))
            self._kept = sorted(self._kept, key=lambda kept: -kept[0])[: self.settings.score_windows]

    @torch.no_grad()
    def draw(self, net: Downscaler) -> Ensemble | None:
        """Draw the members of the kept windows, None where none were kept."""
        if not self._kept:
            return None
        lr, hr = (torch.stack([kept[k] for kept in self._kept]) for k in (1, 2))
        statics = None if self._kept[0][3] is None else torch.stack([kept[3] for kept in self._kept])
        self._kept = []
        starts = [EPOCH + datetime.timedelta(days=i) for i in range(len(lr))]
        noise = draws(0, range(self.settings.score_members), starts, hr)
        z = net.predict_mean(lr, statics)
        rain = net.sample(lr, noise, statics, mean=z)
        truth = torch.where(hr >= 0, hr, torch.nan)
        return Ensemble(net.current(lr), truth, net.mean_rain(lr, mean=z), rain)
