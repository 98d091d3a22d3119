"""pyproj, imported so that it works beside eccodes."""

import os
import sys
from functools import lru_cache
from types import ModuleType


@lru_cache(maxsize=1)
def pyproj() -> ModuleType:
    """Return the module pyproj.

    The wheel of eccodes brings another PROJ whose symbols are global: pyproj imported after it ends the interpreter.
    Where the linker can do so, pyproj is bound to its own PROJ first.
    """
    flags = sys.getdlopenflags()
    sys.setdlopenflags(flags | getattr(os, "RTLD_DEEPBIND", 0))
    try:
        import pyproj as module
    finally:
        sys.setdlopenflags(flags)
    return module
