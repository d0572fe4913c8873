"""Import gradio without the stub files that it would write."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

MODULE = "gradio.component_meta"


class _WithoutStubs(MetaPathFinder):
    """Finds one module as everybody would, and leaves one function of it without work.

    At every import, gradio derives a type stub from the source of each of its components and writes
    it where it differs: half of the time that the import takes, for nothing that is needed to run.
    """

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """The module's own spec, whose loader leaves stubs alone; None for all others."""
        if fullname != MODULE:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def without_stubs(module: ModuleType) -> None:
            execute(module)
            vars(module)["create_or_modify_pyi"] = lambda *_: None

        spec.loader.exec_module = without_stubs  # type: ignore[method-assign]
        return spec


def without_stubs() -> None:
    """Let an import of gradio that comes later be a quick one."""
    if MODULE not in sys.modules:
        sys.meta_path.insert(0, _WithoutStubs())
