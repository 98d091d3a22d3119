"""Shapes and types of tensors, checked at every call in the tests: jaxtyping's annotations, by beartype.

To be imported before the package: modules that are imported later are the ones that are checked.
"""

from beartype import BeartypeConf, beartype
from jaxtyping import install_import_hook

CHECKED = [
    "anemoi_scaleadapt.layers",
    "anemoi_scaleadapt.conservation",
    "anemoi_scaleadapt.diffusion.noise",
    "anemoi_scaleadapt.diffusion.samplers",
    "anemoi_scaleadapt.diffusion.schedule",
    *(f"anemoi_scaleadapt.models.{name}" for name in ("context", "downscaler", "networks", "spread", "transform")),
]
#: a whole number passes as a float, as Python's own rules have it
checked = beartype(conf=BeartypeConf(is_pep484_tower=True))

install_import_hook(CHECKED, "support.shapes.checked")
