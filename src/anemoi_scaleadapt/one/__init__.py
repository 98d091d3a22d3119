"""One network for every factor pair."""
