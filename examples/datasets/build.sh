#!/usr/bin/env bash
# Build one dataset with N processes: build.sh RECIPE ZARR [N]
# The same command again goes on where a broken build ended, and loads nothing twice.
set -euo pipefail
recipe=$1 zarr=$2 n=${3:-$(nproc)}

if [ ! -e "$zarr.started" ]; then
  [ ! -e "$zarr" ] || { echo "$zarr is there already" >&2; exit 1; }
  new=${zarr%.zarr}.new.zarr
  anemoi-datasets init --overwrite "$recipe" "$new"
  rm -rf "$new.work_dir"
  mv "$new" "$zarr"
  touch "$zarr.started"
fi

pids=()
for i in $(seq "$n"); do
  anemoi-datasets load "$zarr" --parts "$i/$n" > "$zarr.part-$i.log" 2>&1 &
  pids+=($!)
done
failed=
for i in $(seq "$n"); do
  wait "${pids[$((i - 1))]}" || failed="$failed $zarr.part-$i.log"
done
if [ -n "$failed" ]; then
  echo "parts failed, see:$failed; the same command goes on from here" >&2
  grep -h "💣" $failed | grep -v Exiting >&2 || true
  exit 1
fi

# anemoi-datasets 0.5.47 counts dates wrongly when it joins the statistics of parts of a dataset with missing dates:
# without them it gathers them anew
grep -q '"missing_dates": \[\]' "$zarr/.zattrs" || rm -rf "$zarr.work_dir"
anemoi-datasets finalise "$zarr"
rm -f "$zarr.started" "$zarr".part-*.log
