"""Pages that are made of the code when the documentation is built; a hook of MkDocs.

    python docs/generate.py commands                           # print one of them
    python docs/generate.py notebook > docs/lecture.ipynb      # after a change of the lecture

The reference of commands is made of the command line, settings of the recipes' dataclasses, models
of the shipped cards, and the picture of the architecture of the import contracts.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from multimodal.settings import Setting, settings_of

ROOT = Path(__file__).parents[1]
MARK = re.compile(r"<!-- generated: (\w+) -->")
CARD = re.compile(r"\]\(\.\./multimodal/pretrained/([^/)]+)/README\.md\)")
NEIGHBOUR = re.compile(r"\]\(\.\./([^/)]+)/README\.md\)")
BOOST = 5  # of the tasks' pages in the search
LOWERED = {"surprises.md": 1e-4, "changelog.md": 1e-4}
"""Pages that name everything, and come last in the search."""


def project() -> dict[str, Any]:
    """The contents of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def command_line() -> Any:
    """The whole command line, as typer's group of commands."""
    import_module(project()["project"]["scripts"]["multimodal"].partition(":")[0])
    from typer.main import get_command

    from pipelines.commands import app

    return get_command(app)


def commands() -> str:
    """A reference of every command with its arguments and options."""
    return "\n".join(_commands(command_line(), "multimodal"))


def _commands(command: Any, name: str) -> Iterator[str]:
    inner = getattr(command, "commands", None)
    depth = "##" if name.count(" ") < 2 else "###"
    if name != "multimodal":
        yield f"{depth} {name}\n\n{_prose(command.help)}\n"
    if inner is None:
        yield from _options(command, name)
    for key in sorted(inner or ()):
        yield from _commands(inner[key], f"{name} {key}")


def _prose(text: str | None) -> str:
    return escape(cleandoc(text or "").replace("\f", ""))


def _options(command: Any, name: str) -> Iterator[str]:
    given = [value for value in command.params if value.param_type_name == "argument"]
    usage = " ".join(f"{value.name.upper()}" for value in given)
    yield f"```text\n{name} [OPTIONS] {usage}".rstrip() + "\n```\n"
    yield "| option | value | default | |\n|---|---|---|---|"
    context = command.make_context(name, [], resilient_parsing=True)
    for value in command.params:
        cells = (_names(value), _kind(value, context), _default(value), _cell(value.help))
        yield f"| {' | '.join(cells)} |"
    yield ""


def _names(value: Any) -> str:
    if value.param_type_name == "argument":
        return f"`{value.name.upper()}`"
    return " ".join(f"`{name}`" for name in [*value.opts, *value.secondary_opts])


def _kind(value: Any, context: Any) -> str:
    if getattr(value, "is_flag", False):
        return "flag"
    shown = value.display_type(context) if hasattr(value, "display_type") else value.type.name
    plain = re.sub(r"^<([^<>]*)>", r"\1", shown)
    return _cell(f"{plain}, again for more" if value.multiple else plain.replace("|", ", "))


def _default(value: Any) -> str:
    if value.required:
        return "required"
    if isinstance(value.show_default, str):
        return _cell(value.show_default)
    known = value.default
    empty = known is None or known == () or callable(known) or "Sentinel" in type(known).__name__
    return "" if empty or known is False else f"`{known}`"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _cell(text: str | None) -> str:
    """A text as a cell of a table; in code, which Markdown escapes itself, < stays as it is."""
    parts = re.split(r"(`+[^`]+`+)", " ".join((text or "").split()))
    told = (part if part.startswith("`") else escape(part) for part in parts)
    return "".join(told).replace("|", "\\|")


def settings() -> str:
    """What `--set name=value` changes, of every task, made of the recipes."""
    from multimodal.tasks import TASKS, imported

    return "\n".join(_settings(name, imported(TASKS[name].recipe)) for name in TASKS)


def _settings(task: str, recipe: type) -> str:
    rows = [
        f"| `{each.name}` | {_cell(_range(each))} | {_code(each.default_text)}"
        f" | {_cell(each.help)} |"
        for each in settings_of(recipe)
    ]
    head = ["| setting | value | default | what it is |", "|---|---|---|---|"]
    table = "\n".join([*head, *rows])
    train = f"multimodal train {task} --data DATA --output runs/mine"
    return f"## {task}\n\n```sh\n{train}\n```\n\n{table}\n"


def _range(setting: Setting) -> str:
    """The type of a setting, and what it has to be."""
    return ", ".join(filter(None, (setting.type.__name__, setting.range)))


def models() -> str:
    """The cards of the shipped models, one after another."""
    folder = ROOT / "multimodal" / "pretrained"
    cards = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*/README.md"))]
    return "\n\n".join(map(_card, cards))


def _card(text: str) -> str:
    terms = re.search(r"^license(?:_name)?: (?!other)(.*)$", text, re.MULTILINE)
    body = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    body = _outside_code(body, lambda part: re.sub(r"^#", "##", part, flags=re.MULTILINE))
    body = NEIGHBOUR.sub(r"](#\1)", body).replace("](../../../docs/", "](")
    title, _, rest = body.strip().partition("\n")
    return f"{title}\n\nLicence: {terms[1] if terms else 'see below'}.\n{rest}"


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    parts = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else change(part) for part in parts)


def root_page(name: str) -> Callable[[], str]:
    """A page that shows a file of the repository's root."""

    def page() -> str:
        text = (ROOT / name).read_text(encoding="utf-8")
        return re.sub(
            r"\]\(docs/", "](", re.sub(r"\]\((?!docs/|#|https?:)([^)]*)\)", r"](../\1)", text)
        )

    return page


def classes() -> str:
    """What the Python reference shows of every task: its class."""
    from multimodal.tasks import TASKS

    return "\n\n".join(f"::: {spec.model.replace(':', '.')}" for spec in TASKS.values())


def layers() -> str:
    """The layers of the import contracts as an SVG, the highest first."""
    top, inner = project()["tool"]["importlinter"]["contracts"][:2]
    rows = [[name] for name in top["layers"][:-1]]
    rows += [layer.replace(" ", "").split("|") for layer in inner["layers"]]
    height, width = 46, 860
    boxes = [_row(row, 8 + number * height, width) for number, row in enumerate(rows)]
    return (
        f'<svg viewBox="0 0 {width} {len(rows) * height + 8}" role="img" font-size="11" '
        'font-family="sans-serif" fill="currentColor" aria-label="Layers of the packages">'
        f"{''.join(boxes)}</svg>"
    )


def _row(names: list[str], y: int, width: int) -> str:
    each = (width - 8) / len(names)
    return "".join(
        f'<rect x="{8 + each * n:.0f}" y="{y}" width="{each - 8:.0f}" height="34" rx="4"'
        f' fill="none" stroke="currentColor"/><text x="{4 + each * (n + 0.5):.0f}" y="{y + 21}"'
        f' text-anchor="middle">{escape(name)}</text>'
        for n, name in enumerate(names)
    )


def notebook() -> str:
    """The lecture's page as a Jupyter notebook, for docs/lecture.ipynb."""
    text = (ROOT / "docs" / "lecture.md").read_text(encoding="utf-8")
    parts = re.split(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    cells = [_notebook_cell(n, part.strip("\n")) for n, part in enumerate(parts) if part.strip()]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    told = {"kernelspec": kernel, "language_info": {"name": "python"}}
    made = {"cells": cells, "metadata": told, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(made, indent=1, ensure_ascii=False)


def _notebook_cell(number: int, text: str) -> dict[str, Any]:
    lines = {"source": text.splitlines(keepends=True), "metadata": {}, "id": f"cell-{number}"}
    if number % 2:
        return {"cell_type": "code", "execution_count": None, "outputs": [], **lines}
    return {"cell_type": "markdown", **lines}


PARTS: dict[str, Callable[[], str]] = {
    "commands": commands,
    "settings": settings,
    "models": models,
    "classes": classes,
    "layers": layers,
}
"""What takes the place of a mark in a page."""

PAGES = {name: root_page(f"{name.upper()}.md") for name in ("changelog", "contributing")}
"""Pages that are files of the repository's root."""


def on_files(files: Any, config: Any) -> Any:
    """Add the pages whose files lie elsewhere."""
    from mkdocs.structure.files import File

    for name, page in PAGES.items():
        files.append(File.generated(config, f"{name}.md", content=page()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put in what is made of the code; link within the documentation, and name other files."""
    if page.parent and page.parent.title == "Tasks":
        page.meta["search"] = {"boost": BOOST}
    if page.file.src_uri in LOWERED:
        page.meta["search"] = {"boost": LOWERED[page.file.src_uri]}
    told = CARD.sub(r"](models.md#\1)", markdown)
    for name in PAGES:
        told = told.replace(f"](../{name.upper()}.md)", f"]({name}.md)")
    told = re.sub(r"\[([^]]*)\]\(\.\./([^)#]*)[^)]*\)", _named, told)
    told = re.sub(r"\[([^]]*)\]\(([^)]*\.ipynb)\)", r"\1 (`docs/\2`)", told)
    return MARK.sub(lambda mark: PARTS[mark[1]](), told)


def _named(link: re.Match[str]) -> str:
    text, path = link[1].strip("`"), link[2]
    return f"`{path}`" if text in path else f"{link[1]} (`{path}`)"


if __name__ == "__main__":
    print({**PARTS, "notebook": notebook}[sys.argv[1]]())
