"""The one writer of members: NetCDF, Zarr or whatever else can be filled in, whole under its name or not there.

A file grows beside its place under a hidden name and gets its own when it is complete; an error removes it. With
``resume`` what was begun stays, and the same run started again goes on after the last part that was complete.
"""

import json
import logging
import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.files import (
    check_target,
    claim,
    discard,
    left_by_the_dead,
    part_of,
    put_in_place,
    whole,
    write_text,
)
from anemoi_scaleadapt.rain import netcdf, store
from anemoi_scaleadapt.rain.layout import Layout

LOG = logging.getLogger(__name__)
GRIB = (".grib2", ".grib", ".grb2", ".grb")


class Sink(Protocol):
    """Something that is filled in with members."""

    def write(self, hours: slice, rain: np.ndarray, mean: np.ndarray | None, members: slice) -> None:
        """Write rain (member, hour, y, x) and the mean (hour, y, x), mm h-1, at these places."""

    def close(self) -> None:
        """Complete it."""


@dataclass(frozen=True)
class Format:
    """How a file of members is written.

    Parameters
    ----------
    open : callable
        Makes what is filled in, or (new: False) opens what was begun.
    run_of : callable
        Gives :meth:`Layout.run` of a finished file, None where it does not say.
    put : callable, optional
        Brings what was filled in to its name, and what goes beside it.
    """

    open: Callable[[Path, Layout, bool], Sink]
    run_of: Callable[[Path], str | None]
    put: Callable[[Path, Path, Layout], None] = lambda part, path, layout: put_in_place(part, path)


def copy(source: Path, target: Path, layout: Layout) -> None:
    """Copy a Zarr of members to a NetCDF file, a window of one member at a time, value by value."""
    import zarr

    group: Any = zarr.open_group(str(source), mode="r")
    with whole(target) as part:
        file = netcdf.NetCDF(part, layout)
        try:
            for start in range(0, len(layout.times), layout.time):
                hours = slice(start, start + layout.time)
                for member in range(len(layout.members)):
                    file.file["rain"][member, hours] = group["rain"][member, hours]
                if layout.mean:
                    file.file["rain_mean"][hours] = group["rain_mean"][hours]
        finally:
            file.close()


ZARR = Format(store.Store, store.run_of)
NETCDF = Format(netcdf.NetCDF, netcdf.run_of)
#: HDF5 does not survive a kill in the middle of a write: to go on, members of a NetCDF are collected in a Zarr
COLLECTED = Format(store.Store, netcdf.run_of, copy)


class MembersFile:
    """Write members to FILE.nc or FILE.zarr.

    Parameters
    ----------
    path : Path
        File or Zarr to write.
    layout : Layout
        What it holds.
    resume : bool
        Whether to go on where the same run was killed, and to leave what was begun after an error.
    form : Format, optional
        Another format than the suffix says.

    Attributes
    ----------
    marked : int
        What :meth:`mark` was last given, also by the run that was killed.
    complete : bool
        Whether the same run has finished the file already: there is nothing to do.

    Raises
    ------
    ScaleAdaptError
        If another process writes the file, what was begun is of another run, or the disk is full.
    """

    def __init__(self, path: Path, layout: Layout, resume: bool = False, form: Format | None = None) -> None:
        self.path, self.layout, self.resume = Path(path), layout, resume
        check_target(self.path)
        self.part, self.journal = part_of(self.path), self.path.with_name(f".{self.path.name}.journal")
        of_suffix = ZARR if suffix(self.path) == ".zarr" else COLLECTED if resume else NETCDF
        self.form = form or of_suffix
        self._sink: Sink | None = None
        self._stack = ExitStack()
        self.marked, self.complete = 0, False

    def __enter__(self) -> Self:
        """Claim the name and find what is there."""
        self._stack.enter_context(claim(self.path))
        try:
            if self.resume and self.path.exists() and self.form.run_of(self.path) == self.layout.run():
                self.complete = True
            elif not (self.resume and self._go_on()):
                self._sweep()
        except BaseException:
            self._stack.close()
            raise
        return self

    def _go_on(self) -> bool:
        """Open what the same run left; False if there is nothing of use."""
        left = self._left()
        if left is None:
            return False
        mine = self.layout.fingerprint()
        other = [key for key in {**left["run"], **mine} if left["run"].get(key) != mine.get(key)]
        if other:
            key = other[0]
            raise ScaleAdaptError(
                f"{self.part} was begun by another run ({key}: {left['run'].get(key)}, now {mine.get(key)}): "
                "remove it, or start without resume."
            )
        if self.part.is_file():  # what grows at its end
            os.truncate(self.part, left["bytes"])
        self._sink = self.form.open(self.part, self.layout, False)
        self.marked = left["marked"]
        return True

    def _left(self) -> dict[str, Any] | None:
        """What the journal says of what was begun; None if nothing was, or nobody can read it."""
        if not (self.part.exists() and self.journal.exists()):
            return None
        try:
            left = json.loads(self.journal.read_text(encoding="utf-8"))
            return {"run": dict(left["run"]), "marked": int(left["marked"]), "bytes": int(left["bytes"])}
        except (ValueError, TypeError, KeyError):
            LOG.warning("%s is damaged: %s is drawn from its start.", self.journal, self.path)
            return None

    def _sweep(self) -> None:
        """Remove what writers that died left."""
        for path in (self.journal, *left_by_the_dead(self.path)):
            discard(path)

    def add(
        self, times: np.ndarray, rain: np.ndarray, mean: np.ndarray | None = None, first_member: int | None = None
    ) -> None:
        """Write hours.

        Parameters
        ----------
        times : ndarray of datetime64, (hour,)
            Ends of consecutive hours of the layout.
        rain : ndarray, (member, hour, y, x)
            mm h-1.
        mean : ndarray, optional, (hour, y, x)
            Conditional mean, mm h-1.
        first_member : int, optional
            Number of the first of these members, where they are not all.
        """
        at = int(np.searchsorted(self.layout.times, np.asarray(times, "datetime64[s]")[0]))
        first = 0 if first_member is None else self.layout.members.index(first_member)
        try:
            if self._sink is None:
                self._sink = self.form.open(self.part, self.layout, True)
            self._sink.write(slice(at, at + len(times)), rain, mean, slice(first, first + len(rain)))
        except (OSError, RuntimeError) as error:  # netCDF4 calls a full disk a RuntimeError
            raise self._failed(error) from error

    def mark(self, hours: int) -> None:
        """Note that all members of the first hours of the run are written: one that is killed goes on from here."""
        self.marked = hours
        if self.resume and self._sink is not None:
            os.sync()
            note = {"marked": hours, "bytes": self.part.stat().st_size, "run": self.layout.fingerprint()}
            write_text(self.journal, json.dumps(note))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; give the file its name, or remove it after an error."""
        with self._stack:
            try:
                if self._sink is not None:
                    self._sink.close()
                if kind is None and self._sink is not None:
                    self._finish()
            except (OSError, RuntimeError) as failure:
                raise self._failed(failure) from failure
            finally:
                if not self.resume and self.part.exists():
                    discard(self.part)

    def _finish(self) -> None:
        self.form.put(self.part, self.path, self.layout)
        discard(self.journal)
        discard(self.part)

    def _failed(self, error: Exception) -> ScaleAdaptError:
        free = shutil.disk_usage(self.path.parent).free / 1e6
        return ScaleAdaptError(f"{self.path} could not be written: {error} ({free:.0f} MB are free).")


def check_members(path: Path, *inputs: str | None) -> Path:
    """Check that a file of members can be written, before the work begins; return its path.

    Raises
    ------
    ScaleAdaptError
        As :func:`anemoi_scaleadapt.files.check_target`, or for a suffix of no known format.
    """
    suffix(path)
    check_target(path, [Path(name) for name in inputs if name])
    return path


def suffix(path: Path) -> str:
    """Return the suffix of a file of members, which says its format."""
    known = (".nc", ".zarr", *GRIB)
    if path.suffix not in known:
        raise ScaleAdaptError(f"{path}: the name of a file of members ends in {' or '.join(known)}.")
    return path.suffix
