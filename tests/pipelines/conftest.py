"""The fixtures of the captioner and the translator serve their jobs as well."""

import runpy
from pathlib import Path

_TESTS = Path(__file__).parents[1]
_FIXTURES = runpy.run_path(str(_TESTS / "captioning" / "conftest.py"))
captioner = _FIXTURES["captioner"]
checkpoint = _FIXTURES["checkpoint"]
data = _FIXTURES["data"]
photos = _FIXTURES["photos"]

_TRANSLATION = runpy.run_path(str(_TESTS / "translation" / "conftest.py"))
parallel_data = _TRANSLATION["parallel_data"]
translator = _TRANSLATION["translator"]
translator_run = _TRANSLATION["translator_run"]
