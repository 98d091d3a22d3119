"""From beta to noise levels, and the preconditioning of the residual network.

The paper trains v-prediction on a linear DDPM schedule, R_n = sqrt(abar_n) R + sqrt(1 - abar_n) eps, with
beta_n from 1e-4 to beta in T = 1000 steps. Divide by sqrt(abar_n): the network sees R + sigma_n eps with
sigma_n = sqrt((1 - abar_n) / abar_n). For a residual of unit variance its v is, up to sign, the network output of
Karras et al. (2022) with sigma_data = 1. So beta fixes which noise levels are trained, and nothing else.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from anemoi_scaleadapt.scale.settings import BETA_MIN, STEPS


def betas(beta: float, steps: int = STEPS) -> Float[Tensor, " {steps}"]:
    """Variances of the linear DDPM schedule, float64, shape (steps,).

    Parameters
    ----------
    beta : float
        Their end value, the paper's beta.
    steps : int
        Number of levels, T in the paper.
    """
    return torch.linspace(BETA_MIN, beta, steps, dtype=torch.float64)


def noise_levels(beta: float, steps: int = STEPS) -> Float[Tensor, " {steps}"]:
    """Noise levels sigma_n = sqrt((1 - abar_n) / abar_n), ascending, float64, shape (steps,).

    Examples
    --------
    >>> round(float(noise_levels(0.020)[-1]))
    157
    """
    kept = torch.cumprod(1 - betas(beta, steps), dim=0)
    return torch.sqrt((1 - kept) / kept)


def even_places(n: int, device: torch.device, generator: torch.Generator | None = None) -> Float[Tensor, " {n}"]:
    """Random numbers in [0, 1), (n,), one in each n-th of the range, shuffled: steadier than independent ones."""
    shift = torch.rand(1, device=device, generator=generator)
    return ((torch.arange(n, device=device) + shift) / n)[torch.randperm(n, device=device, generator=generator)]


def draw_levels(levels: Float[Tensor, " k"], n: int, generator: torch.Generator | None = None) -> Float[Tensor, " {n}"]:
    """Noise levels for a batch of `n`: each one of the schedule's `levels`, equally likely, as the paper trains."""
    index = (even_places(n, levels.device, generator) * len(levels)).long()
    return levels[index.clamp(max=len(levels) - 1)]


def condition_noise(x: Float[Tensor, "*s"], sigma: Float[Tensor, "..."]) -> Float[Tensor, "*s"]:
    """Scale a noisy residual R + sigma n to unit variance (c_in of Karras et al., table 1, sigma_data = 1)."""
    return x / torch.sqrt(1 + sigma.square())


def denoised(x: Float[Tensor, "*s"], sigma: Float[Tensor, "..."], output: Float[Tensor, "*s"]) -> Float[Tensor, "*s"]:
    """Denoised residual D = c_skip x + c_out F (Karras et al., table 1, sigma_data = 1).

    Parameters
    ----------
    x : Tensor
        Noisy residual R + sigma n.
    sigma : Tensor
        Noise level, broadcastable to `x`.
    output : Tensor
        Network output F.
    """
    return x / (1 + sigma.square()) + output * sigma / torch.sqrt(1 + sigma.square())


def target(
    residual: Float[Tensor, "*s"], noise: Float[Tensor, "*s"], sigma: Float[Tensor, "..."]
) -> Float[Tensor, "*s"]:
    """What F must be: (sigma R - n) / sqrt(1 + sigma^2), the paper's v with the opposite sign."""
    return (sigma * residual - noise) / torch.sqrt(1 + sigma.square())
