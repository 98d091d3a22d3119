"""Members in a NetCDF file."""

from pathlib import Path
from typing import Any

import numpy as np

from anemoi_scaleadapt.rain.layout import Layout, Variable, coordinates, encode, fields, global_attributes


class NetCDF:
    """A NetCDF file with all its hours, to be filled in.

    Parameters
    ----------
    path : Path
        File to make.
    layout : Layout
        What it holds.
    """

    def __init__(self, path: Path, layout: Layout, new: bool = True) -> None:
        import netCDF4

        self.layout = layout
        self.file = netCDF4.Dataset(path, "w", format="NETCDF4")
        self.file.setncatts(global_attributes(layout))
        for name, size in (layout.sizes | {"bnds": 2}).items():
            self.file.createDimension(name, size)
        for variable in coordinates(layout):
            self._variable(variable)[...] = variable.values
        for variable in fields(layout):
            chunk = (1,) * (len(variable.dimensions) - 2) + layout.shape
            grown = self._variable(
                variable, zlib=True, complevel=1, shuffle=True, chunksizes=chunk, fill_value=variable.values[()]
            )
            grown.set_auto_maskandscale(False)

    def _variable(self, variable: Variable, **how: Any) -> Any:
        made = self.file.createVariable(variable.name, variable.values.dtype, variable.dimensions, **how)
        made.setncatts(variable.attributes)
        return made

    def write(self, hours: slice, rain: np.ndarray, mean: np.ndarray | None, members: slice) -> None:
        """Write rain (member, hour, y, x) and the mean (hour, y, x), mm h-1."""
        self.file["rain"][members, hours] = encode(self.layout, rain)
        if mean is not None:
            self.file["rain_mean"][hours] = encode(self.layout, mean)

    def close(self) -> None:
        """Complete the file."""
        self.file.close()


def run_of(path: Path) -> str | None:
    """Hash of the run that made a file, None where it does not say."""
    import netCDF4

    try:
        with netCDF4.Dataset(path) as file:
            return getattr(file, "scaleadapt_run", None)
    except OSError:
        return None
