"""The captioner's fixtures serve its jobs as well."""

import runpy
from pathlib import Path

_FIXTURES = runpy.run_path(str(Path(__file__).parents[1] / "captioning" / "conftest.py"))
captioner = _FIXTURES["captioner"]
checkpoint = _FIXTURES["checkpoint"]
data = _FIXTURES["data"]
photos = _FIXTURES["photos"]
