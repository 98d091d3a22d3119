"""What a config may say about the sampler."""

from dataclasses import dataclass

from anemoi_scaleadapt.scale.check import choice, integer, real
from anemoi_scaleadapt.settings import Settings, require

SAMPLERS = ("dpmpp_2m", "heun", "dpmpp_2m_sde", "ancestral")


@dataclass(frozen=True)
class SamplerSettings(Settings):
    """How members are drawn.

    Parameters
    ----------
    name : str
        ``dpmpp_2m_sde`` (default) draws fresh noise at every step; ``dpmpp_2m`` and ``heun``, from anemoi-models,
        follow the ODE; ``ancestral`` is the paper's own.
    steps : int
        Noise levels; either DPM++2M needs one network evaluation each.
    sigma_min, rho : float
        Smallest level and exponent of the Karras schedule.
    sigma_max : float, optional
        Largest level, the knob of the ensemble's spread; 0 stands for the largest level that beta trains, at most 80.
    conserve_below : float
        Noise level from which on denoised estimates keep the coarse totals, if conservation is inside the sampler.
    """

    name: str = "dpmpp_2m_sde"
    steps: int = 8
    sigma_min: float = 0.03
    sigma_max: float = 0.0
    rho: float = 7.0
    conserve_below: float = 1.0

    def check(self, where: str) -> None:
        """See the base class."""
        real(f"{where}.conserve_below", self.conserve_below, 0, 1e9, "a noise level", low_included=True)
        choice(f"{where}.name", self.name, SAMPLERS)
        integer(f"{where}.steps", self.steps, 1, 1000, "the number of noise levels")
        real(f"{where}.sigma_min", self.sigma_min, 0, 1, "the smallest noise level")
        good = self.sigma_max == 0 or self.sigma_max > self.sigma_min
        require(good, f"{where}.sigma_max", self.sigma_max, "must exceed sigma_min (or be null)")
