"""Weights that ship, and how a trained model becomes two small files that load without anemoi or pickle."""

from anemoi_scaleadapt.models.export import load, save

__all__ = ["load", "save"]
