"""One hour, in the two types that times have here."""

import datetime

import numpy as np

#: of numpy's dates: rain, its windows and files
HOUR = np.timedelta64(3600, "s")
#: of Python's dates: whatever anemoi and the archive's names give
ONE_HOUR = datetime.timedelta(hours=1)
