"""Bias of real coarse rain: fitted against the truth, taken out before the networks, reported before and after."""
