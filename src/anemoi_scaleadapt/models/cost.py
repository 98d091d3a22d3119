"""What a factor pair costs: floating point operations, parameters, and how far the networks look."""

from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.models.context import REACH, build_context
from anemoi_scaleadapt.models.downscaler import Downscaler
from anemoi_scaleadapt.models.moving import follow
from anemoi_scaleadapt.models.settings import NetworkSettings
from anemoi_scaleadapt.models.transform import RainTransform
from anemoi_scaleadapt.scale import Scale
from anemoi_scaleadapt.scale.settings import STEPS

#: about how many hours are drawn at once
HOURS = 24
#: about how many pixels a side the domain has on which operations are counted
PIXELS = 80


@dataclass(frozen=True)
class Cost:
    """What drawing members costs.

    Attributes
    ----------
    parameters : int
        Of both networks.
    mflop_per_value : float
        Million floating point operations per fine value and member, the mean network's share included.
    receptive_field_km : float
        Width of the square of 1 km pixels that one evaluation of the residual network looks at.
    evaluations : int
        Evaluations of the residual network a member; the mean network is evaluated once for all.
    """

    parameters: int
    mflop_per_value: float
    receptive_field_km: float
    evaluations: int


def cost(scale: Scale, network: NetworkSettings, sampler: SamplerSettings, members: int = 8) -> Cost:
    """Count what drawing `members` members of a window costs.

    Operations are counted by torch on a real run over a small domain (a multiplication and an addition are two);
    elementwise operations are not counted, as is the custom.

    Parameters
    ----------
    scale : Scale
        Factor pair.
    network : NetworkSettings
        Sizes of the networks.
    sampler : SamplerSettings
        Which sampler, and how many levels.
    members : int
        Members that share the mean and the condition.
    """
    model = Downscaler(network, sampler, RainTransform(name="sqrt", unit=1.0)).eval()
    cells = max(1, round(PIXELS / scale.space))
    hours = scale.time * max(1, round(HOURS / scale.time))
    axis = torch.ones(1, hours + 2 * REACH, cells, cells)
    context = build_context(axis, axis > 0, follow(axis, scale, model.transform), scale, network.patch)
    with torch.no_grad(), FlopCounterMode(display=False) as once:
        mean = model.mean(context, scale)
        condition = model.residual.condition(context, mean)
    with torch.no_grad(), FlopCounterMode(display=False) as each:
        look = model.residual.look(torch.ones_like(mean), torch.ones(1))
        model.residual(look, torch.ones(1), condition, scale)
    by_sampler = {"heun": 2 * sampler.steps - 1, "ancestral": STEPS}
    evaluations = by_sampler.get(sampler.name, sampler.steps)
    values = hours * (cells * scale.space) ** 2
    total = once.get_total_flops() / members + evaluations * each.get_total_flops()
    return Cost(
        parameters=sum(p.numel() for p in model.parameters()),
        mflop_per_value=total / values / 1e6,
        receptive_field_km=float(2 * model.residual.reach() + 1),
        evaluations=evaluations,
    )
