"""A block of rows and columns, as recipes and filters give it."""

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError


def area_of(crop: dict[str, int]) -> tuple[slice, slice]:
    """Rows and columns of a crop ``{row, col, height, width}``, as slices."""
    row, col = crop["row"], crop["col"]
    return slice(row, row + crop["height"]), slice(col, col + crop["width"])


def crop_of_box(
    latitudes: np.ndarray, longitudes: np.ndarray, west: float, south: float, east: float, north: float
) -> dict[str, int]:
    """The smallest block of rows and columns that holds every pixel centre of a longitude-latitude box.

    Parameters
    ----------
    latitudes, longitudes
        Of the pixel centres, (y, x), degrees; of any range of longitudes.
    west, south, east, north
        The box, degrees.

    Returns
    -------
    dict
        ``{row, col, height, width}``.

    Raises
    ------
    ScaleAdaptError
        When the box is not one, or holds no pixel.
    """
    if not (west < east <= west + 360 and south < north):
        raise ScaleAdaptError(f"crop: west {west}, south {south}, east {east}, north {north} is not a box.")
    inside = ((longitudes - west) % 360 <= east - west) & (south <= latitudes) & (latitudes <= north)
    if not inside.any():
        raise ScaleAdaptError(
            f"crop: west {west}, south {south}, east {east}, north {north} holds no pixel of the grid, which lies in "
            f"{longitudes.min():.2f} .. {longitudes.max():.2f} E, {latitudes.min():.2f} .. {latitudes.max():.2f} N."
        )
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    row, col = int(rows[0]), int(columns[0])
    return {"row": row, "col": col, "height": int(rows[-1]) - row + 1, "width": int(columns[-1]) - col + 1}
