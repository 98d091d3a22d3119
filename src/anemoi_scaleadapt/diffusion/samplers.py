"""Drawing a residual: deterministic samplers from anemoi-models, a stochastic one, and the paper's ancestral one."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from anemoi_scaleadapt.diffusion import schedule
from anemoi_scaleadapt.diffusion.settings import SamplerSettings

#: noise level down to which noise takes its factor: below it single pixels are decided, and noise only roughens
COARSE = 2.0
#: (state (n, t, m, y, x), noise level ()) -> denoised state
Denoise = Callable[[Tensor, Tensor], Tensor]


def draw(denoise: Denoise, noise: Callable[[int], Tensor], settings: SamplerSettings, beta: float) -> Tensor:
    """Draw residuals.

    Parameters
    ----------
    denoise : callable
        Denoised state from a state (n, t, m, y, x) and its noise level.
    noise : callable
        ``noise(k)`` is the k-th draw of standard normal noise, shaped as the state.
    settings : SamplerSettings
        Which sampler, how many levels, sigma_max (the ancestral sampler starts from the schedule's end instead).
    beta : float
        End value of the paper's schedule, for the ancestral sampler.

    Returns
    -------
    Tensor
        Standardised residuals, shaped as the state.
    """
    if settings.name == "ancestral":
        return ancestral(denoise, noise, beta)
    from anemoi.models.samplers.transport_samplers import DIFFUSION_SAMPLERS
    from anemoi.models.transport.schedules import SIGMA_SCHEDULES

    karras = SIGMA_SCHEDULES["karras"](
        sigma_max=settings.sigma_max, sigma_min=settings.sigma_min, num_steps=settings.steps, rho=settings.rho
    )
    start = noise(0)
    dtype = torch.promote_types(start.dtype, torch.float32)
    sigmas = karras.get_schedule(start.device, torch.float64).to(dtype)
    if settings.name == "dpmpp_2m_sde":
        return dpmpp_2m_sde(
            denoise, start, noise, sigmas, settings.noise_factor or 1.0, 1.0 if settings.eta is None else settings.eta
        )
    sampler = DIFFUSION_SAMPLERS[settings.name](dtype=dtype)

    def denoising(_x: dict, y: dict, sigma: dict, *_: object, **__: object) -> dict:
        return {"residual": denoise(y["residual"], sigma["residual"].flatten()[0])}

    begin = {"residual": start * sigmas[0]}
    return sampler.sample({"residual": start}, begin, sigmas, denoising)["residual"]


def dpmpp_2m_sde(
    denoise: Denoise,
    start: Float[Tensor, "*s"],
    noise: Callable[[int], Tensor],
    sigmas: Float[Tensor, " k"],
    noise_factor: float = 1.0,
    eta: float = 1.0,
) -> Float[Tensor, "*s"]:
    """DPM-Solver++ (2M) between the reverse SDE and its ODE: as DPM++2M, with some fresh noise at every step.

    For estimates that do not change it takes exact steps of the diffusion's posterior, from level a to b mean
    ``D + (b / a)^(1 + eta) (x - D)`` and variance ``b^2 (1 - (b / a)^(2 eta))``; D is extrapolated from the last two.

    Parameters
    ----------
    start : Tensor
        ``noise(0)``; the further draws are asked for one by one.
    sigmas : Tensor
        Noise levels, (steps + 1,), falling, the last one 0.
    noise_factor : float
        Times the noise that the network is told is in a state, at levels of at least COARSE; 1 for the exact process.
        More makes members differ more (S_noise and S_tmin of Karras et al. 2022 do so for their stochastic sampler).
    eta : float
        How much of a state is drawn again: 1 is the reverse SDE, 0 the ODE, DPM++2M. Every one is exact for a perfect
        network. What an imperfect one got wrong before is drawn again with eta 1; but its estimates are too smooth, and
        what is drawn again loses variance again.

    References
    ----------
    Lu et al. 2022, arXiv 2211.01095, DPM-Solver++(2M) and SDE-DPM-Solver++(2M); eta as in Song et al. 2021, arXiv
    2010.02502.
    """
    levels, before, last = sigmas.tolist(), None, math.inf
    factors = [noise_factor if level >= COARSE else 1.0 for level in levels]
    x = start * (factors[0] * sigmas[0])
    for k in range(len(levels) - 2):
        clean = denoise(x, sigmas[k])
        step, ratio = math.log(levels[k] / levels[k + 1]), levels[k + 1] / levels[k]
        ahead = clean if before is None else clean + step / (2 * last) * (clean - before)
        kept = ratio ** (1 + eta) * factors[k + 1] / factors[k]
        x = ahead + kept * (x - ahead)
        if fresh := factors[k + 1] * levels[k + 1] * math.sqrt(1 - ratio ** (2 * eta)):
            x = x + fresh * noise(k + 1)
        before, last = clean, step
    return denoise(x, sigmas[-2])


def ancestral(denoise: Denoise, noise: Callable[[int], Tensor], beta: float) -> Tensor:
    """The paper's sampler: T = 1000 ancestral steps of the linear schedule.

    Written for the state divided by sqrt(abar_n), whose noise level is sigma_n. From level n to n - 1 the mean
    is ``D + (sigma_{n-1} / sigma_n)^2 (x - D)`` and the variance is the paper's beta_n in these units,
    ``(1 - beta_n) (sigma_n^2 - sigma_{n-1}^2)``; the last step adds no noise.

    References
    ----------
    Ho et al. 2020, arXiv 2006.11239, algorithm 2, with variance beta_n.
    """
    levels, variances = schedule.noise_levels(beta), schedule.betas(beta)
    start = noise(0)
    x = start * levels[-1].to(start)
    for n in reversed(range(len(levels))):
        sigma = levels[n].to(x)
        clean = denoise(x, sigma)
        if n == 0:
            return clean
        before = levels[n - 1].to(x)
        spread = torch.sqrt((1 - variances[n]).to(x) * (sigma**2 - before**2))
        x = clean + (before / sigma) ** 2 * (x - clean) + spread * noise(len(levels) - n)
    return x
