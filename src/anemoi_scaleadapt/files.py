"""Files that are there whole or not at all, and one writer at a time.

What is being written lies beside its place under a hidden name that ends in ``.part``. A run that can go on later
uses one that it finds again; everything else has a token of its own in it.
"""

import errno
import os
import re
import secrets
import shutil
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from anemoi_scaleadapt.errors import ScaleAdaptError

#: locks of this process, which the system would grant it twice
_CLAIMED: set[Path] = set()


def part_of(path: Path, token: str = "") -> Path:
    """Temporary name of a file or folder, beside it: ``.NAME.part``, or ``.NAME.TOKEN.part``."""
    return path.with_name(f".{path.name}{token and '.' + token}.part")


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Write a file beside its place and move it there when it is complete.

    Parameters
    ----------
    path : Path
        Where the file belongs; what is there stays until the new one is complete.

    Yields
    ------
    Path
        The temporary name to write to. It is gone afterwards, also after an error.
    """
    part = part_of(path, f"{os.getpid()}-{secrets.token_hex(3)}")
    try:
        yield part
        put_in_place(part, path)
    finally:
        part.unlink(missing_ok=True)


def put_in_place(part: Path, path: Path) -> None:
    """Give a complete file or folder its name, once its bytes are on the disk; what was there goes."""
    if not part.is_dir():
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
        return
    os.sync()
    if path.is_dir() and not path.is_symlink():  # a folder replaces no other one: the old one leaves first
        old = part_of(path, "old")
        discard(old)
        path.rename(old)
        part.rename(path)
        discard(old)
    else:
        part.rename(path)


def left_by_the_dead(path: Path) -> list[Path]:
    """What processes that died left of a path beside it; only for its one writer, see :func:`claim`."""
    name = re.compile(rf"\.{re.escape(path.name)}(\.old|\.\d+-[0-9a-f]{{6}})?\.part")
    return [found for found in path.parent.iterdir() if name.fullmatch(found.name)]


def discard(path: Path) -> None:
    """Remove a file or folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file in one go."""
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")


def check_target(path: Path, inputs: Iterable[Path] = ()) -> None:
    """Check that a file or Zarr can be written, before the work begins.

    Parameters
    ----------
    path : Path
        File or Zarr to write.
    inputs : iterable of Path
        Files and folders that are read; those that are not there do not matter.

    Raises
    ------
    ScaleAdaptError
        If the folder is not there or not writable, the name is that of a device or of a folder of other things, or
        writing would replace an input.
    """
    top = path.absolute().parts[1:3]
    special = top[:1] == ("proc",) or (top[:1] == ("dev",) and top[1:] != ("shm",))
    if special or (path.exists() and not (path.is_file() or path.is_dir())):
        raise ScaleAdaptError(f"{path} is a device and cannot be written as a file: give another name.")
    for source in inputs:
        if source.exists() and path.exists() and path.samefile(source):
            raise ScaleAdaptError(f"{path} is an input of this run and would be replaced: give another name.")
        if source.resolve() in path.resolve().parents or (path.is_dir() and path.resolve() in source.resolve().parents):
            raise ScaleAdaptError(f"{path} and the input {source} lie one in the other: give another name.")
    if path.is_dir() and not _is_zarr(path):
        raise ScaleAdaptError(f"{path} is a folder and no Zarr: give another name.")
    if not path.parent.is_dir():
        raise ScaleAdaptError(f"{path} cannot be written, its folder is not there: make it first.")
    with claim(path):
        pass


def _is_zarr(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (".zgroup", "zarr.json")) or not any(folder.iterdir())


@contextmanager
def claim(path: Path) -> Iterator[None]:
    """Be the only writer of a path, by a lock that the system takes back from a process that dies.

    A child of the process does not hold the lock: one that outlives it is in nobody's way.

    Raises
    ------
    ScaleAdaptError
        If another process (or this one) writes it, or the folder is not writable.
    """
    import fcntl

    lock = path.with_name(f".{path.name}.lock").absolute()
    if lock in _CLAIMED:
        raise _taken(path, f"{os.getpid()} on {socket.gethostname()}")
    while True:
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise ScaleAdaptError(f"{path} cannot be written: {error.strerror} in {path.parent or '.'}.") from error
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                owner = os.read(descriptor, 200).decode(errors="replace")
                os.close(descriptor)
                raise _taken(path, owner) from None
            break  # a file system without locks: as good as it gets
        try:
            if os.stat(lock).st_ino == os.fstat(descriptor).st_ino:
                break
        except FileNotFoundError:
            pass
        os.close(descriptor)  # its owner took the name away between our two calls
    _CLAIMED.add(lock)
    try:
        with suppress(OSError):  # a full disk: the lock holds all the same
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()} on {socket.gethostname()}".encode(), 0)
        yield
    finally:
        _CLAIMED.discard(lock)
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def _taken(path: Path, owner: str) -> ScaleAdaptError:
    who = f"another process ({owner})" if owner else "another process"
    return ScaleAdaptError(f"{path} is being written by {who}: wait for it, stop it, or give another name.")
