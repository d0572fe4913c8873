"""The whole command line: ``multimodal <job> …``.

The jobs and their commands are in `pipelines`; the demo stands above them and adds its own, so that
the program begins here, where both can be seen.
"""

from __future__ import annotations

import demo.commands  # noqa: F401 - its commands register themselves
from pipelines.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
