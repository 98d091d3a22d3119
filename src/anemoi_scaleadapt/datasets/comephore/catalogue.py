"""Which monthly tars there are, and where: the dataset API of data.gouv.fr."""

import re
from dataclasses import dataclass
from typing import Any

import requests

from anemoi_scaleadapt.errors import ScaleAdaptError

#: "Réanalyses Coméphore" of Météo-France, Licence Ouverte 2.0.
API = "https://www.data.gouv.fr/api/1/datasets/669e23a7ce052a9e8521b75e/"
TITLE = re.compile(r"H_COMEPHORE_(\d{6})")


@dataclass(frozen=True)
class Resource:
    """One monthly tar of the catalogue; size and checksum where it gives them."""

    month: str
    url: str
    size: int | None = None
    checksum: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        """The file's name, ``H_COMEPHORE_YYYYMM.tar``."""
        return f"H_COMEPHORE_{self.month}.tar"


def parse(answer: dict[str, Any]) -> dict[str, Resource]:
    """Monthly tars by month from the API's answer; resources that are none (documents) are passed over."""
    found = {}
    for entry in answer.get("resources", []):
        text = f"{entry.get('title') or ''} {entry.get('url') or ''}"
        match = TITLE.search(text)
        if not match or not entry.get("url") or not (entry.get("format") == "tar" or entry["url"].endswith(".tar")):
            continue
        checksum = entry.get("checksum") or {}
        known = (checksum["type"].lower(), checksum["value"].lower()) if checksum.get("value") else None
        found[match[1]] = Resource(match[1], entry["url"], entry.get("filesize") or None, known)
    return found


def fetch(session: requests.Session, api: str = API, timeout: float = 60.0) -> dict[str, Resource]:
    """Ask the API.

    Raises
    ------
    ScaleAdaptError
        When it does not answer, or knows no monthly tar.
    """
    try:
        response = session.get(api, timeout=timeout)
        response.raise_for_status()
        found = parse(response.json())
    except (requests.RequestException, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ScaleAdaptError(f"--api {api}: the catalogue cannot be read ({error}). Try again later.") from error
    if not found:
        raise ScaleAdaptError(f"--api {api}: the catalogue names no H_COMEPHORE_YYYYMM.tar.")
    return found
