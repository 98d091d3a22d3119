"""What is scored, and what the scores are made of."""

from dataclasses import dataclass

import numpy as np

#: what one window, day or period adds to a score, by name; those named ``max_`` are maxima, all others sums. Sums of
#: resampled periods have the resamples as leading axis
Sums = dict[str, np.ndarray]
#: values of scores by name, with the leading axis of the sums; NaN where a score is not defined
Scores = dict[str, np.ndarray]


@dataclass(frozen=True)
class Settings:
    """What is scored, and on which grid.

    Parameters
    ----------
    shape : tuple of int
        (y, x) of the fine grid.
    pixel_km : float
        Grid spacing, km: widths in km become pixels by it.
    wet : float
        Rain from which an hour and pixel is wet, mm h-1.
    fss_thresholds, fss_scales_km : tuple of float
        mm h-1; width of the square neighbourhood, km.
    tail_thresholds : tuple of float
        Thresholds of the threshold-weighted CRPS, mm h-1.
    reliability_thresholds : tuple of float
        mm h-1.
    mean_scales_km : tuple of float
        Widths of the squares whose mean rain is scored, km.
    maximum_km : float
        Width of the squares whose largest rain is scored, km.
    variogram_km : tuple of float
        Distances of the pairs of pixels of the variogram score, km.
    lags : int
        Lags of the autocorrelation, hours.
    block : int
        Hours in a row of which the spectrum in time is taken.
    """

    shape: tuple[int, int]
    pixel_km: float = 1.0
    wet: float = 0.1
    fss_thresholds: tuple[float, ...] = (0.1, 1.0, 5.0)
    fss_scales_km: tuple[float, ...] = (1.0, 5.0, 10.0, 25.0, 50.0)
    tail_thresholds: tuple[float, ...] = (1.0, 5.0)
    reliability_thresholds: tuple[float, ...] = (0.1, 1.0, 5.0)
    mean_scales_km: tuple[float, ...] = (5.0, 10.0, 25.0)
    maximum_km: float = 10.0
    variogram_km: tuple[float, ...] = (2.0, 10.0)
    lags: int = 3
    block: int = 12

    def pixels(self, km: float) -> int:
        """Nearest number of pixels to a width; 0 where that is narrower than half a pixel: nothing is scored there."""
        return round(km / self.pixel_km)


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide; NaN where the denominator is zero or one of both is not finite."""
    with np.errstate(divide="ignore", invalid="ignore"):
        out = np.asarray(numerator, "float64") / np.asarray(denominator, "float64")
    return np.where(np.isfinite(out), out, np.nan)
