#!/usr/bin/env bash
# The weights that ship, taught the rain of a region. Usage: bash examples/fine-tune/run.sh [FOLDER] [overrides]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:-fine-tune}" && cd "${1:-fine-tune}"
shift || true

# put your files here instead: better some wet days
python "$here/../inputs.py" radar

anemoi-scaleadapt datasets 10 --rain radar.nc --name radar --to recipes
anemoi-datasets create recipes/radar-1km.yaml hr.zarr --overwrite
# 120 steps, two minutes of one core. 36 hours are two stretches of 18, one to learn from and one to watch: enough for t up
# to 3. With 52 hours or more leave pairs.time out, with 260 or more the periods too.
anemoi-training train --config-name=adapt system.input.dataset.hr=hr.zarr \
  'pairs.time=[1,3]' period.training.end=50% period.validation.start=50% "$@"
ls scaleadapt-output/checkpoint/best/inference-best.ckpt
