"""Lets `anemoi-training train --config-name=s25t6` find its config from any folder."""

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

# `${scaleadapt.join:${one},${two}}` in a config: the items of both lists; OmegaConf cannot join them
OmegaConf.register_new_resolver(
    "scaleadapt.join", lambda *lists: [item for each in lists for item in each or ()], replace=True
)


class AnemoiScaleAdaptSearchPathPlugin(SearchPathPlugin):
    """Append the packaged configs to hydra's search path, after anemoi's own."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append ``pkg://anemoi_scaleadapt/config`` with the lowest priority."""
        search_path.append(provider="anemoi-scaleadapt", path="pkg://anemoi_scaleadapt/config")
