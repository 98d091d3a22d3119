"""All of a bulk run on jobs that dask-jobqueue starts, more of them while there is work: python cluster.py ZARR JOBS

Needs `pip install dask-jobqueue`. The plan is made before, with `anemoi-scaleadapt bulk plan`. Edit what your site
asks for.
"""

import subprocess
import sys

from dask_jobqueue import SLURMCluster

if __name__ == "__main__":
    zarr, jobs = sys.argv[1], int(sys.argv[2])
    site = {"queue": "gpu", "walltime": "04:00:00", "job_extra_directives": ["--gpus=1"]}
    with SLURMCluster(cores=1, processes=1, memory="32GB", **site) as cluster:
        cluster.adapt(minimum=0, maximum=jobs)
        run = ["anemoi-scaleadapt", "bulk", "run", zarr, "--scheduler", cluster.scheduler_address]
        sys.exit(subprocess.run(run).returncode)
