"""What a calibration found, as numbers for programs: one JSON file."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from anemoi_scaleadapt.calibration.proposal import Proposal
from anemoi_scaleadapt.calibration.spread import Spread
from anemoi_scaleadapt.files import write_text


def as_dict(proposal: Proposal) -> dict[str, Any]:
    """Return the proposals from data."""
    scale = proposal.scale
    return {
        "space": scale.space,
        "time": scale.time,
        "beta": scale.beta,
        "context_length": scale.context_length,
        "crop": proposal.crop,
        "threshold": proposal.threshold,
        "reasons": {key: reason for key, _, reason in proposal.reasons},
    }


def of_spreads(found: Mapping[tuple[int, int], Spread]) -> dict[str, Any]:
    """Return what was measured on weights, by pair: all points, the one before, the chosen one."""
    return {f"s{s}t{t}": asdict(spread) for (s, t), spread in found.items()}


def write(path: Path, values: dict[str, Any]) -> None:
    """Write `values` to `path` in one go."""
    write_text(path, json.dumps(values, indent=2) + "\n")
