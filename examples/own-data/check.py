"""Whether a coarse dataset is the block mean of a fine one: check.py FINE.zarr COARSE.zarr."""

import sys

import numpy as np
import pyproj  # noqa: F401  (before anemoi-datasets, which imports eccodes)
from anemoi.datasets import open_dataset

fine, coarse = (open_dataset(path) for path in sys.argv[1:3])
assert (fine.dates == coarse.dates).all(), "the dates differ"
(ny, nx), (my, mx) = fine.field_shape, coarse.field_shape
s = ny // my
worst = 0.0
for hour in range(len(fine)):
    blocks = fine[hour].reshape(my, s, mx, s).astype(float)
    worst = max(worst, np.abs(blocks.mean(axis=(1, 3)) - coarse[hour].reshape(my, mx)).max())
print(f"{len(fine)} hours, {ny} x {nx} and {my} x {mx} cells, factor {s}: they differ by {worst:.1e} mm/h at most")
assert worst < 1e-5
