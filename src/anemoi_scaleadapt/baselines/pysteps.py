"""The parts of pysteps that baselines use, imported without the lines that it prints."""

from contextlib import redirect_stdout
from io import StringIO

with redirect_stdout(StringIO()):
    from pysteps.downscaling.rainfarm import downscale
    from pysteps.extrapolation.semilagrangian import extrapolate

__all__ = ["downscale", "extrapolate"]
