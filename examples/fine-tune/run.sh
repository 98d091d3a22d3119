#!/usr/bin/env bash
# The weights that ship, taught the rain of a region. Usage: bash examples/fine-tune/run.sh [FOLDER] [overrides]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:-fine-tune}" && cd "${1:-fine-tune}"
shift || true

# put your files here instead: at least 26 hours of fine rain, better some wet days
python "$here/../inputs.py" radar

anemoi-scaleadapt datasets 10 --rain radar.nc --name radar --to recipes
anemoi-datasets create recipes/radar-1km.yaml hr.zarr --overwrite
# 120 steps, two minutes of one core; the last tenth of the hours is watched
anemoi-training train --config-name=adapt system.input.dataset.hr=hr.zarr "$@"
ls scaleadapt-output/checkpoint/best/inference-best.ckpt
