"""Imports only go down, also those that a linter of imports cannot see."""

import ast
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]
PACKAGES = ("multimodal", "pipelines", "demo")  # each may import those before it


def test_the_contracts_of_the_imports_are_kept(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    left = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert left == 0, capsys.readouterr().out


@pytest.mark.parametrize("package", PACKAGES)
def test_no_import_by_name_goes_up(package):
    above = PACKAGES[PACKAGES.index(package) + 1 :]
    for file in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
                name = ast.unparse(node.args[0]).strip("f'\"").partition(".")[0]
                assert name not in above, f"{file}: {ast.unparse(node)}"


def test_the_program_has_the_commands_of_the_demo():
    from demo.cli import main
    from pipelines import cli, commands

    assert main is cli.main
    names = {command.name for command in commands.app.registered_commands}
    assert {"caption", "sketch", "demo", "mcp"} <= names
    assert {command.name for command in commands.benchmark.registered_commands} >= {"demo"}
