"""Draw the figures of members of the weights that ship: python docs/figures/drawn.py. Writes PNGs beside this file."""

from pathlib import Path
from unittest import mock

import numpy as np
import pyproj  # noqa: F401  (before eccodes)
import torch
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from pysteps.utils.spectral import rapsd

from anemoi_scaleadapt.diffusion.noise import draws
from anemoi_scaleadapt.diffusion.samplers import draw
from anemoi_scaleadapt.inference.draw import draw_members, stretch_axis
from anemoi_scaleadapt.inference.stretches import Stretch
from anemoi_scaleadapt.models import downscaler
from anemoi_scaleadapt.models.context import build_context, frames_round
from anemoi_scaleadapt.models.moving import follow
from anemoi_scaleadapt.pretrained import load
from anemoi_scaleadapt.pretrained.sample import HOURS, ROUND, load_sample, start_of
from anemoi_scaleadapt.scale import recipe

HERE = Path(__file__).parent
PAIRS = {(10, 1): "#0072B2", (1, 3): "#009E73", (10, 3): "#E69F00", (25, 6): "#D55E00"}
LEVELS = [0.1, 0.5, 1, 2, 4, 8, 16, 32]
COLOURS = ["#dbe9f6", "#a6cee3", "#6baed6", "#3182bd", "#54278f", "#c51b7d", "#f768a1"]
CREDIT = "Rain: Deutscher Wetterdienst, RADKLIM-YW (modified), CC BY 4.0."


def maps(rows: list[dict[str, np.ndarray]], name: str, title: str) -> None:
    """Rows of fields side by side in one colour scale of mm/h; values that may be negative in another."""
    count = max(len(row) for row in rows)
    figure = Figure(figsize=(1.75 * count + 0.8, 1.95 * len(rows) + 0.5), layout="constrained")
    grid = figure.subplots(len(rows), count, squeeze=False)
    norm = BoundaryNorm(LEVELS, len(COLOURS))
    colours = ListedColormap(COLOURS).with_extremes(under="white", over="#67001f")
    image = None
    for axes, (text, field) in zip(grid.flat, [one for row in rows for one in row.items()], strict=True):
        if (field < 0).any():
            axes.imshow(field, cmap="PuOr", vmin=-3, vmax=3, interpolation="nearest")
        else:
            image = axes.imshow(field, cmap=colours, norm=norm, interpolation="nearest")
        axes.set_title(text, fontsize=9)
        axes.set(xticks=[], yticks=[])
    figure.colorbar(image, ax=grid, shrink=0.8, extend="both", label="mm/h")
    figure.suptitle(title, fontsize=10)
    figure.supxlabel(CREDIT, fontsize=7)
    figure.savefig(HERE / f"{name}.png", dpi=100, pil_kwargs={"optimize": True})


def main() -> None:
    """Draw the method, the sampler and the spectra."""
    model, s, t = load("any"), 10, 3
    net, scale, sample = model.downscaler, recipe(s, t), load_sample().cut(s)
    frames, before, _ = sample.frames(s, t)
    truth = sample.rain[ROUND : ROUND + HOURS]
    axis = stretch_axis(frames, Stretch(0, HOURS, 0, 0), t, before, frames_round(t))
    hour = 3 * int(truth.reshape(-1, 3, *truth.shape[1:]).mean((1, 2, 3)).argmax()) + 1
    estimates: list[tuple[float, torch.Tensor]] = []

    def watched(denoise, *rest):
        def seen(x, sigma):
            out = denoise(x, sigma)
            estimates.append((float(sigma), out))
            return out

        return draw(seen, *rest)

    with torch.inference_mode():
        prepared = net.prepare(axis, scale)
        mean = net.mean_rain(axis, scale, prepared=prepared)[0]
        noise = draws(0, range(2), [start_of(sample).item()], mean[None])
        with mock.patch.object(downscaler, "draw", watched):
            members = net.sample(axis, scale, noise, prepared=prepared)[0]
        base = build_context(*net._coarse(axis), follow(axis, scale, net.transform), scale, net.network.patch).base[
            hour, 0
        ]
        height, width = truth.shape[1:]
        guess = net.transform.inverse(base)[:height, :width]
        std = net.std(net.current(axis), scale)[0]
        z = prepared.mean[0, :, :height, :width]
        at = {float(f"{level:.2g}"): net.transform.inverse(z + std * e[0, :, 0])[hour] for level, e in estimates[::2]}
        residual = (members[hour, 0].sqrt() - mean[hour].sqrt()) / net.transform.unit**0.5 / std[hour]
    coarse = frames[before + hour // t].repeat(s, 0).repeat(s, 1)
    maps(
        [
            {
                "coarse, 10 km, 3 h": coarse,
                "first guess": guess.numpy(),
                "conditional mean C": mean[hour].numpy(),
                "residual R of a member": residual.numpy(),
                "member": members[hour, 0].numpy(),
                "another member": members[hour, 1].numpy(),
                "truth": truth[hour],
            }
        ],
        "method",
        "One hour at (10, 3), weights `any`, rain that they never saw (purple and orange: standard deviations)",
    )
    shown = {f"level {level:g}": field.numpy() for level, field in at.items()}
    maps(
        [{**shown, "member": members[hour, 0].numpy()}],
        "sampler",
        "What the denoiser thinks at every other noise level",
    )
    spectra(model)


def spectra(model) -> None:
    """Power of members over that of the truth, by wavelength, for the paper's four pairs."""
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for (s, t), colour in PAIRS.items():
        sample = load_sample().cut(s)
        frames, before, after = sample.frames(s, t)
        scale = {"space": s, "time": t}
        how = {"before": before, "after": after, "hours_at_once": HOURS}
        members, _ = draw_members(model, frames, start_of(sample).item(), scale, 4, **how)
        truth = sample.rain[ROUND : ROUND + HOURS]
        side = min(truth.shape[1:])
        power = [np.mean([rapsd(x[:side, :side], fft_method=np.fft) for x in fields], 0)
                 for fields in (members.reshape(-1, *truth.shape[1:]), truth)]  # fmt: skip
        wavelength = side / np.arange(1, len(power[0]))
        left.loglog(wavelength, power[0][1:] / power[1][1:], color=colour, label=f"({s}, {t})")
        change = [np.abs(np.diff(fields, axis=-3)).mean((-1, -2)) for fields in (members, truth)]
        ratio = change[0].mean(0) / change[1]
        right.plot(np.arange(1, HOURS), ratio, color=colour, marker=".")
    left.axhline(1, color="black", lw=0.8)
    right.axhline(1, color="black", lw=0.8)
    left.set(xlabel="wavelength, km", ylabel="power, members over truth", xlim=(80, 2), title="texture", ylim=(0.3, 8))
    left.set_xticks([64, 32, 16, 8, 4, 2], ["64", "32", "16", "8", "4", "2"])
    left.set_yticks([0.3, 0.5, 1, 2, 4, 8], ["0.3", "0.5", "1", "2", "4", "8"])
    left.minorticks_off()
    right.set(xlabel="hour", ylabel="members over truth", title="mean change from hour to hour", ylim=(0, None))
    left.legend(frameon=False)
    figure.supxlabel(CREDIT, fontsize=7)
    figure.savefig(HERE / "limits.png", dpi=100, pil_kwargs={"optimize": True})


if __name__ == "__main__":
    main()
