"""Costs, counted."""

import json

import pytest

from anemoi_scaleadapt.commands import main
from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.models.cost import cost
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.scale import resolve


@pytest.mark.parametrize(("space", "time"), [(10, 3), (25, 6)])
def test_at_most_one_megaflop_a_value(space, time):
    found = cost(resolve({"space": space, "time": time}), NetworkSettings(), SamplerSettings())
    assert 0.05 < found.mflop_per_value <= 1.0
    assert found.evaluations == 12


def test_the_ancestral_sampler_costs_what_it_must():
    scale, network = resolve({"space": 10, "time": 3}), NetworkSettings()
    few, many = (cost(scale, network, SamplerSettings(name=name)) for name in ("dpmpp_2m", "ancestral"))
    assert many.evaluations == 1000
    assert many.mflop_per_value / few.mflop_per_value == pytest.approx(1000 / 12, rel=0.2)


def test_the_command_prints_json(capsys):
    assert main(["cost", "25", "6", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"parameters", "mflop_per_value", "receptive_field_km", "evaluations"}


def test_bad_pair_is_one_line(capsys):
    assert main(["cost", "26", "6"]) == 2
    assert "scale.space = 26" in capsys.readouterr().err
