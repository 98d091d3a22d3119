"""Settings of the noise: what they mean, the usual ones of a factor pair, and a file that holds fitted ones."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.files import write_text
from anemoi_scaleadapt.settings import Settings

#: the baselines with noise whose settings can be fitted
Fitted = Literal["rainfarm_ar1", "steps"]


class NoiseSettings(Settings):
    """What smooth rain is multiplied with: ``max(exp(spread z) - dry, 0)``, z being moving noise of unit variance."""

    slope: Annotated[float, Field(ge=0, le=6)] = 3.0
    """the power of z falls as (radial wavenumber) ** -slope"""
    spread: Annotated[float, Field(ge=0, le=4)] = 1.0
    """standard deviation of the logarithm of the factor"""
    memory: Annotated[float, Field(ge=0, le=100)] = 1.5
    """hours after which the correlation along the motion is 1/e at a wavelength of 10 pixels; 0: independent hours"""
    growth: Annotated[float, Field(ge=0, le=2)] = 0.0
    """the memory grows as (wavelength) ** growth"""
    dry: Annotated[float, Field(ge=0, le=2)] = 0.0
    """what is taken off the factor: 0 leaves no dry pixel in a wet cell"""
    local: Annotated[float, Field(ge=0, le=2)] = 0.0
    """the spread follows (local variability of the coarse rain) ** local; 0: the same spread everywhere"""


class FittedNoise(Settings):
    """Settings that were fitted to fine rain, as a file holds them."""

    space_factor: Annotated[int, Field(ge=1)]
    """s of the pair that they were fitted for"""
    time_factor: Annotated[int, Field(ge=1)]
    """t of the pair"""
    first: str
    """end of the first hour of the rain they were fitted to, UTC"""
    last: str
    """end of its last hour"""
    rainfarm_ar1: NoiseSettings
    """noise of rainfarm_ar1"""
    steps: NoiseSettings
    """noise of steps"""

    @classmethod
    def read(cls, path: Path, option: str = "--noise") -> Self:
        """Read a file of :meth:`write`.

        Raises
        ------
        ScaleAdaptError
            If it is not there, is no JSON or holds a setting that does not exist or is out of range.
        """
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ScaleAdaptError(f"{option} {path} cannot be read as JSON: {error}") from error
        settings = cls.from_config(found, str(path))
        for key in ("first", "last"):
            try:
                datetime.fromisoformat(getattr(settings, key))
            except ValueError:
                raise ScaleAdaptError(f"{path}.{key} is not a date such as 2019-06-01T01:00.") from None
        return settings

    def write(self, path: Path) -> None:
        """Write as JSON."""
        write_text(path, json.dumps(self.as_dict(), indent=1) + "\n")
