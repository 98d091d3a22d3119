"""The class that anemoi instantiates, trains and calls at inference, and what it is without anemoi."""

import datetime
import logging
from collections.abc import Mapping
from typing import Any

import torch
from einops import rearrange
from omegaconf import OmegaConf
from torch import Tensor, nn

from anemoi_scaleadapt.diffusion.noise import draws
from anemoi_scaleadapt.diffusion.settings import SamplerSettings
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.models.context import REACH
from anemoi_scaleadapt.models.downscaler import Downscaler
from anemoi_scaleadapt.models.settings import ModelSettings
from anemoi_scaleadapt.models.transform import RainTransform
from anemoi_scaleadapt.scale import Scale, recipe, resolve
from anemoi_scaleadapt.scale.pairs import SPACE, trained
from anemoi_scaleadapt.scale.settings import Wide
from anemoi_scaleadapt.settings import refuse_unknown

LOG = logging.getLogger(__name__)
#: what anemoi's interface hands to every model's predict_step; rain needs none of it
ANEMOI = (
    "pre_processors",
    "post_processors",
    "pre_processors_tendencies",
    "post_processors_tendencies",
    "n_step_input",
    "model_comm_group",
    "gather_out",
)
#: how to draw what was not learnt
UNTRAINED = "To draw it all the same: `allow_untrained: true` in a run file, or `--allow-untrained`."


class RainModel(nn.Module):
    """Joint space-time super-resolution of rain, built of a plain dict.

    Parameters
    ----------
    settings : Mapping
        The keys of ``model.model`` as plain values, with ``unit`` in mm h-1 and ``statics`` by name: mean and stdev by
        which a field is normalised. Kept as :attr:`settings`: with a state_dict it builds the model again.

    Raises
    ------
    ScaleAdaptError
        For a setting that is unknown or outside its range.
    """

    unit: Tensor
    statics_mean: Tensor
    statics_stdev: Tensor

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__()
        plain = dict(settings)
        numbers = plain.pop("statics", {})
        # scale and pairs first, so that an error names the key that a user wrote
        self.pairs, self.scale = trained(plain.pop("scale", None), plain.pop("pairs", None))
        told = ModelSettings.from_config(plain, "model.model")
        pair = {"scale": None if self.scale is None else self.scale.as_dict()}
        pair["pairs"] = self.pairs.as_dict() if self.scale is None else None
        self.settings: dict[str, Any] = {**told.as_dict(), **pair, "statics": numbers}
        self.lr, self.hr, self.variable = told.lr, told.hr, told.variable
        #: names of the static fields, in the order in which they are handed over
        self.static_names = list(numbers)
        # all that belongs to the data of training goes with the weights, to a fine-tuning too
        self.register_buffer("unit", torch.tensor(float(self.settings["unit"])))
        for key in ("mean", "stdev"):
            self.register_buffer(
                f"statics_{key}", torch.tensor([float(numbers[name][key]) for name in self.static_names])
            )
        self.forced: float | None = None
        self.downscaler = Downscaler(
            network=told.network,
            sampler=told.sampler,
            transform=RainTransform(name=told.transform, unit=float(self.unit)),
            statics=len(self.static_names),
            detach_mean=told.detach_mean,
            amplitude=told.amplitude,
            tile=told.tile,
        )
        self.register_load_state_dict_post_hook(RainModel._follow)
        self._follow()

    def _follow(self, *_: Any) -> None:
        """After weights were loaded: work with the rain unit that came with them, unless another one was asked for."""
        own = self.downscaler.transform
        if self.forced is not None:
            self.unit.fill_(self.forced)
        unit = float(self.unit)
        if unit != own.unit:
            LOG.info("The rain unit that came with the weights is kept: %.4g mm/h; here it is %.4g.", unit, own.unit)
            self.downscaler.transform = RainTransform(name=own.name, unit=unit)
        pairs = zip(self.static_names, self.statics_mean, self.statics_stdev, strict=True)
        self.settings["unit"] = unit
        self.settings["statics"] = {name: {"mean": float(mean), "stdev": float(stdev)} for name, mean, stdev in pairs}

    def standardise(self, statics: Tensor | None) -> Tensor | None:
        """Static fields (..., c, y, x) with mean zero and deviation one over the domain of training."""
        if statics is None:
            return None
        mean, stdev = (x[:, None, None].to(statics) for x in (self.statics_mean, self.statics_stdev))
        return (statics - mean) / torch.where(stdev > 0, stdev, 1)

    def forward(self, axis: Tensor, scale: Scale, statics: Tensor | None = None) -> Tensor:
        """Rain of the conditional mean with exact totals, (n, hours, y, x) in mm h-1; see :class:`Downscaler`."""
        return self.downscaler.mean_rain(axis, scale, self.standardise(statics))

    def scale_of(self, space: int, time: int) -> Scale:
        """Return beta, L and f of a pair: the model's own if it is a specialist for the pair, else by the recipe."""
        if self.scale is not None and (space, time) == (self.scale.space, self.scale.time):
            return self.scale
        return recipe(space, time)

    def find_scale(self, given: Mapping[str, Any] | None, allow_untrained: bool = False) -> Scale:
        """Return the settings of a run.

        Parameters
        ----------
        given : Mapping, optional
            ``space`` and ``time``, and of beta, L and f what shall differ; by default the specialist's own.
        allow_untrained : bool, optional
            Whether it may be a pair that was not trained, also one with s beyond what can be, up to 100.

        Raises
        ------
        ScaleAdaptError
            If no pair is named, it was not trained, or a value is outside its range.
        """
        if given is None:
            if self.scale is None:
                raise ScaleAdaptError(
                    f"The checkpoint has learnt many factor pairs ({self.pairs}): name one, "
                    "`scale: {space: 10, time: 3}`."
                )
            return self.scale
        asked = Wide.from_config(given, "scale")
        if not allow_untrained:
            self.pairs.check(asked.space, asked.time, UNTRAINED)
        if asked.space > SPACE:
            return asked
        usual = self.scale_of(asked.space, asked.time).as_dict()
        told = {key: value for key, value in given.items() if value is not None}
        told["conservation"] = usual["conservation"] | dict(told.get("conservation", {}))
        return resolve(usual | told)

    def predict_step(
        self,
        batch: dict[str, Tensor],
        *,
        shape: tuple[int, int],
        date: datetime.datetime,
        scale: Mapping[str, Any] | None = None,
        members: int = 8,
        first_member: int = 0,
        seed: int = 0,
        with_mean: bool = False,
        sampler: Mapping[str, Any] | None = None,
        allow_untrained: bool = False,
        **others: Any,
    ) -> dict[str, Tensor]:
        """Draw the members of a stretch of hours.

        Parameters
        ----------
        batch : dict
            Raw input (1, time, grid, variables). The coarse dataset: rain alone on the hourly axis, REACH hours before
            the stretch to REACH hours after it, in mm h-1, NaN where it is missing. The fine one, if the model takes
            static fields: those of :attr:`static_names`, at one time.
        shape : tuple of int
            (y, x) of the coarse grid.
        date : datetime.datetime
            Start of the stretch, UTC; a frame begins there.
        scale : Mapping, optional
            Factor pair, and what of beta, L and f differs from the usual; see :meth:`find_scale`.
        members, first_member, seed : int
            Which members: numbers first_member .. first_member + members - 1 of this seed.
        with_mean : bool
            Whether to return the conditional mean too, as ``<hr>_mean``.
        sampler : Mapping, optional
            Sampler settings that differ from the checkpoint's.
        allow_untrained : bool
            Whether a pair may be drawn that was not trained.
        **others
            What anemoi hands to every model (processors, communication); rain needs none of it.

        Returns
        -------
        dict
            ``{hr: (1, hours, members, grid, 1)}`` in mm h-1, NaN where the coarse cell is missing.

        Raises
        ------
        ScaleAdaptError
            For an argument that nothing reads, a pair that was not trained, or input of another size.
        """
        refuse_unknown("predict_kwargs", others.keys() - set(ANEMOI), ("sampler", "scale", "allow_untrained"))
        pair = self.find_scale(scale, allow_untrained)
        axis = self._axis(batch[self.lr], shape, pair.time)
        hours, fine = axis.shape[1] - 2 * REACH, (shape[0] * pair.space, shape[1] * pair.space)
        statics = self._statics(batch, fine)
        chosen = SamplerSettings.from_config(sampler or {}, "predict_kwargs.sampler", self.downscaler.sampler)
        noise = draws(seed, range(first_member, first_member + members), [date], axis.new_empty(1, hours, *fine))
        prepared = self.downscaler.prepare(axis, pair, statics)
        rain = self.downscaler.sample(axis, pair, noise, statics, chosen, prepared)
        out = {self.hr: rearrange(rain, "b t m y x -> b t m (y x) 1")}
        if with_mean:
            mean = self.downscaler.mean_rain(axis, pair, prepared=prepared)
            out[f"{self.hr}_mean"] = rearrange(mean, "b t y x -> b t 1 (y x) 1")
        return out

    def _axis(self, x: Tensor, shape: tuple[int, int], time: int) -> Tensor:
        """Coarse rain (1, axis, Y, X) of anemoi's (1, axis, grid, 1)."""
        hours = x.shape[1] - 2 * REACH
        if x.shape[0] != 1 or x.shape[2:] != (shape[0] * shape[1], 1) or hours < 1 or hours % time:
            raise ScaleAdaptError(
                f"Coarse input is {tuple(x.shape)}: it must be (1, hours + {2 * REACH}, {shape[0] * shape[1]}, 1), "
                f"the hours a multiple of t = {time}, with rain as the only variable."
            )
        return rearrange(x, "b t (y x) 1 -> b t y x", y=shape[0])

    def _statics(self, batch: dict[str, Tensor], fine: tuple[int, int]) -> Tensor | None:
        """Static fields (1, c, y, x), standardised."""
        if not self.static_names:
            return None
        wanted = (1, 1, fine[0] * fine[1], len(self.static_names))
        if self.hr not in batch or batch[self.hr].shape != wanted:
            got = tuple(batch[self.hr].shape) if self.hr in batch else "missing"
            raise ScaleAdaptError(
                f"Static input is {got}: the model takes {', '.join(self.static_names)} on the fine grid, {wanted}."
            )
        return self.standardise(rearrange(batch[self.hr], "1 1 (y x) c -> 1 c y x", y=fine[0]))


class ScaleAdaptModel(RainModel):
    """A :class:`RainModel` as anemoi builds it, selected by ``model.model._target_``; its settings are the keys beside.

    Parameters
    ----------
    model_config : Mapping or DictConfig
        The whole config; of it ``model.model``.
    data_indices, statistics
        By dataset, as anemoi passes them: where the variables are and what they are like.
    graph_data
        Coordinates, for anemoi's plots.
    **_
        Numbers of time steps, which hang on the pair here.

    Raises
    ------
    ScaleAdaptError
        For a setting that is unknown or outside its range, or a fine dataset without rain in its statistics.
    """

    def __init__(
        self, *, model_config: Any, data_indices: dict, statistics: dict, graph_data: Any = None, **_: Any
    ) -> None:
        config: Any = model_config
        if OmegaConf.is_config(model_config):
            config = OmegaConf.to_container(model_config, resolve=True)
        told = {key: value for key, value in config["model"]["model"].items() if key not in ("_target_", "_convert_")}
        one = ModelSettings.from_config({k: v for k, v in told.items() if k not in ("scale", "pairs")}, "model.model")
        index = data_indices[one.hr]

        def numbers(name: str) -> dict[str, float]:
            return {key: float(statistics[one.hr][key][index.name_to_index[name]]) for key in ("mean", "stdev")}

        unit = one.unit or RainTransform.from_statistics(one.transform, **numbers(one.variable)).unit
        super().__init__({**told, "unit": unit, "statics": {name: numbers(name) for name in index.forcing}})
        self.forced = one.unit
        self._graph_data = graph_data

    def fill_metadata(self, md_dict: dict) -> None:
        """Write into a checkpoint's metadata what this model expects and is."""
        for name in (self.lr, self.hr):
            md_dict["metadata_inference"][name]["shapes"] = {
                "variables": 1 if name == self.lr else len(self.static_names),
                "input_timesteps": None if name == self.lr else 1,
                "ensemble": 1,
                "grid": None,
            }
        ours = md_dict["metadata_inference"].setdefault("scaleadapt", {})
        ours["pairs"] = self.pairs.as_dict()
        ours["settings"] = self.settings
        ours["parameters"] = sum(p.numel() for p in self.parameters())
