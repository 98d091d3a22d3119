"""Downscaling that a trained system must beat, and the systems by name."""

#: name -> one line
BASELINES = {
    "nearest": "the coarse value, repeated in space and time",
    "bicubic": "linear in time, bicubic in space, exact coarse totals",
    "piecewise_linear": "straight lines in time that keep every total, bicubic in space",
    "advection": "rain that moves between coarse frames, exact coarse totals",
    "rainfarm": "RainFARM on frames interpolated in time, slope of the coarse field's spectrum, exact coarse totals",
    "rainfarm_ar1": "RainFARM with noise that remembers the last hour (AR(1)), exact coarse totals",
    "steps": "advection times noise that moves along, scales with memories of their own (STEPS), exact coarse totals",
    "analog": "fine patterns of the most similar coarse cells of an archive, exact coarse totals",
}
