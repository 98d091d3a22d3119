"""RainFARM of pysteps, imported without the lines that it prints."""

from contextlib import redirect_stdout
from io import StringIO

with redirect_stdout(StringIO()):
    from pysteps.downscaling.rainfarm import downscale

__all__ = ["downscale"]
