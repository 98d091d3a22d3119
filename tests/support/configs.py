"""Reading a whole config of training as a run does, without a run."""

from anemoi_scaleadapt.models.settings import ModelSettings
from anemoi_scaleadapt.scale.pairs import Pairs, trained
from anemoi_scaleadapt.training.keys import Periods, check_config, check_groups
from anemoi_scaleadapt.training.settings import MethodSettings


def read_config(config: dict) -> Pairs:
    """Read all settings of a composed and resolved config; return its factor pairs."""
    check_groups(config)
    check_config(config)
    Periods.from_config(config["period"], "period")
    pairs, _ = trained(config["scale"], config.get("pairs"))
    model, method = ({k: v for k, v in config[key][below].items() if k != "_target_"}
                     for key, below in (("model", "model"), ("training", "method")))  # fmt: skip
    known = {key: value for key, value in model.items() if key not in ("scale", "pairs")}
    ModelSettings.from_config(known, "model.model")
    MethodSettings.from_config(method, "training.method")
    return pairs
