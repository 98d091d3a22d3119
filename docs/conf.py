"""Sphinx: the Markdown of this folder, and every public name of the package, read from its source without importing."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

project = "anemoi-scaleadapt"
author = "the anemoi-scaleadapt contributors"
copyright = author
package = (ROOT / "src" / "anemoi_scaleadapt" / "__init__.py").read_text()
release = version = re.search(r'^__version__ = "(.*)"', package, re.MULTILINE)[1]

extensions = ["myst_parser", "autoapi.extension", "sphinx.ext.napoleon"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "sphinx_rtd_theme"
suppress_warnings = [
    "myst.xref_missing",  # files of the repository outside docs/: tests/documents/test_blocks.py looks for each
    "autoapi.python_import_resolution",  # constants that are assigned two at a time
    "ref.python",  # bare names in types, such as Settings, of which there are several
]

autoapi_dirs = [str(ROOT / "src" / "anemoi_scaleadapt")]
autoapi_root = "reference/api"
autoapi_add_toctree_entry = False
autoapi_options = ["members", "undoc-members", "show-inheritance", "show-module-summary"]
autoapi_member_order = "bysource"
autoapi_python_class_content = "class"
napoleon_google_docstring = False
napoleon_use_ivar = True
