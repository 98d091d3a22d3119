"""Where every hour lies: monthly tars that are read in place, folders of frames, single frames.

A tar is scanned when one of its months is asked for, and at most a few tars' directories are held, so that
neither time nor memory grows with the length of the archive.
"""

import datetime as dt
import os
import re
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from glob import glob, has_magic

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.hours import ONE_HOUR

FRAME = re.compile(r"(?:^|/)(\d{10})_(RR|ERR|QUALIF)\.g?tiff?$")
TAR = re.compile(r"(\d{4})(\d\d)\.tar$")
#: Endings of the files of an archive.
FRAME_ENDINGS = (".gtif", ".tif", ".tiff", ".gtiff")
ARCHIVE_ENDINGS = (".tar", *FRAME_ENDINGS)
Key = tuple[dt.datetime, str]


class UnreadableError(ScaleAdaptError):
    """The bytes are no whole TIFF: what ``missing_files: nan`` may turn into missing values."""


@dataclass(frozen=True)
class Location:
    """The bytes of one frame: a file, or a part of a tar."""

    path: str
    member: str | None = None
    offset: int = 0
    size: int = 0

    def __str__(self) -> str:
        """For messages."""
        return f"{self.path}: {self.member}" if self.member else self.path

    def read(self) -> bytes:
        """The bytes.

        Raises
        ------
        UnreadableError
            When the file cannot be read or ends before them.
        """
        try:
            with open(self.path, "rb") as file:
                file.seek(self.offset)
                data = file.read(self.size) if self.member else file.read()
        except OSError as error:
            raise UnreadableError(f"cannot be read ({error})") from error
        if self.member and len(data) < self.size:
            raise UnreadableError(f"cut off: {len(data)} of {self.size} bytes")
        return data


def frame_key(name: str) -> Key | None:
    """Hour-end and kind from a name such as ``2018/2018021800_RR.gtif``; None for any other file."""
    match = FRAME.search(name.replace(os.sep, "/"))
    try:
        return (dt.datetime.strptime(match[1], "%Y%m%d%H"), match[2]) if match else None
    except ValueError:
        return None


@dataclass(frozen=True)
class Directory:
    """What a tar holds, and what was wrong with it."""

    frames: tuple[tuple[Key, Location], ...]
    fault: str | None = None


@lru_cache(maxsize=4)
def scan_tar(path: str, changed: float) -> Directory:
    """Find the frames in a tar by reading its headers only.

    Parameters
    ----------
    path
        The tar, not compressed.
    changed
        Time of its last change, so that a tar that was replaced is scanned again.
    """
    found, fault = [], None
    try:
        # ignore_zeros goes on after a damaged header, so that the members behind it are not lost.
        with tarfile.open(path, "r:", ignore_zeros=True) as tar:
            for member in tar:
                if member.isfile() and (key := frame_key(member.name)):
                    found.append((key, Location(path, member.name, member.offset_data, member.size)))
    except (tarfile.TarError, OSError) as error:
        last = f" after {found[-1][1].member}" if found else ""
        fault = f"the tar is damaged or cut off{last} ({error})"
    return Directory(tuple(found), fault)


def tar_month(path: str) -> str | None:
    """``YYYYMM`` from the name of a monthly tar, None where the name has none."""
    match = TAR.search(path)
    return match[1] + match[2] if match else None


def files_of(paths: Iterable[str], endings: tuple[str, ...]) -> list[str]:
    """All files with one of the endings in files, folders (with what is below them) and globs, sorted.

    Raises
    ------
    ScaleAdaptError
        For a path that does not exist or a glob that matches nothing.
    """
    found = set()
    for path in paths:
        matches = glob(path, recursive=True) if has_magic(path) else [path] * os.path.exists(path)
        if not matches:
            raise ScaleAdaptError(f"path: {path}: no such file or folder.")
        for match in matches:
            if os.path.isdir(match):
                found |= {
                    os.path.join(folder, name)
                    for folder, _, names in os.walk(match)
                    for name in names
                    if name.endswith(endings)
                }
            elif match.endswith(endings):
                found.add(match)
    return sorted(found, key=lambda p: (os.path.basename(p), p))


class Archive:
    """The frames of an archive.

    Parameters
    ----------
    path
        A tar, a frame, a folder of either, a glob, or a list of these.

    Raises
    ------
    ScaleAdaptError
        When there is no tar and no frame.
    """

    def __init__(self, path: str | list[str]) -> None:
        """List the files; no tar is opened yet."""
        self.path = path
        paths = [path] if isinstance(path, str | os.PathLike) else list(path)
        files = files_of([os.fspath(p) for p in paths], ARCHIVE_ENDINGS)
        self.tars = [f for f in files if f.endswith(".tar")]
        self.loose = [(key, Location(f)) for f in files if not f.endswith(".tar") and (key := frame_key(f))]
        if not self.tars and not self.loose:
            raise ScaleAdaptError(
                f"path: {path}: no monthly tar (H_COMEPHORE_YYYYMM.tar) and no frame (YYYYMMDDHH_RR.gtif) is there."
            )

    def directory(self, tar: str) -> Directory:
        """What one tar holds."""
        try:
            changed = os.path.getmtime(tar)
        except OSError as error:
            return Directory((), f"cannot be read ({error})")
        return scan_tar(tar, changed)

    def first(self, kind: str) -> Iterator[tuple[Key, Location]]:
        """All frames of a kind, month after month, for looking at the first good one."""
        for tar in self.tars:
            yield from (f for f in self.directory(tar).frames if f[0][1] == kind)
        yield from (f for f in self.loose if f[0][1] == kind)

    def locate(self, dates: Iterable[dt.datetime]) -> tuple[dict[Key, Location], list[str]]:
        """The frames of some hours.

        Parameters
        ----------
        dates
            Hour-ends, UTC, naive.

        Returns
        -------
        tuple
            Location by (date, kind), of the hours asked for; faults of the tars that were looked into.

        Raises
        ------
        ScaleAdaptError
            When an hour is there twice.
        """
        wanted = set(dates)
        # The hour that ends at 00:00 of the 1st lies in the month before; looking in both also finds doubles.
        months = {f"{d:%Y%m}" for d in wanted} | {f"{d - ONE_HOUR:%Y%m}" for d in wanted}
        found: dict[Key, Location] = {}
        faults = []
        frames = list(self.loose)
        for tar in self.tars:
            if (month := tar_month(tar)) is None or month in months:
                directory = self.directory(tar)
                frames += directory.frames
                if directory.fault:
                    faults.append(f"{tar}: {directory.fault}")
                elif not directory.frames:
                    faults.append(f"{tar}: holds no frame (YYYYMMDDHH_RR.gtif)")
        for key, location in frames:
            if key[0] not in wanted:
                continue
            if key in found:
                raise ScaleAdaptError(
                    f"the hour {key[0]:%Y-%m-%dT%H} {key[1]} is there twice: {found[key]} and "
                    f"{location}. Remove one, or give a narrower path."
                )
            found[key] = location
        return found, faults
