#!/usr/bin/env bash
# The whole chain on real rain, with the commands that you would type. Usage: bash examples/demo/run.sh [FOLDER]
# A step whose result is there is not repeated.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "${1:-demo}" && cd "${1:-demo}"

step() { # step RESULT COMMAND...: run a command unless its result is there; a RESULT it does not make is a mark
  local result=$1
  shift
  printf '\n\033[1m$ %s\033[0m\n' "$*"
  if [ -e "$result" ]; then echo "  (done: $result)"; return; fi
  "$@"
  touch "$result"
}

# 1. real rain: RADKLIM, 264 hours of May 2018 at 1 km
step rain/radklim-2018-05-1h.nc anemoi-scaleadapt rain radklim --to rain

# 2. datasets: 1 km and 10 km
mkdir -p data
step recipes/radklim-10km.yaml anemoi-scaleadapt datasets 10 \
  --rain rain/radklim-2018-05-1h.nc --train-end 2018-05-17 --to recipes
for km in 1 10; do
  step data/radklim-${km}km.done anemoi-datasets create recipes/radklim-${km}km.yaml data/radklim-${km}km.zarr --overwrite
done

# 3. train both networks of the model (conditional mean and residual diffusion)
step training/done anemoi-training train --config-name=demo \
  system.input.dataset.lr=data/radklim-10km.zarr system.input.dataset.hr=data/radklim-1km.zarr \
  system.output.root=training
checkpoint=$(ls -t training/checkpoint/*/inference-last.ckpt | head -n 1)

# 4. eight members for the three days that training never saw
step members.nc anemoi-inference run "$here/config/inference/members.yaml" checkpoint="$checkpoint" \
  input.lr.dataset=data/radklim-10km.zarr output.hr.members=members.nc

# 5. scores beside the classical baselines, and the picture
step scorecard.json anemoi-scaleadapt verify members.nc data/radklim-1km.zarr --lr data/radklim-10km.zarr --out .

cat scorecard.md
printf '\nIn %s: members.nc, scorecard.json, scorecard.md, rain.png.\n' "$PWD"
printf 'Training curves: MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri %s\n' "$PWD/training/logs/mlflow"
