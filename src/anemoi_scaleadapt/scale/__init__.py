"""What changes with the factor pair and nothing else: beta, L and f (free of torch and of hydra)."""

from anemoi_scaleadapt.scale.recipe import PAPER_PAIRS
from anemoi_scaleadapt.scale.settings import Conservation, Scale, recipe, resolve

__all__ = ["PAPER_PAIRS", "Conservation", "Scale", "recipe", "resolve"]
