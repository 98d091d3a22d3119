"""Figures and the page of a verification."""
