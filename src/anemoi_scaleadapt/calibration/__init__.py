"""Beta, L, crop size and the threshold of f, read from a pair of datasets; sigma_max, from a trained network."""
