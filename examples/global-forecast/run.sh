#!/usr/bin/env bash
# A global forecast to 1 km over a country. Usage: bash examples/global-forecast/run.sh [FOLDER]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:-global-forecast}" && cd "${1:-global-forecast}"

# put your forecast here instead
python "$here/../inputs.py" forecast

# what the file is taken for
anemoi-scaleadapt downscale forecast.nc --grid EPSG:2169 --resolution 1000 --box=5.7,49.4,6.6,50.2
# four members, hourly, and the coarse rain on its blocks
anemoi-scaleadapt downscale forecast.nc --grid EPSG:2169 --resolution 1000 --box=5.7,49.4,6.6,50.2 \
  --to members.nc --coarse-to blocks.nc --members 4
