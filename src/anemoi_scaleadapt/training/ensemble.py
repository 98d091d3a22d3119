"""The small ensembles of a validation: drawn once for each pair, on its wettest windows, then scored and pictured."""

import datetime
from dataclasses import dataclass

import torch
from torch import Tensor

from anemoi_scaleadapt.diffusion.noise import draws
from anemoi_scaleadapt.models.anemoi import RainModel
from anemoi_scaleadapt.scale.pairs import Pair
from anemoi_scaleadapt.training.settings import MethodSettings
from anemoi_scaleadapt.training.windows import Windows

#: validation noise belongs to this date, so that every validation draws the same
EPOCH = datetime.datetime(2000, 1, 1)


@dataclass(frozen=True)
class Ensemble:
    """Windows of one pair and what was drawn for them, in mm h-1; NaN is missing.

    Attributes
    ----------
    coarse : Tensor
        (n, hours, y / s, x / s): the coarse frame that covers each hour.
    truth : Tensor
        (n, hours, y, x).
    mean : Tensor
        (n, hours, y, x): the mean network's rain, with exact totals.
    members : Tensor
        (n, hours, member, y, x).
    """

    coarse: Tensor
    truth: Tensor
    mean: Tensor
    members: Tensor


class WettestWindows:
    """Keeps the wettest windows of each pair of a validation while its batches pass.

    With several processes each keeps the wettest of its own share.

    Parameters
    ----------
    settings : MethodSettings
        Its ``score_*``: how many windows and members, how often.
    """

    def __init__(self, settings: MethodSettings) -> None:
        self.settings = settings
        self.due = False
        self._drawn_at: int | None = None
        self._kept: dict[Pair, list[tuple[float, Windows]]] = {}

    def begin(self, step: int) -> None:
        """Begin a validation after `step` training steps; say whether it is one whose windows are kept."""
        s = self.settings
        wanted = s.score_windows > 0 and s.score_members > 0
        self._kept = {}
        self.due = wanted and (self._drawn_at is None or step - self._drawn_at >= s.score_every)
        if self.due:
            self._drawn_at = step

    def offer(self, pair: Pair, wetness: Tensor, windows: Windows) -> None:
        """Keep what is wetter than what was kept of the pair; `wetness` is the mean rain of each window, (n,)."""
        if not self.due:
            return
        kept = self._kept.setdefault(pair, [])
        for i, wet in enumerate(wetness.tolist()):
            if len(kept) == self.settings.score_windows and wet <= kept[-1][0]:
                continue
            still = windows.statics
            still = None if still is None else still[i : i + 1].clone()
            kept.append((wet, Windows(windows.axis[i : i + 1].clone(), windows.fine[i : i + 1].clone(), still)))
            kept.sort(key=lambda item: -item[0])
            del kept[self.settings.score_windows :]

    @torch.no_grad()
    def draw(self, model: RainModel) -> dict[Pair, Ensemble]:
        """Draw the members of the kept windows, pair by pair."""
        kept, self._kept = self._kept, {}
        return {pair: self._draw(model, pair, [windows for _, windows in found]) for pair, found in kept.items()}

    def _draw(self, model: RainModel, pair: Pair, kept: list[Windows]) -> Ensemble:
        net, scale = model.downscaler, model.scale_of(*pair)
        axis, fine = (torch.cat([getattr(windows, key) for windows in kept]) for key in ("axis", "fine"))
        fields = [windows.statics for windows in kept if windows.statics is not None]
        statics = model.standardise(torch.cat(fields)) if fields else None
        starts = [EPOCH + datetime.timedelta(days=i) for i in range(len(axis))]
        noise = draws(0, range(self.settings.score_members), starts, fine)
        prepared = net.prepare(axis, scale, statics)
        rain = net.sample(axis, scale, noise, statics, prepared=prepared)
        truth = torch.where(fine >= 0, fine, torch.nan)
        return Ensemble(net.current(axis), truth, net.mean_rain(axis, scale, prepared=prepared), rain)
