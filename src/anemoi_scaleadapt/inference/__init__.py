"""From a checkpoint to files of members: runner, output."""
