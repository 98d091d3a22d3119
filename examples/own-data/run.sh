#!/usr/bin/env bash
# Training-ready datasets of rain of your own, 1 km and 5 km. Usage: bash examples/own-data/run.sh [FOLDER]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:-own-data}" && cd "${1:-own-data}"

# put your files here instead: NetCDF, Zarr or GRIB
python "$here/../inputs.py" radar

anemoi-scaleadapt datasets 5 --rain radar.nc --name radar --to recipes
for km in 1 5; do
  anemoi-datasets create recipes/radar-${km}km.yaml radar-${km}km.zarr --overwrite
done
python "$here/check.py" radar-1km.zarr radar-5km.zarr
