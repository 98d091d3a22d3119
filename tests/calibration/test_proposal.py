import functools

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from anemoi_scaleadapt.calibration import figure
from anemoi_scaleadapt.calibration.proposal import beta_of, first_below, propose
from anemoi_scaleadapt.calibration.sample import Sample
from anemoi_scaleadapt.scale import Scale, recipe


@functools.cache
def made(memory, width=4.0, space=5, time=2, n=50, edge=30, seed=0):
    """Return rain whose root is Gaussian noise with e-folding time `memory` (coarse frames) and a given width."""
    rng = np.random.default_rng(seed)
    field, hourly = np.zeros((edge, edge)), []
    keep = np.exp(-1 / (memory * time))
    for _ in range((n + 20) * time):
        noise = gaussian_filter(rng.standard_normal((edge, edge)), width, mode="wrap") * width * 3.5
        field = keep * field + np.sqrt(1 - keep**2) * noise
        hourly.append(np.clip(field, 0, None) ** 2)
    fine = np.stack(hourly[20 * time :]).reshape(n, time, edge, edge).astype("f4")
    coarse = fine.mean(1).reshape(n, edge // space, space, edge // space, space).mean((2, 4))
    return Sample(space, time, fine, [coarse])


@pytest.mark.parametrize(("beta", "sigma"), [(0.010, 12.6), (0.015, 44.4), (0.020, 157.0), (0.035, 7182.0)])
def test_beta_of_is_the_inverse_of_sigma_max(beta, sigma):
    assert beta_of(sigma) == pytest.approx(beta, abs=1e-4)
    assert Scale(space=1, time=1, beta=beta_of(70.0)).sigma_max == pytest.approx(70, rel=0.05)


def test_first_below_by_hand():
    assert first_below(np.array([1, 0.6, 0.2, 0.05, 0.3]), 0.1) == 3
    assert first_below(np.array([1, np.nan]), 0.1) == 1
    assert first_below(np.array([1, 0.5]), 0.1) == 2


def test_longer_memory_asks_for_more_context():
    short, long = propose(made(0.4)), propose(made(4.0))
    assert short.scale.context_length < long.scale.context_length
    assert short.scale.frame_ends[-1] == long.scale.frame_ends[-1] == 3


def test_wider_rain_asks_for_larger_crops_in_whole_coarse_cells():
    small, large = (propose(made(1.0, width=width, n=30, edge=80)) for width in (1.0, 10.0))
    assert small.crop < large.crop
    assert small.crop % 5 == large.crop % 5 == 0


def test_hours_that_are_not_resolved_ask_for_more_noise():
    # of one hour only the pattern inside the cells is open; of four, also when in the window it rained
    assert propose(made(0.3, time=4)).scale.beta > propose(made(0.3, time=1)).scale.beta


def test_the_threshold_leaves_out_one_hundredth_of_the_rain():
    found = propose(made(1.0))
    fine = made(1.0).fine
    assert fine[fine <= found.threshold].sum() / fine.sum() == pytest.approx(0.01, abs=1e-3)


def test_what_is_not_measured_is_the_recipe():
    found = propose(made(1.0)).scale
    assert found.conservation == recipe(5, 2).conservation
    assert (found.space, found.time) == (5, 2)


def test_figure(tmp_path):
    figure.plot(propose(made(1.0)), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_the_radial_curve_finds_the_wave():
    power = np.ones((2, 40, 40))
    power[1, 0, 8] = 100.0
    wavelength, mode = figure.radial(power)
    assert wavelength[np.argmax(mode)] == 5 and mode.max() == 10 and np.median(mode) == 1
