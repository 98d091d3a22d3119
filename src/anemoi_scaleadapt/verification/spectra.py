"""Power spectra in space, by rings of wavenumbers, and in time, of twelve hours in a row.

Own code in space because pysteps' ``rapsd`` goes through the field once for each ring: a sixtieth of its time for
400 x 500 pixels (``benchmarks/verification_libraries.py``); the tests hold both to be equal.
"""

import numpy as np
from scipy.fft import rfft2

from anemoi_scaleadapt.verification.settings import Scores, Settings, Sums, ratio
from anemoi_scaleadapt.verification.window import Forecast, Window

#: below this wavelength the power counts as small-scale, km
HIGH_KM = 8.0
#: at this period and below the power counts as fast, hours
FAST_HOURS = 4.0


def wavenumbers(shape: tuple[int, int]) -> np.ndarray:
    """Ring of each mode of :func:`scipy.fft.rfft2`, in cycles per the longer side, rounded."""
    longest = max(shape)
    ky, kx = np.fft.fftfreq(shape[0]) * longest, np.fft.rfftfreq(shape[1]) * longest
    return np.round(np.hypot(ky[:, None], kx[None, :])).astype(int)


def spectrum(fields: np.ndarray) -> np.ndarray:
    """Sum over fields (n, y, x) of the power in each ring, (max(y, x) // 2 + 1,), per pixel."""
    ny, nx = fields.shape[-2:]
    power = np.zeros((ny, nx // 2 + 1))
    for field in fields:
        modes = rfft2(field)
        power += modes.real**2 + modes.imag**2
    power[:, 1 : (nx + 1) // 2] *= 2  # their conjugates are left out
    rings = max(ny, nx) // 2 + 1
    return np.bincount(wavenumbers((ny, nx)).ravel(), power.ravel(), rings)[:rings] / (ny * nx)


def spectrum_in_time(blocks: np.ndarray) -> np.ndarray:
    """Power of series (..., hour, point) by frequency, means over what comes before the hours, sums over points."""
    from scipy.signal import periodogram

    power = periodogram(blocks, window="hann", detrend="constant", axis=-2)[1].sum(axis=-1, dtype="float64")
    return power.reshape(-1, power.shape[-1]).mean(axis=0)


def tally(forecast: Forecast, settings: Settings) -> Sums:
    """Power of system (mean over members) and truth, in space by ring, in time by frequency."""
    window, rain = forecast.window, forecast.filled
    out = {
        "power": spectrum(rain.reshape(-1, *rain.shape[-2:])) / len(rain),
        "power_truth": window.once(_of_truth),
    }
    in_time = np.zeros((2, settings.block // 2 + 1))
    for members, truth in zip(forecast.blocks, window.blocks, strict=True):
        known = ~np.isnan(truth).any(axis=0)
        if known.any():
            in_time += spectrum_in_time(members[..., known]), spectrum_in_time(truth[..., known])
    return out | {"power_time": in_time[0], "power_time_truth": in_time[1]}


def _of_truth(window: Window) -> np.ndarray:
    """Power of the truth."""
    return spectrum(window.truth)


def wavelengths(settings: Settings) -> np.ndarray:
    """Wavelength of each ring, km; infinite for the mean."""
    longest = max(settings.shape)
    with np.errstate(divide="ignore"):
        return longest * settings.pixel_km / np.arange(longest // 2 + 1)


def periods(settings: Settings) -> np.ndarray:
    """Period of each frequency in time, hours; infinite for the mean."""
    with np.errstate(divide="ignore"):
        return settings.block / np.arange(settings.block // 2 + 1)


def score(sums: Sums, settings: Settings) -> Scores:
    """Ratios of power to the truth's: below 8 km as a whole and as mean over the rings, and within 4 hours."""
    high = wavelengths(settings) < HIGH_KM
    power, truth = sums["power"][..., high], sums["power_truth"][..., high]
    fast = periods(settings) <= FAST_HOURS
    in_time = (sums[key][..., fast].sum(axis=-1) for key in ("power_time", "power_time_truth"))
    rings = ratio(power, truth)
    return {
        "spectra_ratio_high": ratio(power.sum(axis=-1), truth.sum(axis=-1)),
        "spectra_ratio_high_mean": ratio(np.nansum(rings, axis=-1), np.isfinite(rings).sum(axis=-1)),
        "spectra_ratio_time": ratio(*in_time),
    }


def curves(sums: Sums, settings: Settings) -> dict:
    """Power of system and truth by wavelength in km, and by period in hours."""
    space = {"wavelength_km": wavelengths(settings)[1:], "power": sums["power"][1:], "truth": sums["power_truth"][1:]}
    time = {
        "period_hours": periods(settings)[1:],
        "power": sums["power_time"][1:],
        "truth": sums["power_time_truth"][1:],
    }
    return {"spectrum": space, "spectrum_time": time}
