#!/usr/bin/env bash
# Years of coarse rain to one Zarr of members, in two shares. Usage: bash examples/climate-bulk/run.sh [FOLDER]
# What was killed: the same `bulk run` again; pieces that are done stay.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:-climate-bulk}" && cd "${1:-climate-bulk}"

# put your files here instead; several in a list, or 'era5-*.nc'
python "$here/../inputs.py" era5

anemoi-scaleadapt bulk plan era5.nc --grid EPSG:2154 --resolution 1000 --box 600000,6600000,650000,6650000 \
  --members 2 --members-per-piece 1 --to members.zarr
anemoi-scaleadapt bulk run members.zarr --part 1/2
anemoi-scaleadapt bulk run members.zarr --part 2/2
anemoi-scaleadapt bulk status members.zarr
