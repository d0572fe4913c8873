"""Print the lowest versions that pyproject.toml allows, as constraints for pip."""

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"].values()
for requirement in {*project["dependencies"], *(each for extra in extras for each in extra)}:
    if bound := re.match(r"([\w.-]+)(?:\[\w+\])?>=([\d.]+)", requirement):
        name, version = bound.groups()
        if "." not in version:
            version += ".0"
        sys.stdout.write(f"{name}=={version}.*\n")
