"""The private names of anemoi that this package uses: what a new version may change without a word.

A class of ours overrides them, or they are read because nothing public says the same. ``pyproject.toml`` holds the
packages that they are of below their next minor version, and ``tests/package/test_private.py`` says whether each is
still there and whether there are others.
"""

#: class of anemoi -> its private names
PRIVATE: dict[str, tuple[str, ...]] = {
    # how post-processors of an output were asked for: members in NetCDF refuse them
    "anemoi.inference.output.Output": ("_post_processor_confs",),
    # the task's own part of a checkpoint's metadata: the fine grid
    "anemoi.inference.metadata.MultiDatasetMetadata": ("_metadata_inference",),
    # anemoi's plots and ours find the coordinates in it
    "anemoi.models.models.base.BaseGraphModel": ("_graph_data",),
    # drawing in a thread, and handing the figure to every logger
    "anemoi.training.diagnostics.callbacks.plot.BasePlotCallback": ("_output_figure", "_plot"),
    # what a subclass has to give
    "anemoi.training.tasks.temporal_downscaler.TemporalDownscaler": ("_get_timestep_for_metadata", "_plot_adapter"),
    "anemoi.training.train.methods.base.BaseTrainingModule": ("_step",),
    # the field below
    "anemoi.transform.fields.WrappedField": ("_field",),
}
