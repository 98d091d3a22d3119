"""The strictly local building blocks of the networks."""
