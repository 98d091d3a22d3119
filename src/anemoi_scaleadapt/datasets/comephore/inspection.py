"""What an archive holds: hours that are there, missing, unreadable, oddly tagged, or there twice."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from anemoi_scaleadapt.datasets.comephore.archive import Archive, Key, Location, UnreadableError
from anemoi_scaleadapt.datasets.comephore.geotiff import decode, grid_of, odd_tags, open_image
from anemoi_scaleadapt.datasets.comephore.grid import StereGrid
from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import ONE_HOUR


@dataclass
class Report:
    """The findings; the lists hold one line a finding."""

    first: dt.datetime
    last: dt.datetime
    hours: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.missing or self.unreadable or self.odd or self.twice or self.faults)


def runs(dates: list[dt.datetime]) -> list[str]:
    """Successive hours as one line: ``2018-02-18T03 .. 2018-02-18T09 (7 hours)``."""
    lines: list[str] = []
    start = None
    for i, date in enumerate(dates):
        start = start or date
        if i + 1 == len(dates) or dates[i + 1] - date != ONE_HOUR:
            number = int((date - start) / ONE_HOUR) + 1
            until = f" .. {date:%Y-%m-%dT%H} ({number} hours)" if number > 1 else ""
            lines.append(f"{start:%Y-%m-%dT%H}{until}")
            start = None
    return lines


def inspect(
    archive: Archive,
    kinds: tuple[str, ...] = ("RR",),
    period: tuple[dt.datetime, dt.datetime] | None = None,
    read: bool = True,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Look at every frame.

    Parameters
    ----------
    archive
        What to look at.
    kinds
        Kinds that every hour should have; frames of other kinds are passed over.
    period
        First and last hour-end that should be there; default: from the first to the last that is.
    read
        Whether to decode every frame. Without, only names are looked at.
    progress
        Called with the number of frames done and of all.

    Raises
    ------
    ScaleAdaptError
        When the archive holds not one frame of these kinds and no period is given.
    """
    places: dict[Key, list[Location]] = defaultdict(list)
    faults = []
    for tar in archive.tars:
        directory = archive.directory(tar)
        if directory.fault or not directory.frames:
            faults.append(f"{tar}: {directory.fault or 'holds no frame'}")
        for key, location in directory.frames:
            places[key].append(location)
    for key, location in archive.loose:
        places[key].append(location)
    if period:
        places = {key: found for key, found in places.items() if period[0] <= key[0] <= period[1]}
    places = {key: found for key, found in places.items() if key[1] in kinds}
    dates = {key[0] for key in places}
    if not dates and not period:
        raise ScaleAdaptError(f"{archive.path}: no frame of {', '.join(kinds)}. " + " ".join(faults))
    first, last = period or (min(dates), max(dates))
    report = Report(first, last, {kind: sum(key[1] == kind for key in places) for kind in kinds}, faults=faults)
    every = [first + i * ONE_HOUR for i in range(int((last - first) / ONE_HOUR) + 1)]
    for kind in kinds:
        report.missing += [f"{kind} {line}" for line in runs([d for d in every if (d, kind) not in places])]
    for (date, kind), found in sorted(places.items()):
        if len(found) > 1:
            report.twice.append(f"{kind} {date:%Y-%m-%dT%H}: {', '.join(map(str, found))}")
    if read:
        _look(places, report, progress)
    return report


def _look(places: dict[Key, list[Location]], report: Report, progress: Callable[[int, int], None]) -> None:
    """Decode every frame and compare its tags and its grid, the first one's being the measure."""
    grid: StereGrid | None = None
    for done, ((date, kind), found) in enumerate(sorted(places.items()), 1):
        for location in found:
            line = f"{kind} {date:%Y-%m-%dT%H}: {location}"
            try:
                with open_image(location.read()) as image:
                    here = grid_of(image)
                    grid = grid or here
                    if not here.same_as(grid):
                        report.odd.append(f"{line}: another grid ({here}) than the first frame's ({grid})")
                    if odd := odd_tags(image, date, kind):
                        report.odd.append(f"{line}: {odd}")
                    decode(image, kind, (slice(None), slice(None)))
            except UnreadableError as error:
                report.unreadable.append(f"{line}: {error}")
            except ScaleAdaptError as error:
                report.odd.append(f"{line}: {error}")
        progress(done, len(places))
