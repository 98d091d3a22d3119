"""Sphinx: the Markdown of this folder, and the public modules through autodoc."""

import pyproj  # noqa: F401  (before anything that imports eccodes: the other way round ends the interpreter)

import anemoi_scaleadapt

project = "anemoi-scaleadapt"
author = "the anemoi-scaleadapt contributors"
copyright = author
release = version = anemoi_scaleadapt.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "sphinx_rtd_theme"
# links to files of the repository outside docs/; tests/documents/test_blocks.py checks that every target is there
suppress_warnings = ["myst.xref_missing"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings name types, shapes and units
napoleon_google_docstring = False
napoleon_use_ivar = True
