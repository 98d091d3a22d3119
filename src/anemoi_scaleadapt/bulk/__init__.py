"""Years of coarse rain into one Zarr of members, by any number of processes, whatever of them is killed."""
