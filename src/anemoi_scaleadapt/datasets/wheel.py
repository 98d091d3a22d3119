"""Download one wheel from the Python package index with whatever pip this machine has."""

import shutil
import subprocess
import sys
from pathlib import Path

from anemoi_scaleadapt.errors import ScaleAdaptError


def pip_commands(scratch: Path) -> list[list[list[str]]]:
    """Ways to run pip, the likeliest first: each a list of commands, the last of which is pip itself.

    An environment made by uv has no pip, so the list goes on to other Pythons of the machine, to a fresh
    environment in ``scratch`` and to uv.
    """
    fresh = scratch / "pip-environment"
    ways = [[[sys.executable, "-m", "pip"]]]
    for name in ("python3", "python"):
        if path := shutil.which(name):
            ways.append([[path, "-m", "pip"]])
    if path := shutil.which("pip"):
        ways.append([[path]])
    ways.append([[sys.executable, "-m", "venv", str(fresh)], [str(fresh / "bin" / "python"), "-m", "pip"]])
    if path := shutil.which("uv"):
        ways.append([[path, "tool", "run", "pip"]])
    return ways


def download(requirement: str, folder: Path) -> Path:
    """Download the wheel of ``requirement`` (no dependencies) into ``folder``.

    Parameters
    ----------
    requirement
        Such as ``pycomlink==0.6.0``.
    folder
        Exists.

    Raises
    ------
    ScaleAdaptError
        When no pip is found, or pip cannot download it; with pip's last words.
    """
    said = "no pip was found"
    for way in pip_commands(folder):
        *before, pip = way
        try:
            for command in before:
                subprocess.run(command, check=True, capture_output=True)
            if subprocess.run([*pip, "--version"], capture_output=True).returncode:
                continue
        except (OSError, subprocess.CalledProcessError):
            continue
        done = subprocess.run(
            [*pip, "download", "--no-deps", "--only-binary", ":all:", "--disable-pip-version-check",
             "--dest", str(folder), requirement],
            capture_output=True, text=True,
        )  # fmt: skip
        wheels = sorted(folder.glob("*.whl"))
        if done.returncode == 0 and wheels:
            return wheels[0]
        said = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
    raise ScaleAdaptError(
        f"cannot download {requirement}: {said}. Download its wheel by hand (`pip download --no-deps "
        f"{requirement}`) and give it with --wheel FILE."
    )
