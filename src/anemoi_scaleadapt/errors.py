"""The one error of the package: what is wrong, where, and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager


class ScaleAdaptError(ValueError):
    """Bad input of a user.

    The message is one paragraph that names the file, the YAML key or the date, says what is wrong with it,
    and what to do. Commands print it without a traceback and end with exit status 2.
    """


@contextmanager
def explained(what: str, advice: str = "") -> Iterator[None]:
    """Turn whatever a library raises into a ScaleAdaptError, ``{what}: {its words}{advice}``."""
    try:
        yield
    except ScaleAdaptError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ScaleAdaptError(f"{what}: {reason}{advice}") from error
