"""Joint space-time super-resolution of precipitation inside ECMWF's anemoi."""

from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """``anemoi_scaleadapt.downscale``: imported when it is asked for, so that the package itself costs nothing."""
    if name == "downscale":
        from anemoi_scaleadapt.downscaling.api import downscale

        return downscale
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
