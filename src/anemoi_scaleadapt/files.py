"""Files that are there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Write a file beside its place and move it there when it is complete.

    Parameters
    ----------
    path : Path
        Where the file belongs; what is there stays until the new one is complete.

    Yields
    ------
    Path
        The temporary name to write to. It is gone afterwards, also after an error.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file in one go."""
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")
