"""What a config may say about the training."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from anemoi_scaleadapt.settings import Name, Settings, refuse

Count = Annotated[int, Field(ge=1, le=1_000_000)]


class TaskSettings(Settings):
    """What ``task`` may say beside ``_target_``, the pairs and what is made of other groups."""

    window: Annotated[int, Field(ge=2, le=48)] = 12
    """about how many hours are learnt at once: as many whole coarse frames as fit, at least one"""

    lr: Name = "lr"
    """name of the coarse dataset"""
    hr: Name = "hr"
    """name of the fine dataset"""
    rain: Name = "rain"
    """name of the rain in both; made of `model.model.variable`"""
    statics: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    """static fields that the fine dataset is read for; made of `data.datasets.hr.forcing`"""
    units: str | None = None
    """unit of the rain (mm h-1), where a dataset does not say it or says it wrongly"""
    same_rain: bool = True
    """whether coarse rain must be the block mean of the fine rain; false: a difference is only told"""


class MethodSettings(Settings):
    """Everything that ``training.method`` may say beside ``_target_``."""

    crop: Count = 100
    """width of a training crop in fine pixels, rounded down to whole coarse cells, at least six of them, as far as the
    domain goes"""
    crops_per_field: Count = 4
    """crops of this width and of the longest window that are drawn for each field that is read; fewer where crops or
    windows of a pair are larger"""
    hide_frames: Annotated[float, Field(ge=0, lt=1)] = 0.15
    """share of crops that lose the outer context on a side, as at the ends of a record"""
    start: Name | None = Field(None, json_schema_extra={"rule": "a name such as any, a folder, or null"})
    """weights to begin with: those that ship by their name (``any``), or a folder that ``export`` wrote. The rain unit
    comes with them"""
    score_windows: Annotated[int, Field(ge=0, le=1_000_000)] = 1
    """wettest windows of each pair that a validation watches, whose ensembles are scored; 0: none"""
    score_members: Annotated[
        int, Field(ge=0, le=1_000_000, json_schema_extra={"rule": "0, or a whole number from 2"})
    ] = 4
    """members of those ensembles; 0: no scores"""
    score_size: Count = 256
    """width in fine pixels of the square that a validation looks at; larger domains are cut to their wettest one"""
    score_every: Count = 100
    """training steps that lie at least between two ensembles, however often there is a validation"""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.score_members == 1:  # one member has no spread
            refuse(self, "score_members")
        return self


class PictureSettings(Settings):
    """What the callback ``RainPicture`` of ``diagnostics.plot.callbacks`` may say beside ``_target_``."""

    every: Count = 1
    """of the validations with scores, draw every N-th, the first among them"""
    members: Count = 2
    """members to show, as far as there are so many"""
