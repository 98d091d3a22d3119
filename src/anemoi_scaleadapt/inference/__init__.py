"""From a checkpoint to files of members: runner, output, and the trained network by itself."""
