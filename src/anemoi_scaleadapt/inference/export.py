"""An export (safetensors and JSON) in the place of anemoi's checkpoint: nothing in it can run."""

from functools import cached_property
from pathlib import Path
from typing import Any

from anemoi.inference.checkpoint import Checkpoint, get_multi_dataset_metadata
from torch import Tensor, nn

from anemoi_scaleadapt.models.anemoi import RainModel
from anemoi_scaleadapt.models.export import SHIPPED, find, load, read_model


class ExportCheckpoint(Checkpoint):
    """What anemoi-inference asks a checkpoint, answered from ``model.json``; any other path is a checkpoint as ever."""

    @cached_property
    def export(self) -> Path | None:
        """Folder of the export; None if it is a checkpoint."""
        return find(self.path) if self.path in SHIPPED or Path(self.path).is_dir() else None

    @cached_property
    def multi_dataset(self) -> bool:
        """An export always is of two datasets."""
        return self.export is not None or super().multi_dataset

    @cached_property
    def multi_dataset_metadata(self) -> dict[str, Any]:
        """Metadata of the two datasets."""
        if self.export is None:
            found: dict[str, Any] = super().multi_dataset_metadata
            return found
        told = describe(read_model(self.export)["settings"])
        return dict(get_multi_dataset_metadata(told, {}, base_class=self.metadata_base))


class Export(nn.Module):
    """The model of an export, with the one method that the runner calls."""

    runner: Any = None

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.model: RainModel = load(folder)

    def predict_step(self, batch: dict[str, Tensor], **how: Any) -> dict[str, Tensor]:
        """See :meth:`RainModel.predict_step`."""
        return self.model.predict_step(batch, **how)


def describe(settings: dict[str, Any]) -> dict[str, Any]:
    """What anemoi-inference reads of a checkpoint's metadata, of the settings of an export."""
    lr, hr, rain = settings["lr"], settings["hr"], settings["variable"]
    kinds: dict[str, dict[str, Any]] = {
        lr: {"data_indices": {"input": {rain: 0}, "output": {}}, "variable_types": {"forcing": [rain]}},
        hr: {"data_indices": {"input": {}, "output": {rain: 0}}, "variable_types": {"diagnostic": [rain]}},
    }
    steps = {"timestep": "1h", "input_offsets": ["0h"], "output_offsets": ["1h"], "rollout_shift": "1h"}
    units = {"units": "mm h-1", "period": ["0h", "1h"], "process": "average"}
    variable = {rain: {**units, "mars": {"param": rain, "levtype": "sfc", "units": "mm h-1"}}}
    dataset = {"variables": [rain], "variables_metadata": variable, "data_request": {}, "shape": [0, 1, 1, 0]}
    return {
        "config": {"training": {"precision": "32"}, "data": {"frequency": "1h"}},
        "dataset": {lr: dataset, hr: dataset},
        "metadata_inference": {
            "dataset_names": [lr, hr],
            "task": "scaleadapt",
            **{name: {**kind, "timesteps": steps} for name, kind in kinds.items()},
        },
    }
