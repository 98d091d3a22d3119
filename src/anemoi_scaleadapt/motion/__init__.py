"""Motion of coarse rain, and the hours between coarse frames that follow from it."""
