"""The fair CRPS of an ensemble, the only one of the package.

Own code because ``scores`` holds all pairs of members: sorted members need M log M operations instead of M squared, a
fifth of the time for 8 to 32 members (``benchmarks/verification_libraries.py``); the tests hold both to be equal.
"""

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

Array = TypeVar("Array", np.ndarray, "Tensor")


def fair_crps(members: Array, truth: Array) -> Array:
    """Fair CRPS; the absolute error where there is a single member.

    Parameters
    ----------
    members : ndarray or Tensor, shape (member, ...)
        mm h-1.
    truth : ndarray or Tensor, shape (...)
        mm h-1; NaN gives NaN.

    Returns
    -------
    ndarray or Tensor, shape (...)
        Mean \\|x_m - o\\| less half the mean \\|x_m - x_k\\| over pairs m != k, mm h-1.

    References
    ----------
    Ferro 2014, https://doi.org/10.1002/qj.2270.
    """
    if isinstance(members, np.ndarray):
        return crps_of_sorted(np.sort(members, axis=0), truth)
    return crps_of_sorted(members.sort(dim=0).values, truth)


def crps_of_sorted(members: Array, truth: Array) -> Array:
    """:func:`fair_crps` of members that are sorted along their first axis."""
    count = len(members)
    error = abs(members - truth).mean(0)
    for k in range(count // 2):  # the sum over pairs of sorted members, from the outermost pair inwards
        error = error - (members[count - 1 - k] - members[k]) * ((count - 1 - 2 * k) / (count * (count - 1)))
    return error


def total_crps(members: np.ndarray, truth: np.ndarray, known: np.ndarray) -> float:
    """Sum of the fair CRPS where ``known``; cases without rain in truth and members add nothing and cost little."""
    where = known & ((truth != 0) | (members != 0).any(axis=0))
    return float(fair_crps(members[:, where], truth[where]).sum(dtype="float64"))
