"""What ``training.method`` may say."""

from dataclasses import dataclass

from anemoi_scaleadapt.scale.check import choice, integer, real, switch
from anemoi_scaleadapt.settings import Settings


@dataclass(frozen=True)
class MethodSettings(Settings):
    """Settings of the training method.

    Parameters
    ----------
    crop : int
        Width of a training crop in fine pixels; rounded down to whole coarse cells and to the domain.
    crops_per_field : int
        Crops drawn for each field that is read.
    hide_frames : float
        Share of crops that lose the outer context on one side, as at the ends of a record.
    noise : str
        Noise levels in training: ``schedule``, those of beta, equally likely, or ``lognormal``.
    noise_mean, noise_std : float
        Of ln(sigma), for ``lognormal``.
    mean_first : float
        Share of the steps in which only the mean network learns, and only the residual network after; 0 for both
        together all the time.
    graphs : bool
        Whether to record the networks' passes as CUDA graphs: several times faster for networks of this size on one
        GPU in precision 32; nothing elsewhere.
    score_windows, score_members : int
        Size of the ensemble that is scored at validation: its wettest windows, and members of each; 0 for none.
    score_size : int
        Width of the scored square in fine pixels; larger domains are cut to their wettest one.
    score_every : int
        Training steps that lie at least between two ensembles, however often there is a validation.
    """

    crop: int = 100
    crops_per_field: int = 4
    hide_frames: float = 0.1
    noise: str = "schedule"
    noise_mean: float = -0.4
    noise_std: float = 1.4
    mean_first: float = 0.0
    graphs: bool = False
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
        switch(f"{where}.graphs", self.graphs)
        choice(f"{where}.noise", self.noise, ("schedule", "lognormal"))
        real(f"{where}.noise_mean", self.noise_mean, -10, 10, "the mean of ln(sigma)")
        real(f"{where}.noise_std", self.noise_std, 0, 10, "the standard deviation of ln(sigma)")
        real(f"{where}.mean_first", self.mean_first, 0, 1, "the share of steps for the mean alone", low_included=True)
