"""Trained weights as a small folder, without pickle, checkpoint, dataset or config; and those that ship."""

from anemoi_scaleadapt.pretrained.members import draw_members
from anemoi_scaleadapt.pretrained.weights import load, save

__all__ = ["draw_members", "load", "save"]
