#!/usr/bin/env bash
# Training on several GPUs: sbatch train.sh CONFIG [overrides]
# A run that was killed goes on from its last epoch: sbatch train.sh CONFIG training.run_id=RUN
#SBATCH --job-name=train
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=12:00:00
#SBATCH --signal=SIGUSR1@300
set -euo pipefail
config=$1
shift

# the seed of a run must not hang on the number of its job, as anemoi's does unless it is told
export ANEMOI_BASE_SEED=${ANEMOI_BASE_SEED:-42} OMP_NUM_THREADS=1
srun anemoi-training train --config-name="$config" \
  system.hardware.num_nodes="$SLURM_NNODES" system.hardware.num_gpus_per_node="$SLURM_NTASKS_PER_NODE" "$@"
