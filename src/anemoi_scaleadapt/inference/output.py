"""The output of anemoi-inference that holds an ensemble: one CF NetCDF file, member x time x y x x."""

import datetime
import os
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from anemoi.inference.decorators import ensure_path, main_argument
from anemoi.inference.output import Output

import anemoi_scaleadapt

EPOCH = datetime.datetime(1970, 1, 1)


@main_argument("path")
@ensure_path("path")
class MembersOutput(Output):
    """Write members to a CF NetCDF file; ``output: {hr: {members: FILE.nc}, lr: none}``.

    The file grows under ``FILE.nc.part`` and gets its name when it is complete.

    Parameters
    ----------
    context : Runner
        A :class:`anemoi_scaleadapt.inference.runner.ScaleAdaptRunner`.
    metadata : Metadata
        Of the dataset.
    path : Path
        File to write.
    **kwargs
        As every output of anemoi-inference.
    """

    #: the runner hands over fields of shape (member, grid)
    takes_members = True

    def __init__(self, context: Any, metadata: Any, *, path: Path, **kwargs: Any) -> None:
        super().__init__(context, metadata, **kwargs)
        self.path = Path(path)
        self.part = self.path.with_name(self.path.name + ".part")
        self.file: netCDF4.Dataset | None = None

    def __repr__(self) -> str:
        return f"MembersOutput({self.path})"

    def open(self, state: dict) -> None:
        """Create the file with its coordinates."""
        height, width = self.context.grid.shape
        members = self.context.members
        file = self.file = netCDF4.Dataset(self.part, "w", format="NETCDF4")
        for name, size in (("member", len(members)), ("time", None), ("y", height), ("x", width)):
            file.createDimension(name, size)
        self._coordinate("member", "i4", ("member",), standard_name="realization")[:] = list(members)
        units = {"units": "hours since 1970-01-01 00:00:00", "calendar": "standard"}
        self._coordinate("time", "f8", ("time",), standard_name="time", long_name="end of the hour, UTC", **units)
        reference = self._coordinate(
            "forecast_reference_time", "f8", (), standard_name="forecast_reference_time", **units
        )
        reference[...] = _hours(self.context.reference_date)
        for axis, size in (("y", height), ("x", width)):
            self._coordinate(axis, "i4", (axis,), long_name=f"index of the pixel along {axis}")[:] = np.arange(size)
        for name, unit, values in (
            ("latitude", "degrees_north", state["latitudes"]),
            ("longitude", "degrees_east", state["longitudes"]),
        ):
            self._coordinate(name, "f8", ("y", "x"), standard_name=name, units=unit)[:] = values.reshape(height, width)
        scale = self.context.model.model.scale
        checkpoint = Path(self.context.checkpoint.path).name
        file.setncatts(
            {
                "Conventions": "CF-1.10",
                "title": "Precipitation ensemble at fine resolution from coarse precipitation",
                "source": f"anemoi-scaleadapt {anemoi_scaleadapt.__version__}, checkpoint {checkpoint}",
                "scaleadapt_space_factor": scale.space,
                "scaleadapt_time_factor": scale.time,
                "scaleadapt_seed": self.context.config.seed or 0,
            }
        )

    def _coordinate(self, name: str, kind: str, dimensions: tuple[str, ...], **attributes: str) -> netCDF4.Variable:
        variable = self.file.createVariable(name, kind, dimensions)
        variable.setncatts(attributes)
        return variable

    def write_step(self, state: dict) -> None:
        """Append one hour."""
        file, (height, width) = self.file, self.context.grid.shape
        hour = len(file.dimensions["time"])
        file["time"][hour] = _hours(state["date"])
        for name, values in state["fields"].items():
            if self.skip_variable(name):
                continue
            by_member = values.ndim == 2
            if name not in file.variables:
                self._rain(name, by_member)
            if by_member:
                file[name][:, hour] = values.reshape(-1, height, width)
            else:
                file[name][hour] = values.reshape(height, width)
        file.sync()

    def _rain(self, name: str, by_member: bool) -> None:
        height, width = self.context.grid.shape
        dimensions = ("member", "time", "y", "x") if by_member else ("time", "y", "x")
        chunks = (1, 1, height, width)[-len(dimensions) :]
        variable = self.file.createVariable(
            name,
            "f4",
            dimensions,
            zlib=True,
            complevel=1,
            shuffle=True,
            chunksizes=chunks,
            fill_value=np.float32(np.nan),
        )
        what = "rain rate" if by_member else "rain rate of the conditional mean"
        variable.setncatts(
            {
                "units": "mm h-1",
                "long_name": f"{what}, mean over the preceding hour",
                "cell_methods": "time: mean",
                "coordinates": "latitude longitude forecast_reference_time",
            }
        )

    def close(self) -> None:
        """Complete the file and give it its name."""
        if self.file is not None:
            self.file.close()
            self.file = None
            os.replace(self.part, self.path)

    def abandon(self) -> None:
        """Drop an incomplete file."""
        if self.file is not None:
            self.file.close()
            self.file = None
            self.part.unlink(missing_ok=True)


def _hours(date: datetime.datetime) -> float:
    return (date.replace(tzinfo=None) - EPOCH).total_seconds() / 3600
