"""One hour, in the two types that times have here, and the dates that a user names."""

import datetime

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError

#: of numpy's dates: rain, its windows and files
HOUR = np.timedelta64(3600, "s")
#: of Python's dates: whatever anemoi and the archive's names give
ONE_HOUR = datetime.timedelta(hours=1)


def read_date(name: str, value: str | datetime.datetime | np.datetime64 | None) -> np.datetime64 | None:
    """A date of the option or argument `name`, UTC; None where it is not given.

    Raises
    ------
    ScaleAdaptError
        If it is none.
    """
    try:
        return None if value is None else np.array([value], "datetime64[s]")[0]
    except ValueError as error:
        raise ScaleAdaptError(f"{name} {value} is not a date such as 2018-07-11T01:00.") from error
