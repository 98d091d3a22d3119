"""A file of members in any format, by its suffix."""

from pathlib import Path

from anemoi_scaleadapt.rain.layout import Layout
from anemoi_scaleadapt.rain.members import GRIB, MembersFile


def open_members(path: Path, layout: Layout, resume: bool = False) -> MembersFile:
    """Open FILE.nc, FILE.zarr or FILE.grib2 to write members; GRIB alone imports anemoi-inference."""
    if path.suffix not in GRIB:
        return MembersFile(path, layout, resume)
    from anemoi_scaleadapt.inference.grib import Grib

    return MembersFile(path, layout, resume, Grib(layout).format)
