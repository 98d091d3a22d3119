"""Joint space-time super-resolution of precipitation inside ECMWF's anemoi."""

__version__ = "0.1.0"
