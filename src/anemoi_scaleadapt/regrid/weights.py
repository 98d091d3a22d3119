"""Conservative weights from any cells to the blocks of a fine grid, as a sparse matrix.

A block's rain is the mean of the input's rain over the block's area on the Earth: overlaps are measured between
polygons in an equal-area plane. The file is the one that anemoi-transform's filter ``regrid`` reads.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy import sparse

from anemoi_scaleadapt.errors import ScaleAdaptError
from anemoi_scaleadapt.files import whole
from anemoi_scaleadapt.regrid.blocks import Blocks
from anemoi_scaleadapt.regrid.cells import Cells, polygons
from anemoi_scaleadapt.regrid.projection import equal_area, to_xy

#: a block with less of its area covered by the input is missing
MIN_COVER = 0.99
#: what a file holds: parts of the matrix, and by their names in it the other fields of :class:`Weights`
MATRIX = ("data", "indices", "indptr", "shape")
KEYS = {
    "in_latitudes": "latitude", "in_longitudes": "longitude", "out_latitudes": "block_latitude",
    "out_longitudes": "block_longitude", "out_shape": "shape", "space_factor": "s", "cover": "cover",
    "area_km2": "area", "min_cover": "min_cover",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights from n cells to Y x X blocks.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array
        (Y * X, n); rows sum to 1, or hold one NaN where the block is missing.
    shape : tuple of int
        (Y, X).
    s : int
        Fine pixels on a side of a block.
    cover : ndarray
        (Y, X), share of the block's area that lies within the input's cells.
    area : ndarray
        (Y, X), km2 on the Earth.
    min_cover : float
        Blocks with a smaller share, by the input's cells or by its cells with a value, are missing.
    latitude, longitude : ndarray
        Of the input's cells, (n,), degrees.
    block_latitude, block_longitude : ndarray
        Of the blocks, (Y * X,), degrees.
    """

    matrix: sparse.csr_array = field(repr=False)
    shape: tuple[int, int]
    s: int
    cover: np.ndarray = field(repr=False)
    area: np.ndarray = field(repr=False)
    min_cover: float
    latitude: np.ndarray = field(repr=False)
    longitude: np.ndarray = field(repr=False)
    block_latitude: np.ndarray = field(repr=False)
    block_longitude: np.ndarray = field(repr=False)

    @property
    def share(self) -> float:
        """Share of the blocks that get a value."""
        return float((self.cover >= self.min_cover).mean())

    def apply(self, rain: np.ndarray) -> np.ndarray:
        """Mean rain of the blocks.

        Parameters
        ----------
        rain : ndarray
            (..., n) or (..., y, x) with y * x = n, mm h-1, NaN where missing.

        Returns
        -------
        ndarray
            (..., Y, X), float32; NaN where less than `min_cover` of a block has a value.
        """
        n = self.matrix.shape[1]
        lead = rain.shape[:-1] if rain.shape[-1] == n else rain.shape[:-2]
        if rain.size != n * int(np.prod(lead)):
            raise ScaleAdaptError(f"the weights are for fields of {n} cells, not for {rain.shape}.")
        flat = np.asarray(rain, "float64").reshape(-1, n).T
        known = np.isfinite(flat)
        if known.all():
            out = self.matrix @ flat
        else:
            cover = self.matrix @ known.astype("float64")
            total = self.matrix @ np.where(known, flat, 0.0)
            with np.errstate(invalid="ignore", divide="ignore"):
                out = np.where(cover * self.cover.reshape(-1, 1) >= self.min_cover, total / cover, np.nan)
        return np.asarray(out.T.reshape(*lead, *self.shape), "float32")

    def fits(self, latitude: np.ndarray, longitude: np.ndarray) -> bool:
        """Whether fields with cells at these positions, in this order, are the ones the weights are for."""
        if latitude.size != self.latitude.size:
            return False
        off = (np.ravel(longitude) - self.longitude + 180) % 360 - 180
        return bool(max(np.abs(np.ravel(latitude) - self.latitude).max(), np.abs(off).max()) < 1e-3)

    def save(self, path: Path) -> None:
        """Write the file that :meth:`load` and anemoi-transform's filter ``regrid`` read (key ``matrix``)."""
        with whole(Path(path)) as part, open(part, "wb") as file:
            parts = {f"matrix_{key}": getattr(self.matrix, key) for key in MATRIX}
            np.savez_compressed(file, **parts, **{key: getattr(self, name) for key, name in KEYS.items()})

    @classmethod
    def load(cls, path: Path) -> "Weights":
        """Read weights.

        Raises
        ------
        ScaleAdaptError
            If the file is not there or is not one that :meth:`save` wrote.
        """
        try:
            with np.load(path) as file:
                data, indices, indptr, shape = (file[f"matrix_{key}"] for key in MATRIX)
                told = {name: file[key] if file[key].ndim else file[key].item() for key, name in KEYS.items()}
            told["shape"] = tuple(told["shape"].tolist())
            return cls(sparse.csr_array((data, indices, indptr), shape=shape), **told)
        except Exception as error:
            raise ScaleAdaptError(
                f"{path} does not hold weights of `anemoi-scaleadapt weights`: {error or type(error).__name__}"
            ) from error


def make_weights(source: Cells, blocks: Blocks, min_cover: float = MIN_COVER) -> Weights:
    """Weights from the cells of an input to the blocks of a fine grid.

    Parameters
    ----------
    source : Cells
        Of the input.
    blocks : Blocks
        Of the fine grid.
    min_cover : float
        Smallest share of a block's area that must be covered, above 0 and at most 1.

    Raises
    ------
    ScaleAdaptError
        If the share is out of range, nothing is covered, or the input's cells overlap one another.
    """
    import shapely

    if not 0 < min_cover <= 1:
        raise ScaleAdaptError(f"the smallest cover {min_cover!r} is not a share above 0 and at most 1.")
    target = blocks.cells
    lon, lat = (float(np.median(c)) for c in (_turned(target.longitude), target.latitude))
    plane = equal_area(lon, lat)
    outlines = polygons(target, np.arange(target.latitude.size), plane)
    index = _close(source, outlines, plane)
    tree_cells = polygons(source, index, plane)
    block, cell = shapely.STRtree(tree_cells).query(outlines, predicate="intersects")
    overlap = shapely.area(shapely.intersection(outlines[block], tree_cells[cell]))
    area = shapely.area(outlines)
    kept = overlap > 1e-9 * area[block]
    size = (len(outlines), source.latitude.size)
    matrix = sparse.coo_array((overlap[kept], (block[kept], index[cell[kept]])), shape=size).tocsr()
    covered = np.asarray(matrix.sum(axis=1)).ravel()
    cover = covered / area
    if not (cover >= min_cover).any():
        raise ScaleAdaptError(
            f"{source.name} covers none of the blocks of {blocks.fine.name} by {min_cover:.0%} of their area (at most "
            f"{cover.max():.1%}). Do both lie in the same place? A smaller share is --min-cover."
        )
    if cover.max() > 1.02:
        raise ScaleAdaptError(
            f"{source.name}: its cells overlap one another, a block is covered {cover.max():.2f} times. Are the bounds "
            "of its cells right, or is a column there twice?"
        )
    rows = np.repeat(np.arange(size[0]), np.diff(matrix.indptr))
    matrix.data /= covered[rows]
    matrix = _missing(matrix, cover < min_cover)
    return Weights(
        matrix, blocks.shape, blocks.s, np.minimum(cover, 1).reshape(blocks.shape), area.reshape(blocks.shape) / 1e6,
        float(min_cover), source.latitude, source.longitude, target.latitude, target.longitude,
    )  # fmt: skip


def _turned(longitude: np.ndarray) -> np.ndarray:
    """Longitudes without a jump, for a median."""
    return np.asarray((longitude - longitude.flat[0] + 180) % 360 - 180 + longitude.flat[0])


def _close(source: Cells, outlines: np.ndarray, plane: str) -> np.ndarray:
    """Cells whose centres are not farther from the blocks than two cells."""
    import shapely

    with np.errstate(invalid="ignore"):
        x, y = to_xy(plane, source.longitude, source.latitude)
    west, south, east, north = shapely.total_bounds(outlines)
    reach = 2000 * source.km
    inside = (x > west - reach) & (x < east + reach) & (y > south - reach) & (y < north + reach)
    index = np.flatnonzero(inside)
    if not len(index):
        raise ScaleAdaptError(
            f"{source.name} lies in {source.latitude.min():.2f} .. {source.latitude.max():.2f} N, "
            f"{source.longitude.min():.2f} .. {source.longitude.max():.2f} E: not where the fine grid is."
        )
    return index


def _missing(matrix: sparse.csr_array, rows: np.ndarray) -> sparse.csr_array:
    """One NaN in place of the rows that are missing: whatever is multiplied with it is missing."""
    keep = sparse.diags_array((~rows).astype("float64"), format="csr")
    gone = np.flatnonzero(rows)
    nans = sparse.coo_array((np.full(len(gone), np.nan), (gone, np.zeros_like(gone))), shape=matrix.shape)
    out = (keep @ matrix).tocsr()
    out.eliminate_zeros()
    return (out + nans.tocsr()).tocsr()


def fingerprint(source: Cells, blocks: Blocks, min_cover: float) -> str:
    """Name of these weights in a cache: 16 hexadecimal digits of what they are made of."""
    digest = hashlib.sha256()
    some = np.unique(np.linspace(0, source.latitude.size - 1, 64).astype(int))
    for array in (source.latitude, source.longitude, *source.rings(some), blocks.fine.latitude, blocks.fine.longitude):
        digest.update(np.round(array, 7).tobytes())
    digest.update(f"1 {blocks.s} {min_cover} {source.latitude.size} {blocks.fine.shape}".encode())
    return digest.hexdigest()[:16]
