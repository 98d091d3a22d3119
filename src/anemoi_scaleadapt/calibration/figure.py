"""One figure: the curves the proposals are read from, with the place where each was read."""

from pathlib import Path

import numpy as np

from anemoi_scaleadapt.calibration.proposal import LOST_RAIN, SPACE_CORRELATION, TIME_CORRELATION, Proposal
from anemoi_scaleadapt.files import whole
from anemoi_scaleadapt.scale import recipe


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


def plot(proposal: Proposal, path: Path) -> None:
    """Draw the figure into `path` (PNG)."""
    from matplotlib.figure import Figure

    scale, usual = proposal.scale, recipe(proposal.scale.space, proposal.scale.time)
    figure = Figure(figsize=(10, 7), layout="constrained")
    rows = figure.subplots(2, 2)
    (a, b), (c, d) = rows

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
    for axis in rows.flat:
        axis.legend(fontsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"Calibration of the factors ({scale.space}, {scale.time})")
    with whole(path) as part:
        figure.savefig(part, dpi=120, format="png")
