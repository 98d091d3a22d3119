"""The one error of the package: what is wrong, where, and what to do."""


class ScaleAdaptError(ValueError):
    """Bad input of a user.

    The message is one paragraph that names the file, the YAML key or the date, says what is wrong with it,
    and what to do. Commands print it without a traceback and end with exit status 2.
    """
