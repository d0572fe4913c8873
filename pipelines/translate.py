"""Sentences and files of them → another language: the jobs behind ``multimodal translate``."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from multimodal.atomic import atomic_write
from multimodal.errors import UserError
from multimodal.terminal import counted
from pipelines.output import require_place
from pipelines.sources import looks_like_path, path_exists, require_file

if TYPE_CHECKING:
    from multimodal.translation.translation import Translation
    from multimodal.translation.translator import Translator

STDIN = "-"


@dataclass
class Account:
    """What was remarkable about the lines of a file.

    Attributes:
        lines: how many there were.
        errors: the reasons of those that could not be translated, with their numbers.
        unknown: how many lines hold words that were never seen.
        examples: the first few of these words.
        unusual: how many lines are unlike what was learnt from.
    """

    lines: int = 0
    errors: list[str] = field(default_factory=list)
    unknown: int = 0
    examples: list[str] = field(default_factory=list)
    unusual: int = 0

    def add(self, translation: Translation) -> None:
        """Take in the next line."""
        self.lines += 1
        if translation.error is not None:
            self.errors.append(f"line {self.lines}: {translation.error}")
        self.unusual += translation.unusual
        if translation.unknown:
            self.unknown += 1
            self.examples += translation.unknown[: max(0, 5 - len(self.examples))]

    def __str__(self) -> str:
        line = counted(self.lines, "line")
        if self.errors:
            line += f", {len(self.errors):,} not translated"
        if self.unknown:
            words = ", ".join(dict.fromkeys(self.examples))
            line += f"; {self.unknown:,} with words never seen in training, such as {words}"
        if self.unusual:
            line += f"; {self.unusual:,} unlike all that it learnt from, so mistrust them"
        return line


def warning(translation: Translation, limit: float) -> str | None:
    """What to say of a sentence that is unlike all that was learnt from; None of a usual one."""
    if not translation.unusual:
        return None
    return (
        "this sentence is unlike all that the translator learnt from "
        f"(perplexity {translation.perplexity:,.0f}, usual up to {limit:,.0f}): mistrust the result"
    )


def names_file(text: str) -> bool:
    """Whether an argument is a file of sentences rather than a sentence.

    Raises:
        UserError: it is empty, or reads like the name of a file, but there is none.
    """
    if text == STDIN:
        return True
    if not text.strip():
        raise UserError("nothing to translate: the text is empty")
    if looks_like_path(text) or (path_exists(text) and not Path(text).is_dir()):
        require_file(text, "a text file with a sentence a line")
        return True
    return False


def translate_file(
    translator: Translator,
    source: str | Path,
    output: Path | None,
    *,
    to: str,
    language: str | None = None,
    **options: Any,
) -> Account:
    """Translate a file line by line: as many lines come out, in their order, empty ones empty.

    Lines are read, translated and written as they come; the output takes its place when it is
    whole. A line that is too long becomes an empty one, and the account says why.

    Args:
        translator: who translates.
        source: a text file, which may be packed (.gz), or "-" for the standard input.
        output: where to; the standard output when None.
        to: the code of the language to write.
        language: that of the file; told line by line unless given.
        **options: of `Translator.translations`, such as batch_size and beam_size.

    Raises:
        UserError: a file cannot be read or written, or a language or an option is unknown.
    """
    account = Account()
    if output is not None:
        require_place(output)
    with _lines_of(source) as lines, _writable(output) as place:
        for translation in translator.translations(lines, to, language, **options):
            account.add(translation)
            place.write(f"{translation.text}\n")
    return account


@contextmanager
def _lines_of(source: str | Path) -> Iterator[Iterable[str]]:
    if str(source) == STDIN:
        yield _checked(sys.stdin, "the standard input")
        return
    path = Path(source)
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        file: Any = opened(path, "rt", encoding="utf-8-sig", newline="\n")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    with file:
        yield _checked(file, str(path))


def _checked(file: TextIO, name: str) -> Iterator[str]:
    """The lines of a file, without their ends."""
    number = 0
    try:
        for line in file:
            number += 1
            yield line.rstrip("\r\n")
    except UnicodeDecodeError:
        raise UserError(f"{name}: after line {number}: not UTF-8 text; convert the file") from None
    except (OSError, EOFError) as error:
        raise UserError(f"{name}: after line {number}: cannot be read: {error}") from error


@contextmanager
def _writable(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    with atomic_write(output) as temporary, temporary.open("w", encoding="utf-8") as file:
        yield file
