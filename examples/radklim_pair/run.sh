#!/usr/bin/env bash
# A pair of datasets from rain that is not Comephore: RADKLIM as NetCDF, 1 km and 5 km. Usage: run.sh [FOLDER]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:-radklim_pair}" && cd "${1:-radklim_pair}"

anemoi-scaleadapt rain radklim --to rain
anemoi-scaleadapt datasets 5 --rain rain/radklim-2018-05-1h.nc --train-end 2018-05-17 --to recipes
for km in 1 5; do
  anemoi-datasets create recipes/radklim-${km}km.yaml radklim-${km}km.zarr --overwrite
done
python "$here/check.py" radklim-1km.zarr radklim-5km.zarr
