#!/usr/bin/env bash
# Years of members as a SLURM array of N tasks: bulk.sh ZARR N [sbatch options for every task]
# before it, once: anemoi-scaleadapt bulk plan ... --to ZARR
# Tasks that were killed: the same command again; pieces that are done stay.
set -euo pipefail
zarr=$1 n=$2
shift 2

run="export OMP_NUM_THREADS=1; srun anemoi-scaleadapt bulk run '$zarr' --part \$SLURM_ARRAY_TASK_ID/$n"
# --requeue: a task that its node or a preemption took begins again by itself
array=$(sbatch --parsable --job-name=bulk --array="1-$n" --requeue "$@" --wrap "$run")
printf 'jobs %s\nstatus: anemoi-scaleadapt bulk status %s\n' "$array" "$zarr"
