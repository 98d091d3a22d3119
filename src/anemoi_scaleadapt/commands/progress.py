"""Progress bars: on stderr, so that stdout holds results only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress


def bar(text: str) -> Callable[[Iterable], Iterable]:
    """Return what wraps a list in a progress bar."""
    from rich.console import Console
    from rich.progress import track

    return lambda items: track(items, text, console=Console(stderr=True))


def meter(*columns: Any, disable: bool = False) -> Progress:
    """Return progress bars with columns of rich, its own by default."""
    from rich.console import Console
    from rich.progress import Progress

    return Progress(*columns, console=Console(stderr=True), disable=disable)
