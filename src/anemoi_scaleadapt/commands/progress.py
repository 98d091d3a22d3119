"""Progress bars: on stderr, so that stdout holds results only."""

from collections.abc import Callable, Iterable


def bar(text: str) -> Callable[[Iterable], Iterable]:
    """Return what wraps a list in a progress bar."""
    from rich.console import Console
    from rich.progress import track

    return lambda items: track(items, text, console=Console(stderr=True))
