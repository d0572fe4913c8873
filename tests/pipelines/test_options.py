"""One spelling for one idea over all commands, and every default told."""

import re
from collections.abc import Iterator

import pytest
import typer

import demo.commands  # noqa: F401 - its commands join the others
from multimodal import __version__
from pipelines.cli import commands

ELSEWHERE = {
    "--out": "--output",
    "--out-file": "--output",
    "--top": "--n-best",
    "--alternatives": "--n-best",
    "--best": "--n-best",
    "--checkpoint": "--model",
    "--part": "--split",
    "--random-seed": "--seed",
}
"""Other spellings, and the one that is used."""


def every_command() -> Iterator[tuple[str, object]]:
    def walk(command, path):
        nested = getattr(command, "commands", {})
        for name in nested:
            found = command.get_command(context, name)
            yield from walk(found, f"{path} {name}".strip())
        if not nested:
            yield path, command

    group = typer.main.get_command(commands.app)
    context = typer.Context(group)
    yield from walk(group, "")


COMMANDS = dict(every_command())


def test_there_are_commands_of_every_group():
    assert {"caption", "train captioner", "evaluate translator", "benchmark demo"} <= set(COMMANDS)


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_cut_at_no_width(name, columns):
    command = COMMANDS[name]
    context = typer.Context(command, info_name=f"multimodal {name}", terminal_width=columns - 2)
    shown = command.get_help(context)
    assert max(map(len, shown.splitlines())) < columns
    words = "".join(shown.split())
    for option in command.params:
        assert option.opts[0] in words
        assert "".join(option.help.split()) in words


def test_the_list_of_commands_is_cut_at_no_width():
    group = typer.main.get_command(commands.app)
    shown = group.get_help(typer.Context(group, info_name="multimodal", terminal_width=58))
    for name in group.list_commands(None):
        assert "".join(group.commands[name].get_short_help_str(999).split()) in "".join(
            shown.split()
        )


@pytest.mark.parametrize("name", COMMANDS)
def test_options_are_spelled_alike(name):
    for option in COMMANDS[name].params:
        assert not set(option.opts) & set(ELSEWHERE), option.opts
        assert ("-o" in option.opts) == ("--output" in option.opts)
        if "--split" in option.opts:
            assert option.default in ("test", "dev")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is_and_what_it_is_if_not_given(name):
    for option in COMMANDS[name].params:
        assert option.help, option.name
        assert "unless given" not in option.help, option.help
        assert "(default" not in option.help, option.help
        assert option.show_default != "none", option.name


def test_defaults_that_the_model_gives_are_said_and_agree_with_it():
    from multimodal.checkpoints import PRETRAINED

    for name, option, setting in (
        ("caption", "beam_size", "captioner-open-world"),
        ("evaluate captioner", "beam_size", "captioner-flickr8k"),
        ("translate", "beam_size", "translator-multi30k"),
        ("translate", "channel_weight", "translator-multi30k"),
        ("handwrite", "bias", "writer-unipen"),
    ):
        text = (PRETRAINED / setting / "config.json").read_text(encoding="utf-8")
        value = re.search(rf'"{option}": ([0-9.]+)', text)[1].removesuffix(".0")
        said = next(each for each in COMMANDS[name].params if each.name == option)
        assert said.show_default == f"the model's, {value}"


def test_help_shows_no_default_where_there_is_none(run):
    for command in ("caption", "sketch", "translate", "handwrite"):
        _, text, _ = run(command, "--help")
        assert "(none)" not in text


def test_the_version_is_said(run):
    assert run("--version")[:2] == (0, f"multimodal {__version__}\n")
