"""Scores cheap enough to be taken at every validation."""

import torch
from einops import rearrange
from torch import Tensor

from anemoi_scaleadapt.verification.crps import fair_crps

#: what :func:`ensemble_scores` gives
NAMES = ("crps", "ssr", "wet_fraction_ratio", "q999_ratio", "spectra_ratio_high")


def ensemble_scores(members: Tensor, truth: Tensor) -> dict[str, Tensor]:
    """Fair CRPS, spread-skill ratio, power ratio below 8 pixels, wet fraction ratio and 99.9 % quantile ratio.

    Parameters
    ----------
    members : Tensor
        (batch, time, member, y, x), mm h-1.
    truth : Tensor
        (batch, time, y, x), mm h-1; NaN is missing.

    Returns
    -------
    dict
        Scalars by the names in ``NAMES``; ratios are members over truth, one is best. Empty where nothing is known.
    """
    known = ~(truth.isnan() | members.isnan().any(dim=2))
    if not known.any():
        return {}
    count = members.shape[2]
    crps = fair_crps(members.movedim(2, 0), truth)[known].mean()
    error = (members.mean(dim=2) - truth)[known].square().mean()
    spread = members.var(dim=2)[known].mean()
    drawn = rearrange(members, "b t m y x -> b t y x m")[known]
    seen = truth[known]
    filled, observed = torch.nan_to_num(members), torch.nan_to_num(truth)
    scores = {
        "crps": crps,
        "ssr": torch.sqrt((count + 1) / count * spread / error.clamp(min=1e-12)),
        "wet_fraction_ratio": (drawn >= 0.1).float().mean() / (seen >= 0.1).float().mean().clamp(min=1e-6),
        "q999_ratio": quantile(drawn.flatten(), 0.999) / quantile(seen, 0.999).clamp(min=1e-6),
        "spectra_ratio_high": high_power(filled) / high_power(observed).clamp(min=1e-12),
    }
    return {name: value.float() for name, value in scores.items()}


def quantile(values: Tensor, level: float) -> Tensor:
    """Quantile of any number of values (torch.quantile takes 16 million at most)."""
    rank = min(len(values), max(1, round(level * len(values))))
    return values.kthvalue(rank).values


def high_power(rain: Tensor) -> Tensor:
    """Mean spectral power of (..., y, x) at wavelengths from 2 to 8 pixels."""
    power = torch.fft.rfft2(rain.float()).abs().square().mean(dim=tuple(range(rain.ndim - 2)))
    fy = torch.fft.fftfreq(rain.shape[-2], device=rain.device)
    fx = torch.fft.rfftfreq(rain.shape[-1], device=rain.device)
    radius = torch.hypot(fy[:, None], fx[None, :])
    return power[(radius >= 1 / 8) & (radius <= 1 / 2)].mean()
