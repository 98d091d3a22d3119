"""Samplers against an independent formula and a problem with a known answer."""

import itertools
import math

import pytest
import torch

from anemoi_scaleadapt.diffusion.samplers import COARSE, ancestral, draw
from anemoi_scaleadapt.diffusion.settings import SamplerSettings

SPREAD = 0.7


def gaussian(x, sigma):
    """Perfect denoiser of N(0, SPREAD^2)."""
    return x * SPREAD**2 / (SPREAD**2 + sigma**2)


def noise(shape):
    return lambda k: torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(k))


def karras(steps, low, high, rho):
    ramp = [(high ** (1 / rho) + i / (steps - 1) * (low ** (1 / rho) - high ** (1 / rho))) ** rho for i in range(steps)]
    return [*ramp, 0.0]


def test_dpmpp_2m_against_the_formula_of_the_paper():
    # Lu et al. 2022 (arXiv 2211.01095), algorithm 2, data prediction, in lambda = -ln sigma
    settings = SamplerSettings(name="dpmpp_2m", steps=6, sigma_min=0.05, sigma_max=10.0, rho=7.0)
    shape = (1, 2, 3, 4, 5)
    got = draw(gaussian, noise(shape), settings, 0.02)
    levels = karras(6, 0.05, 10.0, 7.0)
    x, before, last = noise(shape)(0) * levels[0], None, None
    for now, then in itertools.pairwise(levels):
        clean = gaussian(x, now)
        if then == 0:
            x = clean
            break
        h = math.log(now) - math.log(then)
        used = clean if before is None else clean + h / (2 * last) * (clean - before)
        x = then / now * x - math.expm1(-h) * used
        before, last = clean, h
    torch.testing.assert_close(got, x, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("factor", [1.0, 1.2])
def test_dpmpp_2m_sde_against_the_formula_of_the_paper(factor):
    # Lu et al. 2022 (arXiv 2211.01095), SDE-DPM-Solver++(2M), for alpha = 1: in exponentials of lambda
    shape = (1, 2, 3, 4, 5)
    settings = SamplerSettings(
        name="dpmpp_2m_sde", steps=6, sigma_min=0.05, sigma_max=10.0, rho=7.0, noise_factor=factor
    )
    got = draw(gaussian, noise(shape), settings, 0.02)
    levels = karras(6, 0.05, 10.0, 7.0)
    factors = [factor if level >= COARSE else 1.0 for level in levels]  # of the noise in a state, old and new
    x, estimates = factor * levels[0] * noise(shape)(0), []
    for i in range(5):
        estimates.append(gaussian(x, levels[i]))
        h = math.log(levels[i] / levels[i + 1])
        ahead = estimates[i]
        if i:
            r = math.log(levels[i - 1] / levels[i]) / h
            ahead = ahead + 0.5 * (estimates[i] - estimates[i - 1]) / r
        mean = ahead + math.exp(-2 * h) * factors[i + 1] / factors[i] * (x - ahead)
        x = mean + factors[i + 1] * levels[i + 1] * math.sqrt(1 - math.exp(-2 * h)) * noise(shape)(i + 1)
    torch.testing.assert_close(got, gaussian(x, levels[5]), rtol=1e-6, atol=1e-8)


def test_without_fresh_noise_it_is_the_deterministic_one_and_asks_for_none():
    levels, asked = {"steps": 6, "sigma_min": 0.05, "sigma_max": 10.0, "rho": 7.0}, []

    def counted(k):
        asked.append(k)
        return noise((1, 2, 3, 4, 5))(k)

    got = draw(gaussian, counted, SamplerSettings(name="dpmpp_2m_sde", eta=0.0, **levels), 0.02)
    assert asked == [0]
    want = draw(gaussian, noise((1, 2, 3, 4, 5)), SamplerSettings(name="dpmpp_2m", **levels), 0.02)
    torch.testing.assert_close(got, want, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("eta", [1.0, 0.5])
def test_dpmpp_2m_sde_takes_exact_steps_of_the_posterior(eta):
    # an estimate that stays at 2: whatever the number of steps, the state at the last level is N(2, level^2)
    shape, seen = (1, 1, 1, 200, 200), {}

    def known(x, sigma):
        seen[round(float(sigma), 6)] = (float(x.mean()), float(x.std()))
        return torch.full_like(x, 2.0)

    draw(known, noise(shape), SamplerSettings(steps=3, sigma_min=0.5, sigma_max=10.0, eta=eta), 0.02)
    mean, std = seen[0.5]
    assert mean == pytest.approx(2.0, abs=0.03) and std == pytest.approx(0.5, rel=0.03)


@pytest.mark.parametrize(("name", "calls"), [("dpmpp_2m", 12), ("heun", 23), ("dpmpp_2m_sde", 12)])
def test_evaluations(name, calls):
    count = []

    def counted(x, sigma):
        count.append(float(sigma))
        return gaussian(x, sigma)

    draw(counted, noise((1, 1, 1, 2, 2)), SamplerSettings(name=name, sigma_max=20.0), 0.02)
    assert len(count) == calls and count[0] == pytest.approx(20.0) and count[-1] >= 0.1 - 1e-9


@pytest.mark.parametrize("name", ["dpmpp_2m", "heun", "dpmpp_2m_sde", "ancestral"])
def test_the_spread_of_a_gaussian_comes_out(name):
    shape = (1, 1, 1, 100, 200)
    got = draw(gaussian, noise(shape), SamplerSettings(name=name, steps=40, sigma_max=40.0), 0.02)
    assert got.std() == pytest.approx(SPREAD, rel=0.03)
    assert got.mean() == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("eta", [1.0, 0.5, 0.0])
def test_more_noise_widens_what_its_levels_decide_and_nothing_else(eta):
    def std(deviation, **more):
        """Of what comes out, where the truth has this deviation."""
        settings = SamplerSettings(steps=40, sigma_min=0.03, sigma_max=400.0, rho=7.0, eta=eta, **more)
        known = lambda x, sigma: x * deviation**2 / (deviation**2 + sigma**2)  # noqa: E731
        return draw(known, noise((1, 1, 1, 100, 200)), settings, 0.02).std()

    # what is much larger than COARSE is decided above it, what is smaller below
    assert std(20 * COARSE, noise_factor=1.2) == pytest.approx(1.2 * 20 * COARSE, rel=0.03)
    assert std(0.1 * COARSE, noise_factor=1.2) == pytest.approx(0.1 * COARSE, rel=0.03)


@pytest.mark.parametrize("eta", [0.75, 0.5, 0.25])
def test_the_spread_of_a_gaussian_comes_out_with_some_fresh_noise(eta):
    settings = SamplerSettings(steps=40, sigma_max=40.0, eta=eta)
    assert draw(gaussian, noise((1, 1, 1, 100, 200)), settings, 0.02).std() == pytest.approx(SPREAD, rel=0.03)


def test_an_estimate_that_is_too_smooth_loses_more_the_more_is_drawn_again():
    def std(eta):
        dull = lambda x, sigma: 0.97 * gaussian(x, sigma)  # noqa: E731
        settings = SamplerSettings(steps=20, sigma_max=40.0, eta=eta)
        return float(draw(dull, noise((1, 1, 1, 100, 200)), settings, 0.02).std())

    wide = [std(eta) for eta in (0.0, 0.5, 1.0)]
    assert SPREAD > wide[0] > wide[1] > wide[2]


def test_ancestral_is_the_papers_chain_step_for_step():
    # the same chain in the paper's own variables R_n = sqrt(abar_n) x
    shape, beta = (1, 1, 1, 2, 3), 0.02
    asked: list[int] = []

    def drawn(k):
        asked.append(k)
        return noise(shape)(k)

    got = ancestral(gaussian, drawn, beta)
    assert asked == list(range(1000))  # each draw once: the state's size of random numbers
    variances = torch.linspace(1e-4, beta, 1000, dtype=torch.float64)
    kept = torch.cumprod(1 - variances, 0)
    r = noise(shape)(0) * torch.sqrt(1 - kept[-1])
    for n in reversed(range(1000)):
        sigma = torch.sqrt((1 - kept[n]) / kept[n])
        clean = gaussian(r / kept[n].sqrt(), sigma)
        eps = (r - kept[n].sqrt() * clean) / (1 - kept[n]).sqrt()
        r = (r - variances[n] / (1 - kept[n]).sqrt() * eps) / (1 - variances[n]).sqrt()
        if n:
            r = r + variances[n].sqrt() * noise(shape)(1000 - n)
    torch.testing.assert_close(got, r, rtol=1e-6, atol=1e-8)
