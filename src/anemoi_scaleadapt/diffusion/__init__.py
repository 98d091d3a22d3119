"""Noise: which levels are trained, the noise of a member and a valid time, and samplers."""
