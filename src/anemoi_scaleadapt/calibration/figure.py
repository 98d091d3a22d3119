"""One figure: the curves the proposals are read from, with the place where each was read."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from anemoi_scaleadapt.calibration.proposal import LOST_RAIN, SPACE_CORRELATION, TIME_CORRELATION, Proposal
from anemoi_scaleadapt.calibration.spread import Spread
from anemoi_scaleadapt.files import whole
from anemoi_scaleadapt.scale import recipe

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def radial(power: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return wavelengths (cells) and the largest sqrt(power) of all frequencies on every ring of wavenumbers.

    The modes that are constant in space stand at twice the edge.
    """
    top = np.sqrt(power.max(axis=0))
    ny, nx = top.shape
    size = min(ny, nx)
    ring = np.rint(np.hypot(np.fft.fftfreq(ny)[:, None], np.fft.fftfreq(nx)[None]) * size).astype(int)
    numbers = np.arange(size // 2 + 1)
    return size / np.maximum(numbers, 0.5), np.array([top[ring == k].max() for k in numbers])


def plot(proposal: Proposal, path: Path, spread: Spread | None = None) -> None:
    """Draw the figure into `path` (PNG), with two panels more for a checkpoint's `spread`."""
    from matplotlib.figure import Figure

    scale, usual = proposal.scale, recipe(proposal.scale.space, proposal.scale.time)
    figure = Figure(figsize=(15 if spread else 10, 7), layout="constrained")
    rows = figure.subplots(2, 3 if spread else 2)
    (a, b), (c, d) = rows[:, :2]

    hours = np.arange(len(proposal.correlation_time)) * scale.time
    a.plot(hours, proposal.correlation_time, "o-", color="C0")
    a.axhline(TIME_CORRELATION, color="grey", lw=0.8)
    back = scale.context_length - 1 - scale.lookahead
    a.axvline(back * scale.time, color="C3", ls="--", label=f"oldest frame, L = {scale.context_length}")
    a.set(xlabel="lag of coarse frames (h)", ylabel="correlation", title="Context length L")

    b.plot(proposal.correlation_space, color="C0")
    b.axhline(SPACE_CORRELATION, color="grey", lw=0.8)
    b.axvline(proposal.crop / 2, color="C3", ls="--", label=f"half the crop of {proposal.crop} cells")
    b.set(xlabel="distance (cells)", ylabel="correlation", title="Crop size")

    c.semilogx(*proposal.amount, color="C0")
    c.axhline(LOST_RAIN, color="grey", lw=0.8)
    c.axvline(proposal.threshold, color="C3", ls="--", label=f"{proposal.threshold:.3g} mm/h")
    c.set(xlabel="rain rate (mm/h)", ylabel="share of the rain at or below", title="Threshold of f")

    d.loglog(*radial(proposal.spectrum), color="C0", label="residual, wettest tenth")
    d.axhline(1, color="grey", lw=0.8, label="white noise of unit variance")
    d.axhline(scale.sigma_max, color="C3", ls="--", label=f"sigma_max of beta = {scale.beta:g}")
    d.axhline(usual.sigma_max, color="C1", ls=":", label=f"sigma_max of the recipe's {usual.beta:g}")
    d.invert_xaxis()
    d.set(xlabel="wavelength (cells; leftmost: the whole square)", ylabel="largest mode (std)")
    d.set_title("Noise schedule beta")
    if spread:
        _draw_spread(rows[0, 2], rows[1, 2], spread)
    for axis in rows.flat:
        axis.legend(fontsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"Calibration of the factors ({scale.space}, {scale.time})")
    with whole(path) as part:
        figure.savefig(part, dpi=120, format="png")


def _draw_spread(ratio: "Axes", error: "Axes", spread: Spread) -> None:
    """Draw spread-skill ratio and CRPS over sigma_max, with the checkpoint's own and the chosen one."""
    levels = [p.sigma_max for p in spread.points]
    ratio.semilogx(levels, [p.ssr for p in spread.points], "o-", color="C0")
    ratio.axhline(1, color="grey", lw=0.8)
    error.semilogx(levels, [p.crps for p in spread.points], "o-", color="C0")
    for axis in (ratio, error):
        axis.set_xticks(levels, [f"{level:.3g}" for level in levels])
        axis.set_xticks([], minor=True)
        axis.axvline(
            spread.before.sigma_max, color="C1", ls=":", label=f"the checkpoint's {spread.before.sigma_max:.3g}"
        )
        axis.axvline(spread.chosen.sigma_max, color="C3", ls="--", label=f"sigma_max = {spread.chosen.sigma_max:.3g}")
    title = "Spread of the checkpoint" if spread.bracketed else "Spread of the checkpoint: 1 is out of reach"
    ratio.set(xlabel="sigma_max", ylabel="spread-skill ratio", title=title)
    error.set(xlabel="sigma_max", ylabel="CRPS (mm/h)", title="Its error")
