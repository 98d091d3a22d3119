"""Before anything else: pyproj, which ends the interpreter when it is imported after eccodes."""

import pyproj  # noqa: F401
