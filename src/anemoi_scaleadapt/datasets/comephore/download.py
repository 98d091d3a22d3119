"""Fetch a large file over a line that breaks: resume, retry with back-off, check, then rename.

A file has its final name only when it is whole. Until then it is ``NAME.part`` beside it, which a later call
continues.
"""

import hashlib
import os
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import requests

from anemoi_scaleadapt.datasets.comephore.catalogue import Resource
from anemoi_scaleadapt.errors import ScaleAdaptError

CHUNK = 1 << 14
#: HTTP answers after which asking again is of no use.
FINAL = {400, 401, 403, 404, 405, 410}


class BrokenError(Exception):
    """This try failed; another may not."""


def total_size(response: requests.Response, have: int) -> int | None:
    """Size of the whole file from an answer to a request for its rest, None where the server does not say."""
    if response.status_code == 206:
        total = response.headers.get("Content-Range", "").rpartition("/")[2]
        return int(total) if total.isdigit() else None
    if response.headers.get("Content-Encoding"):
        return None
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def continue_part(
    session: requests.Session,
    resource: Resource,
    part: Path,
    timeout: float,
    progress: Callable[[int, int | None], None],
) -> None:
    """One try: append what is missing to ``part``.

    Raises
    ------
    BrokenError
        When the file is not whole afterwards.
    ScaleAdaptError
        When the server says that there is no such file.
    """
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with session.get(resource.url, headers=headers, stream=True, timeout=timeout) as response:
            if response.status_code in FINAL:
                raise ScaleAdaptError(f"{resource.url}: the server answers {response.status_code} {response.reason}.")
            if response.status_code == 416:  # nothing behind what we have: either whole or of another file
                if response.headers.get("Content-Range", "").rpartition("/")[2] == str(have):
                    return
                part.unlink(missing_ok=True)
                raise BrokenError("the part does not fit the file")
            if response.status_code not in (200, 206):
                raise BrokenError(f"the server answers {response.status_code} {response.reason}")
            if response.status_code == 206 and not response.headers.get("Content-Range", "").startswith(
                f"bytes {have}-"
            ):
                raise BrokenError("the server sends another range than asked for")
            resumed = response.status_code == 206
            total = total_size(response, have)
            written = have if resumed else 0
            progress(written, total)
            with open(part, "ab" if resumed else "wb") as file:
                # Small reads: what was read of a block when the line breaks is lost.
                for block in response.iter_content(CHUNK):
                    file.write(block)
                    written += len(block)
                    progress(written, total)
    except (requests.RequestException, OSError) as error:
        if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
            raise ScaleAdaptError(f"{part}: cannot be written ({error}).") from error
        raise BrokenError(str(error)) from error
    expected = total if total is not None else resource.size
    if expected is not None and written != expected:
        if written > expected:
            part.unlink(missing_ok=True)
        raise BrokenError(f"{written} of {expected} bytes came")


def check(resource: Resource, part: Path) -> None:
    """Compare with the catalogue's checksum, and walk through the tar to its end.

    Raises
    ------
    BrokenError
        When it is another file, or not a whole tar; the part is deleted, for a later try must
        not continue it.
    """
    wrong = None
    if resource.checksum and resource.checksum[0] in hashlib.algorithms_available:
        kind, value = resource.checksum
        with open(part, "rb") as file:
            digest = hashlib.file_digest(file, kind).hexdigest()
        wrong = None if digest == value else f"the {kind} is {digest}, the catalogue says {value}"
    try:
        with tarfile.open(part, "r:") as tar:
            members = [member for member in tar if member.isfile()]
        if not members:
            wrong = wrong or "the tar is empty"
        elif members[-1].offset_data + members[-1].size > part.stat().st_size:
            wrong = wrong or "the tar is cut off"
    except (tarfile.TarError, OSError) as error:
        wrong = wrong or f"it is no whole tar ({error})"
    if wrong:
        part.unlink(missing_ok=True)
        raise BrokenError(wrong)


def download(
    session: requests.Session,
    resource: Resource,
    folder: Path,
    tries: int = 6,
    pause: float = 2.0,
    timeout: float = 60.0,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
    tell: Callable[[str], None] = lambda text: None,
) -> bool:
    """Fetch one file unless it is there.

    Parameters
    ----------
    session
        Of requests.
    resource
        What, from where.
    folder
        To where; exists.
    tries
        Successive tries without one more byte; a try that brought some counts anew.
    pause
        Seconds before the second try; doubled before each further one, at most 5 minutes.
    timeout
        Seconds without a byte after which a try is given up.
    progress
        Called with bytes there and in all (None: unknown).
    tell
        Called with a line on every failed try.

    Returns
    -------
    bool
        False when the file was there.

    Raises
    ------
    ScaleAdaptError
        When it cannot be had; what came stays in ``NAME.part`` for the next call.
    """
    final = folder / resource.name
    if final.exists():
        return False
    part = folder / f"{resource.name}.part"
    failures, checked = 0, 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            continue_part(session, resource, part, timeout, progress)
            checked += 1
            check(resource, part)
            os.replace(part, final)
            return True
        except BrokenError as error:
            grown = part.exists() and part.stat().st_size > before
            failures = 1 if grown else failures + 1
            if failures >= tries or checked >= tries:
                kept = f" What came is kept in {part}: the same command goes on from there." if part.exists() else ""
                raise ScaleAdaptError(f"{resource.url}: {error}, after {tries} tries.{kept}") from error
            wait = min(pause * 2 ** (failures - 1), 300.0)
            tell(f"{resource.name}: {error}; again in {wait:g} s")
            time.sleep(wait)
