"""Places on the sphere, so that neither the date line nor a pole is special."""

import numpy as np

RADIUS_KM = 6371.0


def vectors(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """Places (.., 3) in km of degrees, longitudes in any convention."""
    lat, lon = np.radians(np.asarray(latitude, "float64")), np.radians(np.asarray(longitude, "float64"))
    return RADIUS_KM * np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def degrees(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes and longitudes (-180 .. 180) of places (.., 3), which need not lie on the sphere."""
    x, y, z = np.moveaxis(places, -1, 0)
    return np.rad2deg(np.arctan2(z, np.hypot(x, y))), np.rad2deg(np.arctan2(y, x))


def block_middles(places: np.ndarray, s: int) -> np.ndarray:
    """Middles on the sphere, (y / s, x / s, 3) in km, of blocks of s x s places (y, x, 3)."""
    y, x, _ = places.shape
    middles = places.reshape(y // s, s, x // s, s, 3).mean(axis=(1, 3))
    return np.asarray(middles * (RADIUS_KM / np.linalg.norm(middles, axis=-1, keepdims=True)))


def spacing(latitude: np.ndarray, longitude: np.ndarray) -> tuple[float, float]:
    """Median distance of neighbours along y and along x, km; NaN along an axis of one cell."""
    out = []
    for axis in (0, 1):
        thin = max(1, latitude.shape[1 - axis] // 64)
        pick = (slice(None), slice(None, None, thin)) if axis == 0 else (slice(None, None, thin), slice(None))
        steps = np.linalg.norm(np.diff(vectors(latitude[pick], longitude[pick]), axis=axis), axis=-1)
        out.append(float(np.nanmedian(steps)) if steps.size else np.nan)
    return out[0], out[1]
