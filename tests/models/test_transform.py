"""The space in which the networks work."""

import pytest
import torch

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.models.transform import RainTransform


@pytest.mark.parametrize("name", ["sqrt", "linear"])
def test_there_and_back(name):
    rain = torch.tensor([0.0, 1e-6, 0.1, 300.0], dtype=torch.float64)
    transform = RainTransform(name=name, unit=0.25)
    torch.testing.assert_close(transform.inverse(transform.forward(rain)), rain)


def test_by_hand():
    assert RainTransform(name="sqrt", unit=0.25).forward(torch.tensor(1.0)) == 2.0  # sqrt(1 / .25)
    assert RainTransform(name="linear", unit=0.25).forward(torch.tensor(1.0)) == 4.0


def test_negative_is_no_rain():
    transform = RainTransform(name="sqrt", unit=0.25)
    assert transform.forward(torch.tensor(-1.0)) == 0
    assert transform.inverse(torch.tensor(-1.0)) == 0


def test_sqrt_has_mean_square_one():
    rain = torch.rand(1000) ** 4
    transform = RainTransform.from_statistics("sqrt", float(rain.mean()), float(rain.std()))
    assert transform.forward(rain).square().mean() == pytest.approx(1, rel=1e-5)


def test_a_unit_of_no_rain_is_refused():
    with pytest.raises(ScaleAdaptError, match="no rain"):
        RainTransform.from_statistics("sqrt", 0.0, 1.0)
