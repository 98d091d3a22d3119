"""From files of rain to training-ready Zarrs: sources, filters, grids, recipes."""
