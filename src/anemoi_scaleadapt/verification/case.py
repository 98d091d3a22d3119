"""One verification: open files, systems, and the single run through the windows that counts everything."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from anemoi_scaleadapt.baselines.systems import Setup, build
from anemoi_scaleadapt.rain.record import Rain
from anemoi_scaleadapt.rain.windows import HOUR, Coarse
from anemoi_scaleadapt.verification.tally import Settings, add, tally


@dataclass
class Case:
    """Everything that is verified.

    Parameters
    ----------
    members, truth : Rain
        On the fine grid.
    coarse : Coarse
        Coarse frames.
    windows : ndarray of datetime64, shape (n, t)
        Hours of each window.
    s, t : int
        Factor pair.
    mean : Rain, optional
        Conditional mean of the trained model.
    name : str
        Of the system.
    baselines : tuple of str
        Names of :data:`systems.BASELINES`.
    member_baselines, seed : int
        Ensemble size and seed of the baselines.
    archive : Rain, optional
        Fine rain of other days.
    settings : Settings
        What is scored.
    """

    members: Rain
    truth: Rain
    coarse: Coarse
    windows: np.ndarray
    s: int
    t: int
    mean: Rain | None = None
    name: str = "scaleadapt"
    baselines: tuple = ("nearest", "bicubic", "rainfarm", "rainfarm_ar1")
    member_baselines: int = 8
    seed: int = 0
    archive: Rain | None = None
    settings: Settings = field(default_factory=Settings)

    def build(self) -> dict[str, Callable]:
        """Forecast functions by name, in the order of the scorecard; undefined systems are left out."""
        setup = Setup(self.coarse, self.s, self.t, self.member_baselines, self.seed, self.archive, self.windows)
        out: dict = {self.name: lambda window, number: self.members.at(window)}
        if self.mean is not None:
            out["mean"] = lambda window, number: self.mean.at(window)
        out |= {name: build(name, setup) for name in self.baselines}
        return {name: forecast for name, forecast in out.items() if forecast is not None}

    def wettest(self, number: int) -> list[int]:
        """Numbers of the windows with most coarse rain, the wettest first."""
        totals = [float(np.nansum(self.coarse.frame(window))) for window in self.windows]
        return [int(k) for k in np.argsort(totals)[::-1][:number]]


@dataclass
class Tallies:
    """Sums by system: name -> list over ``days``; ensemble sizes; shape (y, x) of the fields."""

    days: list
    sums: dict
    members: dict
    shape: tuple


def count(
    case: Case,
    progress: Callable[[Iterable], Iterable] = iter,
    watch: Callable[[int, np.ndarray, np.ndarray, np.ndarray, dict], None] | None = None,
) -> Tallies:
    """Run through the windows once and count every system.

    Parameters
    ----------
    case : Case
        What is verified.
    progress : callable
        Wraps the list of windows, to show a bar.
    watch : callable, optional
        Called with (number, window, coarse frame, truth, forecasts by name) of every window.
    """
    systems = case.build()
    memory = {name: Memory(case.settings.lags) for name in systems}
    per_day: dict = {}
    members: dict = {}
    last = None
    for number, window in enumerate(progress(list(case.windows))):
        truth, coarse = case.truth.at(window)[0], case.coarse.frame(window)
        follows = last is not None and window[0] - last == HOUR
        day = per_day.setdefault(str((window[0] - HOUR).astype("datetime64[D]")), {})
        forecasts = {}
        for name, system in systems.items():
            forecast = forecasts[name] = system(window, number).astype("float32", copy=False)
            members[name] = len(forecast)
            before = memory[name].follow(forecast, truth, follows)
            day[name] = add(day.get(name), tally(forecast, truth, coarse, case.settings, before))
        if watch is not None:
            watch(number, window, coarse, truth, forecasts)
        last = window[-1]
    days = sorted(per_day)
    sums = {name: [per_day[day][name] for day in days] for name in systems}
    return Tallies(days, sums, members, case.truth.shape)


class Memory:
    """The last hours of one system and the truth, for lagged correlations across windows."""

    def __init__(self, hours: int):
        """Keep so many hours."""
        self.hours, self.kept = hours, None

    def follow(self, forecast: np.ndarray, truth: np.ndarray, follows: bool) -> tuple | None:
        """Return the hours before this window (None after a gap) and remember its own."""
        before = self.kept if follows else None
        hours, observed = forecast, truth
        if before is not None:
            hours = np.concatenate([before[0], forecast], axis=1)
            observed = np.concatenate([before[1], truth])
        self.kept = (hours[:, -self.hours :], observed[-self.hours :])
        return before
