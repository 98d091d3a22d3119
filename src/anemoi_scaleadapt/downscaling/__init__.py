"""From the rain that people have to fine members: read, understood, regridded, unbiased, drawn."""
