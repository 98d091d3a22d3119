#!/usr/bin/env bash
# Build one dataset as a SLURM array of N tasks: build_slurm.sh RECIPE ZARR N [sbatch options for every job]
# If a task dies: sbatch --array=ITS_NUMBER with the printed load command, then the printed finalise command.
set -euo pipefail
recipe=$1 zarr=$2 n=$3
shift 3

load="anemoi-datasets load '$zarr' --parts \$SLURM_ARRAY_TASK_ID/$n"
# statistics of parts cannot be joined where dates are missing (see build.sh)
anew="grep -q '\"missing_dates\": \[\]' '$zarr/.zattrs' || rm -rf '$zarr.work_dir'"
finalise="{ $anew; } && anemoi-datasets finalise '$zarr'"
first=$(sbatch --parsable --job-name=init "$@" --wrap "anemoi-datasets init '$recipe' '$zarr'")
array=$(sbatch --parsable --job-name=load --array="1-$n" --dependency="afterok:$first" "$@" --wrap "$load")
last=$(sbatch --parsable --job-name=finalise --dependency="afterok:$array" "$@" --wrap "$finalise")
printf 'jobs %s, %s, %s\nload:     %s\nfinalise: %s\n' "$first" "$array" "$last" "$load" "$finalise"
