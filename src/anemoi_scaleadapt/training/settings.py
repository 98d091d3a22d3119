"""What ``training.method`` may say."""

from dataclasses import dataclass

from anemoi_scaleadapt.scale.check import integer, real
from anemoi_scaleadapt.settings import Settings, require


@dataclass(frozen=True)
class MethodSettings(Settings):
    """Settings of the training method.

    Parameters
    ----------
    crop : int
        Width of a training crop in fine pixels; rounded down to whole coarse cells, at least six of them, as far as the
        domain goes.
    crops_per_field : int
        Crops of this width and of the longest window that are drawn for each field that is read; fewer where crops or
        windows of a pair are larger.
    hide_frames : float
        Share of crops that lose the outer context on a side, as at the ends of a record.
    score_windows, score_members : int
        Size of the ensembles that are scored at validation: the wettest windows of a pair, and members of each; 0 for
        none.
    score_size : int
        Width in fine pixels of the square that validation looks at; larger domains are cut to their wettest one.
    score_every : int
        Training steps that lie at least between two ensembles, however often there is a validation.
    """

    crop: int = 100
    crops_per_field: int = 4
    hide_frames: float = 0.15
    score_windows: int = 1
    score_members: int = 4
    score_size: int = 256
    score_every: int = 100

    def check(self, where: str) -> None:
        """Raise ScaleAdaptError for a value outside its range."""
        least = {
            "crop": 1,
            "crops_per_field": 1,
            "score_windows": 0,
            "score_members": 0,
            "score_size": 1,
            "score_every": 1,
        }
        for key, minimum in least.items():
            integer(f"{where}.{key}", getattr(self, key), minimum, 1_000_000, "it")
        real(f"{where}.hide_frames", self.hide_frames, 0, 1, "the share of crops", low_included=True)
        require(self.score_members != 1, f"{where}.score_members", 1, "one member has no spread; give 0 or at least 2")
