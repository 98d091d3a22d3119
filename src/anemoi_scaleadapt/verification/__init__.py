"""Scores of ensembles of rain fields, and the scorecard."""
