#!/usr/bin/env bash
# Datasets of the studies. Usage: bash examples/skill/data.sh FOLDER
# Real rain (RADKLIM, 11 days of May 2018) at 1, 10 and 25 km: hourly, to draw and to score, and with an hour that
# begins every 15 minutes, to train.
set -euo pipefail
mkdir -p "$1" && cd "$1"
for every in 60 15; do
  name=radklim-2018-05-1h$([ "$every" = 60 ] || echo "-every$every").nc
  [ -e "rain/$name" ] || anemoi-scaleadapt rain radklim --to rain --size 175 --every "$every" ${WHEEL:+--wheel "$WHEEL"}
  for km in 10 25; do
    [ "$km" = 10 ] && size=170 || size=175 # whole coarse cells
    anemoi-scaleadapt datasets "$km" --rain "rain/$name" --crop 0 0 "$size" "$size" --train-end 2018-05-15 \
      --to "recipes/$km-$every" > /dev/null
    for pixel in 1 "$km"; do
      target=$km/every$every-${pixel}km.zarr
      [ -e "$target" ] && continue
      mkdir -p "$km"
      anemoi-datasets create "recipes/$km-$every/radklim-${pixel}km.yaml" "part-$km-$every.zarr" --overwrite > "log-$km-$every" 2>&1 ||
        { tail "log-$km-$every"; exit 1; }
      mv "part-$km-$every.zarr" "$target"
      rm -rf "part-$km-$every".* "log-$km-$every"
    done
  done
done
