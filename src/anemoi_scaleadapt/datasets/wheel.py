"""Download one wheel from the Python package index."""

import shutil
import subprocess
import sys
from importlib.machinery import PathFinder
from pathlib import Path

from anemoi_scaleadapt.errors import ScaleAdaptError


def download(requirement: str, folder: Path) -> Path:
    """Download the wheel of `requirement` (no dependencies) into `folder`.

    Uses this environment's pip or, where uv made the environment without one, the pip that uv runs.

    Parameters
    ----------
    requirement
        Such as ``pycomlink==0.6.0``.
    folder
        Exists.

    Raises
    ------
    ScaleAdaptError
        When there is neither, or the wheel cannot be had; with pip's last words.
    """
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    # not importlib.util.find_spec: setuptools takes that for an import of pip, and then cannot be imported itself
    if PathFinder.find_spec("pip"):
        pip = [sys.executable, "-m", "pip"]
    elif uv:
        pip = [uv, "tool", "run", "pip"]
    else:
        raise _by_hand(requirement, "no pip was found")
    flags = ["--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--dest", str(folder)]
    done = subprocess.run([*pip, "download", *flags, requirement], capture_output=True, text=True)
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise _by_hand(requirement, (done.stderr.strip().splitlines() or ["pip said nothing"])[-1])
    return wheels[0]


def _by_hand(requirement: str, reason: str) -> ScaleAdaptError:
    return ScaleAdaptError(
        f"cannot download {requirement}: {reason}. Download its wheel by hand (`pip download --no-deps {requirement}`) "
        "and give it with --wheel FILE."
    )
