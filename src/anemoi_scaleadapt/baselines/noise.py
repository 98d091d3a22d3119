"""Gaussian noise that moves with the rain and forgets, small scales sooner than large ones.

Each Fourier mode is an AR(1) process with a memory of its own, which is STEPS' cascade (Bowler et al. 2006, doi
10.1256/qj.04.100) with as many levels as there are wavelengths. Between hours the field is carried along by whole
pixels, round the edges of the domain, so that its variance stays what it is.
"""

import numpy as np
from scipy.fft import irfft2, rfft2

from anemoi_scaleadapt.baselines.settings import NoiseSettings

#: wavelength that has the memory of the settings, pixels
REFERENCE = 10.0


class MovingNoise:
    """Noise of unit variance, (member, y, x), hour after hour; a member is the same whatever their number.

    Parameters
    ----------
    shape : tuple of int
        (y, x).
    members, seed : int
        How many; the same seed gives the same noise at the same hour after the same start.
    settings : NoiseSettings
        Spectrum and memory.
    """

    def __init__(self, shape: tuple[int, int], members: int, settings: NoiseSettings, seed: int) -> None:
        """Prepare amplitude and memory of every mode."""
        self.shape, self.members, self.seed = shape, members, seed % 2**32
        frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1]))
        wavelength = 1 / np.where(frequency > 0, frequency, 1 / max(shape))
        amplitude = np.where((frequency > 0) | (max(shape) == 1), wavelength ** (settings.slope / 2), 0)
        self.amplitude = amplitude / np.sqrt(irfft2(amplitude**2, shape)[0, 0])
        hours = settings.memory * (wavelength / REFERENCE) ** settings.growth
        self.keep = np.exp(-1 / np.maximum(hours, 1e-3))
        self.field: np.ndarray | None = None

    def restart(self) -> None:
        """Forget what was."""
        self.field = None

    def hour(self, time: np.datetime64, places: np.ndarray) -> np.ndarray:
        """Return the noise (member, y, x) of the hour that ends at ``time``.

        Parameters
        ----------
        time : datetime64
            End of the hour.
        places : ndarray, shape (2, y, x)
            Rows and columns where each pixel's rain was an hour ago, as :mod:`anemoi_scaleadapt.motion.advection` has
            them.
        """
        field = rfft2(self._white(time)) * self.amplitude
        if self.field is not None:
            rows, columns = np.rint(places).astype(int)
            carried = self.field[:, rows % self.shape[0], columns % self.shape[1]]
            field = self.keep * rfft2(carried) + np.sqrt(1 - self.keep**2) * field
        self.field = irfft2(field, self.shape)
        return self.field

    def _white(self, time: np.datetime64) -> np.ndarray:
        hour = int(time.astype("datetime64[s]").astype(int) // 3600) % 2**32
        draws = (np.random.default_rng([self.seed, member, hour]) for member in range(self.members))
        return np.stack([draw.standard_normal(self.shape) for draw in draws])
