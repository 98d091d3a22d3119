"""Members in a Zarr: any part of the hours and members can be written by itself, by any process."""

from pathlib import Path
from typing import Any

import numpy as np

from anemoi_scaleadapt.rain.layout import MISSING, Layout, Variable, coordinates, encode, fields, global_attributes

#: a chunk is at most this many bytes before compression
LARGEST = 2**25


class Store:
    """A Zarr with all its hours and members, to be filled in.

    A chunk is the t hours of a window of one member (or more, see :attr:`Layout.chunk`), over the whole domain if that
    is not too large: whatever windows and members are written at once, they are whole chunks. The format is that of
    the zarr library: 2, or 3 from zarr 3 on. A chunk that is missing everywhere takes no room; in format 3 a dry one
    does not either. In format 2 it takes some kilobytes, because xarray takes a chunk that is not there for missing.

    Parameters
    ----------
    path : Path
        Folder of the Zarr.
    layout : Layout
        What it holds.
    new : bool
        Whether to make it; otherwise it is there.
    """

    def __init__(self, path: Path, layout: Layout, new: bool = True) -> None:
        import zarr

        self.layout = layout
        if new:
            create(path, layout)
        dry: dict[str, Any] = {} if zarr.__version__ >= "3" else {"write_empty_chunks": False}
        self.arrays: dict[str, Any] = {
            variable.name: zarr.open_array(str(path / variable.name), mode="r+", **dry) for variable in fields(layout)
        }

    def write(self, hours: slice, rain: np.ndarray, mean: np.ndarray | None, members: slice) -> None:
        """Write rain (member, hour, y, x) and the mean (hour, y, x), mm h-1."""
        self.arrays["rain"][members, hours] = encode(self.layout, rain)
        if mean is not None:
            self.arrays["rain_mean"][hours] = encode(self.layout, mean)

    def close(self) -> None:
        """Nothing is open."""


def create(path: Path, layout: Layout) -> None:
    """Make the Zarr with its coordinates and nothing else."""
    import zarr

    three = zarr.__version__ >= "3"
    group: Any = zarr.open_group(str(path), mode="w", **({"zarr_format": 3} if three else {}))
    group.attrs.update({name: plain(value) for name, value in global_attributes(layout).items()})
    for variable in coordinates(layout):
        _array(group, variable, variable.values.shape, variable.values.shape, three)[...] = variable.values
    for variable in fields(layout):
        shape = tuple(layout.sizes[name] for name in variable.dimensions)
        chunk = chunk_shape(layout, variable.values.dtype.itemsize)[-len(shape) :]
        _array(group, variable, shape, chunk, three, grows=True)
    if not three:
        zarr.consolidate_metadata(str(path))


def chunk_shape(layout: Layout, itemsize: int) -> tuple[int, int, int, int]:
    """Chunk (member, time, y, x) of one member: as many of the layout's hours, or as much of its domain, as fit."""
    hours, (y, x) = min(layout.chunk or layout.time, len(layout.times)), layout.shape
    if hours * y * x * itemsize > LARGEST:
        frames = hours // layout.time
        fits = [n for n in range(1, frames + 1) if not frames % n and n * layout.time * y * x * itemsize <= LARGEST]
        hours = max(fits, default=1) * layout.time
    while hours * y * x * itemsize > LARGEST:
        y, x = (-(-y // 2), x) if y >= x else (y, -(-x // 2))
    return 1, hours, y, x


def _array(group: Any, variable: Variable, shape: Any, chunk: Any, three: bool, grows: bool = False) -> Any:
    attributes = {name: plain(value) for name, value in variable.attributes.items()}
    kind, empty = variable.values.dtype, variable.values[()] if grows else None
    packed = grows and kind.kind == "i"
    if three:
        from zarr.codecs import BloscCodec

        made = group.create_array(
            variable.name,
            shape=shape,
            chunks=tuple(max(1, n) for n in chunk),
            dtype=kind,
            fill_value=0,
            compressors=BloscCodec(cname="zstd", clevel=3, shuffle="shuffle", typesize=kind.itemsize),
            dimension_names=variable.dimensions,
            config={"write_empty_chunks": False},
        )
        attributes |= {"_FillValue": MISSING} if packed else {}
    else:
        from numcodecs import Blosc

        made = group.create_dataset(
            variable.name,
            shape=shape,
            chunks=chunk or None,
            dtype=kind,
            fill_value=empty,
            compressor=Blosc("zstd", 3, Blosc.SHUFFLE),
            write_empty_chunks=False,
        )
        attributes["_ARRAY_DIMENSIONS"] = list(variable.dimensions)
    made.attrs.update(attributes)
    return made


def plain(value: Any) -> Any:
    """A number of numpy as one of Python; anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def run_of(path: Path) -> str | None:
    """Hash of the run that made a Zarr, None where it does not say."""
    import zarr

    try:
        return zarr.open_group(str(path), mode="r").attrs.get("scaleadapt_run")
    except (OSError, ValueError, KeyError):
        return None
