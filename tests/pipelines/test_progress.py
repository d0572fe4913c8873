"""How a run goes, in numbers of the whole."""

import io

import pytest

from multimodal import terminal
from pipelines.progress import _Bar, _told
from pipelines.tally import Tally


@pytest.mark.parametrize("columns", [30, 60, 100])
def test_a_bar_tells_rates_of_the_whole_within_a_line(columns):
    bar = _Bar("pictures")
    bar.expect(lambda _: 40, [])
    line = bar.line(10, 0, 5.0, columns)
    assert len(line) < columns
    if columns >= 60:
        assert "10/40" in line
        assert "2.00 pictures/s" in line
        assert "00:15 left" in line
        assert "failed" not in line


def test_what_cannot_be_counted_is_only_counted_up():
    bar = _Bar("texts")
    bar.expect(lambda _: None, [])
    line = bar.line(10, 2, 5.0, 100)
    assert line == "10 texts, 2.00 texts/s, 00:05, 2 failed"


def test_a_count_that_was_too_low_is_none():
    bar = _Bar("texts")
    bar.expect(lambda _: 0, [])
    assert "/0" not in bar.line(1, 0, 5.0, 100)


def test_a_count_that_fails_is_none():
    def fail(_):
        raise OSError("gone")

    bar = _Bar("texts")
    bar.expect(fail, [])
    assert "?" not in bar.line(1, 0, 5.0, 100)


def test_the_whole_is_told_at_the_end():
    assert _told(100.0, 250, "pictures") == " in 01:40, 2.5 pictures/s"
    assert _told(0.1, 250, "pictures") == ""


@pytest.mark.parametrize("name", ["NO_COLOR", "CI"])
def test_nobody_watches_in_a_pipe_or_where_plain_lines_are_asked_for(monkeypatch, name):
    monkeypatch.setattr(terminal.sys, "stderr", io.StringIO())
    assert not terminal.shows_progress()
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(terminal.sys, "stderr", screen)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert terminal.shows_progress()
    monkeypatch.setenv(name, "1")
    assert not terminal.shows_progress()


def test_a_tally_says_what_was_done():
    assert str(Tally("made")) == "0 made, 0 failed"
