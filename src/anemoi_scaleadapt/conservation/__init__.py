"""Totals that hold: give every coarse cell its rain back (paper, mass-conservation function f)."""

from anemoi_scaleadapt.conservation.blocks import block_mean, nearest
from anemoi_scaleadapt.conservation.transform import conserve
from anemoi_scaleadapt.scale import Conservation

__all__ = ["Conservation", "block_mean", "conserve", "nearest"]
