"""Reading a whole config of training as a run does, without a run."""

from anemoi_scaleadapt.models.settings import ModelSettings
from anemoi_scaleadapt.scale import Scale, resolve
from anemoi_scaleadapt.training.keys import Periods, check_config, check_groups
from anemoi_scaleadapt.training.settings import MethodSettings


def read_config(config: dict) -> Scale:
    """Read all settings of a composed and resolved config; return its factor pair."""
    check_groups(config)
    check_config(config)
    Periods.from_config(config["period"], "period")
    scale = resolve(config["scale"])
    model, method = ({k: v for k, v in config[key][below].items() if k != "_target_"}
                     for key, below in (("model", "model"), ("training", "method")))  # fmt: skip
    ModelSettings.from_config({**model, "scale": scale}, "model.model")
    MethodSettings.from_config(method, "training.method")
    return scale
