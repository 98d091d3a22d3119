"""What the proposals are read from: correlations in time and space, the wet distribution, the residual's spectrum.

All of it in the square root of the rain, the space the networks work in, unless said otherwise.
"""

import numpy as np


def _share(products: float, count: int, variance: float) -> float:
    return products / count / variance if count and variance > 0 else np.nan


def temporal_correlation(stretches: list[np.ndarray], most: int) -> np.ndarray:
    """Autocorrelation of the coarse rain at 0, 1 .. `most` frames; NaN where no pair of frames is so far apart.

    Parameters
    ----------
    stretches
        (frames, Y, X) in mm h-1 each; NaN values take no part.
    """
    roots = [np.sqrt(np.clip(s, 0, None)) for s in stretches]
    values = np.concatenate([r[np.isfinite(r)] for r in roots])
    mean, variance = values.mean(dtype="f8"), values.var(dtype="f8")
    out = []
    for lag in range(most + 1):
        products = [(r[lag:] - mean) * (r[: len(r) - lag] - mean) for r in roots if len(r) > lag]
        count = sum(int(np.isfinite(p).sum()) for p in products)
        out.append(_share(sum(float(np.nansum(p, dtype="f8")) for p in products), count, variance))
    return np.array(out)


def spatial_correlation(fine: np.ndarray) -> np.ndarray:
    """Autocorrelation at 0, 1, .. cells along x and y together, up to three quarters of the edge.

    Parameters
    ----------
    fine
        (n, t, y, x), mm h-1.
    """
    root = np.sqrt(fine) - np.sqrt(fine).mean(dtype="f8")
    variance, out = root.var(dtype="f8"), []
    for lag in range(min(fine.shape[-2:]) * 3 // 4 + 1):
        along_y = root[..., lag:, :] * root[..., : root.shape[-2] - lag, :]
        along_x = root[..., lag:] * root[..., : root.shape[-1] - lag]
        total = along_y.sum(dtype="f8") + along_x.sum(dtype="f8")
        out.append(_share(float(total), along_y.size + along_x.size, variance))
    return np.array(out)


def amount_below(fine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rates (mm h-1, increasing) and the share of all rain that falls at or below each."""
    rates, counts = np.unique(fine[fine > 0], return_counts=True)
    amount = np.cumsum(rates.astype("f8") * counts)
    return rates, amount / amount[-1]


def conditional_mean(residual: np.ndarray, predictor: np.ndarray, bins: int = 20) -> np.ndarray:
    """Return the mean of the residual given the predictor (in bins of equal number), for every hour.

    Parameters
    ----------
    residual
        (n, t, y, x).
    predictor
        (n, 1, y, x), the same for all hours of a window.
    """
    edges = np.unique(np.quantile(predictor, np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, predictor[:, 0])
    count = np.maximum(np.bincount(place.ravel(), minlength=bins), 1)
    out = np.empty_like(residual)
    for hour in range(residual.shape[1]):
        total = np.bincount(place.ravel(), residual[:, hour].ravel(), minlength=bins)
        out[:, hour] = (total / count)[place]
    return out


def residual_spectrum(fine: np.ndarray, space: int) -> tuple[np.ndarray, np.ndarray]:
    """Power of the standardised residual of the bicubic interpolation, per window and Fourier mode.

    The residual sqrt(P) - bicubic(sqrt(LR)) loses its mean given the bicubic value (which any mean network
    learns first) and is divided by its root mean square of every hour of the window; the transform over
    (t, y, x) is orthonormal, so that white noise of unit variance has power 1 in every mode. The square root
    m of the largest mean power tells how strong the noise must be to hide the residual's largest pattern:
    started at the noise level sigma_max, an exact sampler gives a Gaussian mode the share
    1 / sqrt(1 + (m / sigma_max)^2) of its spread.

    Returns
    -------
    tuple of ndarray
        Mean power over all windows, and over the wettest tenth of them; (t, y, x).
    """
    import torch
    import torch.nn.functional as F

    n, t, ny, nx = fine.shape
    lr = fine.mean(axis=1).reshape(n, ny // space, space, nx // space, space).mean(axis=(2, 4))
    root = torch.from_numpy(np.sqrt(lr))[:, None]
    guess = F.interpolate(root, size=(ny, nx), mode="bicubic", align_corners=False).numpy()
    residual = np.sqrt(fine) - guess
    residual = residual - conditional_mean(residual, guess)
    size = np.sqrt((residual**2).mean(axis=(0, 2, 3), keepdims=True, dtype="f8"))
    residual = residual / np.where(size > 0, size, 1)
    wettest = set(np.argsort(fine.mean(axis=(1, 2, 3)))[-max(1, n // 10) :].tolist())
    total, wet = np.zeros((t, ny, nx)), np.zeros((t, ny, nx))
    for i in range(n):
        power = np.abs(np.fft.fftn(residual[i], norm="ortho")) ** 2
        total += power
        if i in wettest:
            wet += power
    return total / n, wet / len(wettest)
