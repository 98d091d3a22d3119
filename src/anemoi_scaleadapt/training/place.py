"""Whether coarse cells lie on their blocks of fine pixels: compared on the sphere, in km."""

import numpy as np

from anemoi_scaleadapt.datasets.coarsen import block_positions
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.training.opened import Opened

EARTH_KM = 6371.0
TURNS = {
    "when its rows are turned upside down": (slice(None, None, -1), slice(None)),
    "when its columns are mirrored": (slice(None), slice(None, None, -1)),
    "when turned by 180 degrees": (slice(None, None, -1), slice(None, None, -1)),
}


def apart(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Distances in km between positions (latitudes, longitudes in degrees) of one shape; any range of longitudes."""
    (lat, lon), (lat2, lon2) = ((np.deg2rad(a), np.deg2rad(b)) for a, b in (one, other))
    half = np.sin((lat2 - lat) / 2) ** 2 + np.cos(lat) * np.cos(lat2) * np.sin((lon2 - lon) / 2) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1)))


def pixel_km(coordinates: tuple[np.ndarray, np.ndarray]) -> float:
    """Median distance in km between neighbours in a grid (y, x)."""
    steps = []
    for axis in (0, 1):
        first, second = ([np.delete(a, end, axis) for a in coordinates] for end in (-1, 0))
        steps.append(apart((first[0], first[1]), (second[0], second[1])).ravel())
    return float(np.median(np.concatenate(steps)))


def box(coordinates: tuple[np.ndarray, np.ndarray]) -> str:
    """The box round positions, as text: south to north, west to east, also across the date line."""
    latitudes, longitudes = coordinates
    middle = float(longitudes.flat[0])
    east = (longitudes - middle + 180) % 360 - 180 + middle
    return f"{latitudes.min():.3f} to {latitudes.max():.3f} N, {east.min():.3f} to {east.max():.3f} E"


def check_place(lr: Opened, hr: Opened, space: int) -> None:
    """Refuse a coarse grid whose cells do not lie in the middle of their s x s pixels.

    A tenth of a pixel is allowed, and what lies between a mean on the sphere and a mean of degrees.

    Parameters
    ----------
    lr, hr : Opened
        Coarse and fine dataset.
    space : int
        Fine pixels on a side of a coarse cell, s.

    Raises
    ------
    ScaleAdaptError
        With the distance and both boxes, and the turn that would bring them together if there is one.
    """
    coarse, fine = lr.shape, hr.shape
    if fine != tuple(space * n for n in coarse):
        raise ScaleAdaptError(
            f"{hr.where} is {fine[0]} x {fine[1]} and {lr.where} is {coarse[0]} x {coarse[1]}; with scale.space = "
            f"{space} the fine grid must be {space * coarse[0]} x {space * coarse[1]}. Set scale.space to the factor "
            "between the datasets, or coarsen the fine one by it."
        )
    blocks = tuple(a.reshape(coarse) for a in block_positions(*hr.coordinates, space))
    middle = (blocks[0], blocks[1])
    pixel = pixel_km(hr.coordinates) if max(fine) > 1 else np.inf
    allowed = 0.1 * pixel + (space * pixel) ** 2 / (8 * EARTH_KM)
    worst = float(apart(middle, lr.coordinates).max())
    if worst <= allowed:
        return
    latitudes, longitudes = lr.coordinates
    turned = (
        words for words, turn in TURNS.items() if apart(middle, (latitudes[turn], longitudes[turn])).max() <= allowed
    )
    cause = next((f"The coarse grid fits {words}: b" for words in turned), "B")
    raise ScaleAdaptError(
        f"{lr.where} and {hr.where} do not cover the same area: coarse cells lie up to {worst:.3g} km from the middle "
        f"of their {space} x {space} pixels ({box(lr.coordinates)} against {box(middle)}). {cause}uild both from the "
        "same rain with the recipes of `anemoi-scaleadapt datasets`."
    )
