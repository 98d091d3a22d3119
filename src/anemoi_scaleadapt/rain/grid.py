"""Grids of files: which axis is which, rows from the north, columns from the west, whatever the file has.

Coordinates decide. Latitude and longitude come first, whether they are one-dimensional, two-dimensional or computed
from a projection; then the file's projected axes; names of axes are only asked where there are no coordinates.
"""

from dataclasses import dataclass, field

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError

#: Cosine of an axis with north or east from which on latitude or longitude says where it points.
CLEAR = 0.3

Order = slice | np.ndarray


@dataclass(frozen=True)
class Grid:
    """A grid and how the fields of a file are brought onto it.

    Parameters
    ----------
    shape : tuple of int
        (y, x).
    latitude, longitude : ndarray or None, shape (y, x)
        Degrees of the cells' centres, from the north and from the west; longitudes do not jump. Read only.
    y, x : ndarray or None, shape (y,) and (x,)
        Metres of the projection.
    crs : str or None
        The projection as WKT.
    transposed : bool
        Whether the file has x before y.
    rows, columns : slice or ndarray of int
        Order of the file's rows and columns.
    """

    shape: tuple[int, int]
    latitude: np.ndarray | None = None
    longitude: np.ndarray | None = None
    y: np.ndarray | None = None
    x: np.ndarray | None = None
    crs: str | None = None
    transposed: bool = False
    rows: Order = field(default_factory=lambda: slice(None))
    columns: Order = field(default_factory=lambda: slice(None))

    def order(self, values: np.ndarray) -> np.ndarray:
        """Fields (.., y, x) from those of the file (.., first axis, second axis)."""
        values = values.swapaxes(-1, -2) if self.transposed else values
        return values[..., self.rows, :][..., self.columns]


def arrange(
    shape: tuple[int, int],
    where: str,
    latitude: np.ndarray | None = None,
    longitude: np.ndarray | None = None,
    along: tuple[np.ndarray | None, np.ndarray | None] = (None, None),
    names: str | None = None,
    crs: str | None = None,
    metres: bool = True,
) -> Grid:
    """Find out how the file lies.

    Parameters
    ----------
    shape : tuple of int
        Of the file's two axes, in their order.
    where : str
        File, for messages.
    latitude, longitude : ndarray, optional
        Of that shape, degrees.
    along : tuple
        Coordinates along the first and along the second axis: metres or degrees of a projection.
    names : {"yx", "xy"}, optional
        What the names of the axes say.
    crs : str, optional
        The projection as WKT.
    metres : bool
        Whether `along` is in metres, and kept.

    Raises
    ------
    ScaleAdaptError
        If nothing says which axis is which, or latitudes or longitudes go to and fro.
    """
    if latitude is None or longitude is None:
        latitude = longitude = None
    transposed = _transposed(latitude, longitude, names)
    if transposed is None:
        raise ScaleAdaptError(
            f"{where}: which of its axes runs from south to north? Give it coordinates, or name them y and x."
        )
    if transposed:
        shape, along = shape[::-1], along[::-1]
        latitude = None if latitude is None else latitude.T
        longitude = None if longitude is None else longitude.T
    y, x = along
    if latitude is not None and longitude is not None and _separable(latitude, longitude):
        rows = _down(latitude[:, 0], where)
        columns, lon = _eastward(longitude[0])
        latitude, longitude = np.broadcast_arrays(latitude[rows, :1], lon[None])
    else:
        rows = slice(None, None, -1) if _points(latitude, longitude, 0, y) > 0 else slice(None)
        columns = slice(None, None, -1) if _points(latitude, longitude, 1, x) < 0 else slice(None)
        if latitude is not None and longitude is not None:
            latitude, longitude = latitude[rows, columns], _unwrapped(longitude[rows, columns])
    y, x = None if y is None else y[rows], None if x is None else x[columns]
    shape = (len(np.arange(shape[0])[rows]), len(np.arange(shape[1])[columns]))
    y, x = (y, x) if metres and y is not None and x is not None else (None, None)
    return Grid(shape, latitude, longitude, y, x, crs, transposed, rows, columns)


def _wrapped(degrees: np.ndarray) -> np.ndarray:
    return (degrees + 180.0) % 360.0 - 180.0


def _directions(latitude: np.ndarray, longitude: np.ndarray, axis: int) -> tuple[float, float]:
    """Mean cosine of an axis with north and with east, where it goes."""
    thin = tuple(slice(None, None, max(1, n // 40)) for n in latitude.shape)
    lat, lon = np.radians(latitude[thin]), longitude[thin]
    north = np.diff(lat, axis=axis)
    middle = np.take(lat, range(lat.shape[axis] - 1), axis=axis)
    east = np.radians(_wrapped(np.diff(lon, axis=axis))) * np.cos(middle)
    length = np.hypot(north, east)
    with np.errstate(invalid="ignore", divide="ignore"):
        pair = north / length, east / length
    known = [a[np.isfinite(a)] for a in pair]
    return (float(known[0].mean()), float(known[1].mean())) if known[0].size else (0.0, 0.0)


def _transposed(latitude: np.ndarray | None, longitude: np.ndarray | None, names: str | None) -> bool | None:
    """Whether the first axis is x; None if nothing tells."""
    if latitude is not None and longitude is not None and min(latitude.shape) > 1:
        first, second = (_directions(latitude, longitude, axis) for axis in (0, 1))
        straight, turned = abs(first[0]) + abs(second[1]), abs(first[1]) + abs(second[0])
        if abs(straight - turned) > CLEAR or (names is None and straight != turned):
            return turned > straight
    return None if names is None else names == "xy"


def _separable(latitude: np.ndarray, longitude: np.ndarray) -> bool:
    """Whether latitude is the same along rows and longitude along columns."""
    if latitude.strides[1] == 0 and longitude.strides[0] == 0:
        return True
    same = np.allclose(latitude, latitude[:, :1], rtol=0, atol=1e-6)
    return bool(same and np.allclose(longitude, longitude[:1], rtol=0, atol=1e-6))


def _down(latitude: np.ndarray, where: str) -> Order:
    """Order of rows from the north."""
    steps = np.diff(latitude)
    if (steps < 0).all():
        return slice(None)
    if (steps > 0).all():
        return slice(None, None, -1)
    raise ScaleAdaptError(f"{where}: its latitudes neither ascend nor descend.")


def _eastward(longitude: np.ndarray) -> tuple[Order, np.ndarray]:
    """Order of columns from the west, and their longitudes without a jump.

    The west is after the widest gap; of a whole circle it is -180. A column that comes twice (0 and 360) is left out.
    """
    around = np.mod(longitude, 360.0)
    order = np.argsort(around, kind="stable")
    gaps = np.diff(around[order], append=around[order[0]] + 360.0)
    typical = float(np.median(gaps[:-1])) if len(gaps) > 1 else 360.0
    once = gaps > 1e-4 * typical if len(gaps) > 2 else np.ones(len(gaps), bool)
    once = np.roll(once, 1)
    order = order[once]
    gaps = np.diff(around[order], append=around[order[0]] + 360.0)
    widest = int(np.argmax(gaps))
    whole = len(gaps) > 1 and gaps[widest] < 1.5 * typical
    first = int(np.argmin(_wrapped(around[order]))) if whole else (widest + 1) % len(order)
    order = np.roll(order, -first)
    west = around[order[0]]
    out = west + np.mod(around[order] - west, 360.0)
    out -= 360.0 * np.round((out[0] + out[-1]) / 2 / 360.0)
    if (order == np.arange(len(longitude))[: len(order)]).all() and len(order) == len(longitude):
        return slice(None), out
    if len(order) == len(longitude) and (order == np.arange(len(longitude))[::-1]).all():
        return slice(None, None, -1), out
    return order, out


def _points(latitude: np.ndarray | None, longitude: np.ndarray | None, axis: int, along: np.ndarray | None) -> float:
    """Positive where the axis points north (rows) or east (columns) as it goes, negative the other way, else 0."""
    if latitude is not None and longitude is not None and latitude.shape[axis] > 1:
        cosine = _directions(latitude, longitude, axis)[axis]
        if abs(cosine) > CLEAR or along is None:
            return cosine
    return float(along[-1] - along[0]) if along is not None and len(along) > 1 else 0.0


def _unwrapped(longitude: np.ndarray) -> np.ndarray:
    """Longitudes round their middle, which lies between -180 and 180."""
    angles = np.radians(longitude[:: max(1, longitude.shape[0] // 100), :: max(1, longitude.shape[1] // 100)])
    middle = np.degrees(np.arctan2(np.nanmean(np.sin(angles)), np.nanmean(np.cos(angles))))
    return middle + _wrapped(longitude - middle)
