"""Downscaling that a trained system must beat, and the systems by name."""
