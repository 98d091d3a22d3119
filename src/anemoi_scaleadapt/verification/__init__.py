"""Scores, baselines and reports of ensembles of rain fields."""
