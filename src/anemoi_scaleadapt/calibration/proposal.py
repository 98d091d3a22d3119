"""From statistics to settings: one rule each, stated in the words the report prints."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from anemoi_scaleadapt.calibration import statistics
from anemoi_scaleadapt.calibration.sample import Sample
from anemoi_scaleadapt.scale import Scale, recipe

#: A coarse frame belongs to the context while its correlation with the current one is at least this.
TIME_CORRELATION = 0.1
#: A crop reaches twice as far as the rain correlates by this much.
SPACE_CORRELATION = 0.5
#: The threshold of f leaves out this share of all rain.
LOST_RAIN = 0.01
#: Most coarse frames looked at.
MOST_FRAMES = 24


@dataclass(frozen=True)
class Proposal:
    """The settings, what they were read from, and why.

    Parameters
    ----------
    scale
        The recipe with the proposed beta and L.
    crop
        Edge of the training crops, cells.
    threshold
        For f with a threshold, mm h-1.
    modes
        Square root of the largest mean power of the standardised residual: all windows, wettest tenth.
    correlation_time, correlation_space
        Autocorrelations by frames and by cells.
    amount
        (rates, share of the rain at or below).
    spectrum
        Mean power over the wettest tenth, (t, y, x).
    reasons
        (name, value, reason) of each proposal.
    """

    scale: Scale
    crop: int
    threshold: float
    modes: tuple[float, float]
    correlation_time: np.ndarray
    correlation_space: np.ndarray
    amount: tuple[np.ndarray, np.ndarray]
    spectrum: np.ndarray
    reasons: list[tuple[str, str, str]]

    def as_dict(self) -> dict[str, Any]:
        """What is proposed, and why."""
        told = {key: getattr(self.scale, key) for key in ("space", "time", "beta", "context_length")}
        reasons = {key: reason for key, _, reason in self.reasons}
        return {**told, "crop": self.crop, "threshold": self.threshold, "reasons": reasons}


def first_below(correlation: np.ndarray, level: float) -> int:
    """First lag at which the correlation is below `level` or unknown; their number if there is none."""
    below = ~(correlation >= level)
    return int(np.argmax(below)) if below.any() else len(correlation)


def beta_of(sigma_max: float) -> float:
    """Return the beta (1e-4 steps) whose largest noise level is nearest to `sigma_max`."""
    grid = np.arange(0.0010, 0.1, 1e-4)
    levels = np.log([Scale(space=1, time=1, beta=float(beta)).sigma_max for beta in grid])
    return round(float(grid[np.argmin(np.abs(levels - np.log(sigma_max)))]), 4)


def propose(sample: Sample) -> Proposal:
    """Read all proposals from a sample."""
    s, t = sample.space, sample.time
    usual = recipe(s, t)
    in_time = statistics.temporal_correlation(sample.stretches, MOST_FRAMES)
    in_space = statistics.spatial_correlation(sample.fine)
    amount = statistics.amount_below(sample.fine)
    mean, wet = statistics.residual_spectrum(sample.fine, s)
    modes = (float(np.sqrt(mean.max())), float(np.sqrt(wet.max())))

    past = max(first_below(in_time, TIME_CORRELATION) - 1, 0)
    length = past + 1 + usual.lookahead
    reach = first_below(in_space, SPACE_CORRELATION)
    crop = max(int(np.ceil(2 * reach / s)), 4) * s
    crop = min(crop, min(sample.fine.shape[-2:]) // s * s)
    threshold = float(amount[0][np.searchsorted(amount[1], LOST_RAIN)])
    beta = beta_of(modes[1])
    scale = Scale(
        space=s,
        time=t,
        beta=beta,
        context_length=length,
        lookahead=usual.lookahead,
        conservation=usual.conservation,
    )
    reasons = [
        (
            "beta",
            f"{beta:g}",
            f"its sigma_max {scale.sigma_max:.0f} is the largest mode of the standardised residual in the wettest "
            f"tenth ({modes[1]:.0f}; all windows {modes[0]:.0f}); the recipe has {usual.beta:g} "
            f"({usual.sigma_max:.0f})",
        ),
        (
            "context_length",
            f"{length}",
            f"the current frame, {usual.lookahead} ahead and {past} back, as far as the coarse rain correlates by "
            f"{TIME_CORRELATION:g} or more; the recipe has {usual.context_length}",
        ),
        ("crop", f"{crop}", f"twice the {reach} cells over which the rain correlates by {SPACE_CORRELATION:g}"),
        (
            "threshold",
            f"{threshold:.3g}",
            f"mm/h; {100 * LOST_RAIN:g} % of all rain falls at or below it (smallest rate {amount[0][0]:.3g}); "
            "used by f = threshold and threshold_sqrt only",
        ),
    ]
    return Proposal(scale, crop, threshold, modes, in_time, in_space, amount, wet, reasons)
