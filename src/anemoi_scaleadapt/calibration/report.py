"""What a calibration found, as numbers for programs: one JSON file."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from anemoi_scaleadapt.calibration.proposal import Proposal
from anemoi_scaleadapt.calibration.spread import Spread
from anemoi_scaleadapt.files import write_text


def as_dict(proposal: Proposal, spread: Spread | None = None, drawn: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the proposals, and under ``sampler`` what was measured on a checkpoint.

    Parameters
    ----------
    proposal : Proposal
        From the data.
    spread : Spread, optional
        From a checkpoint.
    drawn : dict, optional
        What the ensembles were drawn from: checkpoint, days, windows, members.
    """
    scale = proposal.scale
    out = {
        "space": scale.space,
        "time": scale.time,
        "beta": scale.beta,
        "context_length": scale.context_length,
        "crop": proposal.crop,
        "threshold": proposal.threshold,
        "reasons": {key: reason for key, _, reason in proposal.reasons},
    }
    if spread:
        chosen = {**asdict(spread.chosen), "bracketed": spread.bracketed}
        measured = {"before": asdict(spread.before), "points": [asdict(p) for p in spread.points]}
        out["sampler"] = {**chosen, **measured, **(drawn or {})}
    return out


def write(path: Path, values: dict[str, Any]) -> None:
    """Write `values` to `path` in one go."""
    write_text(path, json.dumps(values, indent=2) + "\n")
