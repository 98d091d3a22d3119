import pytest
import torch
from hypothesis import strategies as st

from anemoi_scaleadapt.conservation import Conservation, block_mean

FUNCTIONS = {
    "identity": {},
    "threshold": {"threshold": 0.1},
    "threshold_sqrt": {"threshold": 0.05},
}


@pytest.fixture(params=list(FUNCTIONS))
def function(request):
    """Return the settings of one f, without a scope."""
    return {"function": request.param, **FUNCTIONS[request.param]}


@pytest.fixture(params=["cell", "smooth"])
def exact(request, function):
    """Return settings that promise exact coarse cells: every f, plain and smooth."""
    return Conservation(**function, smooth=request.param == "smooth")


@st.composite
def draw_case(draw, missing=True, sizes=(1e-20, 1e-3, 1.0, 1e3, 1e8)):
    """Draw (rain, lr): any factor pair; cells dry, tiny, huge or missing; predictions that are zero."""
    s, t = draw(st.integers(1, 25)), draw(st.integers(1, 6))
    cy, cx = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    rain = torch.rand(t, cy * s, cx * s, generator=generator) ** 4
    dry = torch.rand(rain.shape, generator=generator) < draw(st.sampled_from([0, 0.5, 0.99]))
    rain = torch.where(dry, 0.0, rain)
    rain = rain - draw(st.sampled_from([0.0, 0.1]))
    value = st.sampled_from([0.0, *(0.37 * size for size in sizes), *([float("nan")] * missing)])
    lr = torch.tensor(draw(st.lists(value, min_size=cy * cx, max_size=cy * cx))).reshape(cy, cx)
    gain = torch.tensor(draw(st.lists(st.sampled_from([0.0, *sizes]), min_size=cy * cx, max_size=cy * cx)))
    return rain * gain.reshape(cy, 1, cx, 1).expand(cy, s, cx, s).reshape(cy * s, cx * s), lr


@pytest.fixture(scope="session")
def cases():
    """Return the strategy `draw_case` (a fixture, because test folders are no packages)."""
    return draw_case


@pytest.fixture(scope="session")
def cell_error():
    """Return the function that gives the largest relative error of the coarse cells."""

    def error(rain, lr):
        s = rain.shape[-1] // lr.shape[-1]
        mean = block_mean(rain.double().mean(-3), s)
        wet = lr > 0
        if not wet.any():
            return 0.0
        return ((mean - lr.double()) / lr.double())[wet.expand(mean.shape)].abs().max().item()

    return error
