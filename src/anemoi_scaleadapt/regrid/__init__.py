"""From the grid that people have to the blocks of the fine grid: grids, exact overlaps, weights."""
