"""The class that anemoi instantiates, trains and calls at inference."""

import datetime
from collections.abc import Mapping
from typing import Any

import torch
from einops import rearrange
from omegaconf import OmegaConf
from torch import Tensor, nn

from anemoi_scaleadapt.diffusion.noise import draws
from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.models.downscaler import Downscaler
from anemoi_scaleadapt.models.settings import ModelSettings
from anemoi_scaleadapt.models.transform import RainTransform, Space
from anemoi_scaleadapt.rain.average import average_hours
from anemoi_scaleadapt.scale import Scale, resolve
from anemoi_scaleadapt.settings import refuse_unknown

#: what anemoi's interface passes to a model's predict_step beside what is used here
ANEMOI_KWARGS = {"model_comm_group", "pre_processors_tendencies", "post_processors_tendencies"}


class ScaleAdaptModel(nn.Module):
    """Joint space-time super-resolution of rain as an anemoi model.

    Selected by ``model.model._target_``; its settings are the other keys of ``model.model``
    (:class:`anemoi_scaleadapt.models.settings.ModelSettings`).

    Parameters
    ----------
    model_config : DictConfig
        The whole config.
    data_indices, statistics, graph_data, n_step_input, n_step_output
        As anemoi passes them.

    Raises
    ------
    ScaleAdaptError
        For a setting that is unknown or outside its range, or another L or t than the task's.
    """

    def __init__(
        self,
        *,
        model_config: Any,
        data_indices: dict,
        statistics: dict,
        graph_data: Any,
        n_step_input: int,
        n_step_output: int,
    ) -> None:
        super().__init__()
        told = OmegaConf.to_container(OmegaConf.create(model_config.model.model), resolve=True)
        told.pop("_target_", None)
        scale = resolve(told["scale"])  # first, so that an error names the key that a user wrote
        settings = ModelSettings.from_config({**told, "scale": scale}, "model.model")
        self.lr, self.hr, self.variable = settings.lr, settings.hr, settings.variable
        self.data_indices = data_indices
        self._graph_data = graph_data  # anemoi's plots read coordinates from here
        inputs = data_indices[self.hr].model.input.name_to_index
        self.static_names = sorted((n for n in inputs if n != self.variable), key=inputs.get)
        if (n_step_input, n_step_output) != (scale.context_length, scale.time):
            raise ScaleAdaptError(
                f"task.scale asks for L = {n_step_input} frames and t = {n_step_output} hours, model.model.scale for "
                f"{scale.context_length} and {scale.time}: set both to ${{scale}}."
            )
        self.downscaler = Downscaler(
            scale=scale,
            network=settings.network,
            sampler=settings.sampler,
            transform=self._transform(settings.transform, statistics),
            statics=len(self.static_names),
            detach_mean=settings.detach_mean,
            amplitude=settings.amplitude,
            tile=settings.tile,
        )

    @property
    def scale(self) -> Scale:
        """Factor pair, beta, L and f."""
        return self.downscaler.scale

    def _transform(self, name: Space, statistics: dict) -> RainTransform:
        place = self.data_indices[self.hr].name_to_index[self.variable]
        values = {key: float(statistics[self.hr][key][place]) for key in ("mean", "stdev")}
        return RainTransform.from_statistics(name, **values)

    # -- anemoi's layout (batch, time, ensemble, grid, variables) against ours -------------------------------

    def coarse(self, x: Tensor, shape: tuple[int, int]) -> Tensor:
        """Coarse frames (batch, L, y, x) from anemoi's coarse input, of shape (y, x)."""
        place = self.data_indices[self.lr].model.input.name_to_index[self.variable]
        return rearrange(x[..., place], "b l 1 (y x) -> b l y x", y=shape[0], x=shape[1])

    def statics(self, x: Tensor | None, shape: tuple[int, int]) -> Tensor | None:
        """Static fields (batch, c, y, x) from anemoi's fine input, None where there are none."""
        if not self.static_names:
            return None
        index = self.data_indices[self.hr].model.input.name_to_index
        places = [index[name] for name in self.static_names]
        return rearrange(x[:, 0, 0][..., places], "b (y x) c -> b c y x", y=shape[0], x=shape[1])

    def forward(self, x: dict[str, Tensor], *, shape: tuple[int, int], **_: Any) -> dict[str, Tensor]:
        """Conditional mean of the rain, (batch, t, 1, grid, 1) in mm h-1, for coarse input of (y, x) = `shape`."""
        fine = tuple(self.scale.space * n for n in shape)
        rain = self.downscaler.mean_rain(self.coarse(x[self.lr], shape), self.statics(x.get(self.hr), fine))
        return {self.hr: rearrange(rain, "b t y x -> b t 1 (y x) 1")}

    def predict_step(
        self,
        batch: dict[str, Tensor],
        pre_processors: Mapping[str, nn.Module],
        post_processors: Mapping[str, nn.Module] | None = None,
        n_step_input: int | None = None,
        *,
        shape: tuple[int, int],
        date: datetime.datetime,
        members: int = 8,
        first_member: int = 0,
        seed: int = 0,
        with_mean: bool = False,
        sampler: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> dict[str, Tensor]:
        """Draw the members of one window.

        Parameters
        ----------
        batch : dict
            Raw input (batch, time, grid, variables) in mm h-1. The coarse dataset holds the L frames, or their
            L t hours; the fine one its static fields, if the model has any.
        pre_processors : Mapping
            Of the checkpoint, by dataset.
        post_processors, n_step_input
            Part of anemoi's call; rain needs no post-processing.
        shape : tuple of int
            (y, x) of the coarse grid.
        date : datetime.datetime
            Start of the window, UTC.
        members, first_member, seed : int
            Which members: numbers first_member .. first_member + members - 1 of this seed.
        with_mean : bool
            Whether to return the conditional mean too, as ``<hr>_mean``.
        sampler : Mapping, optional
            Sampler settings that differ from the checkpoint's.
        **others
            What else anemoi passes; anything else is refused.

        Returns
        -------
        dict
            ``{hr: (batch, t, members, grid, 1)}`` in mm h-1, NaN where the coarse cell is missing.

        Raises
        ------
        ScaleAdaptError
            For a key of ``predict_kwargs`` that is unknown, or a value outside its range.
        """
        refuse_unknown("predict_kwargs", others.keys() - ANEMOI_KWARGS, ["sampler"])
        x = {name: pre_processors[name](values[:, :, None], in_place=False) for name, values in batch.items()}
        coarse = torch.nan_to_num(x[self.lr], nan=-1.0)
        if coarse.shape[1] != self.scale.context_length:
            coarse = average_hours(coarse, self.scale.time)
        lr = self.coarse(coarse, shape)
        fine = tuple(self.scale.space * n for n in shape)
        statics = self.statics(x.get(self.hr), fine)
        chosen = SamplerSettings.from_config(sampler or {}, "predict_kwargs.sampler", self.downscaler.sampler)
        window = lr.new_empty(1, self.scale.time, *fine)
        noise = draws(seed, range(first_member, first_member + members), [date], window)
        z = self.downscaler.predict_mean(lr, statics)
        rain = self.downscaler.sample(lr, lambda k: noise(k).expand(len(lr), -1, -1, -1, -1), statics, chosen, z)
        out = {self.hr: rearrange(rain, "b t m y x -> b t m (y x) 1")}
        if with_mean:
            mean = self.downscaler.mean_rain(lr, mean=z)
            out[f"{self.hr}_mean"] = rearrange(mean, "b t y x -> b t 1 (y x) 1")
        return out

    def fill_metadata(self, md_dict: dict) -> None:
        """Write into a checkpoint's metadata what this model expects and is."""
        for name in (self.lr, self.hr):
            inputs = self.data_indices[name].model.input
            md_dict["metadata_inference"][name]["shapes"] = {
                "variables": len(inputs),
                "input_timesteps": self.scale.context_length if name == self.lr else 1,
                "ensemble": 1,
                "grid": None,
            }
        ours = md_dict["metadata_inference"].setdefault("scaleadapt", {})
        ours["parameters"] = sum(p.numel() for p in self.parameters())
