#!/usr/bin/env bash
# Somebody else's members scored beside classical ensembles. Usage: bash examples/verify-others/run.sh [FOLDER]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:-verify-others}" && cd "${1:-verify-others}"

# put your files here instead: members of any model, the truth on the same grid, and the coarse rain they came from
python "$here/../inputs.py" members truth coarse

anemoi-scaleadapt verify members.nc truth.nc --lr coarse.nc --time-factor 3 --name theirs --out scores
