"""Texts → labels, one row for each, and on where it was interrupted: ``multimodal classify-text``.

for row in classify_texts(["comments.csv"], TextClassifier.from_pretrained()):
    print(row.source, row.error or row.label)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from multimodal.atomic import atomic_write
from multimodal.errors import UserError
from multimodal.recognition.texts.tables import ENDINGS, STDIN, Columns, Row, read_rows
from pipelines.journal import Journal, fingerprint, require_no_loss
from pipelines.output import clean, require_place
from pipelines.sources import looks_like_path, path_exists, require_file
from pipelines.tables import write_csv, write_json_lines, write_parquet

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.text import Text

    from multimodal.recognition.texts.classifier import Influence, TextClassifier

BATCH = 256  # texts that are labelled, and kept, at a time
COLUMNS = ("source", "text", "label", "probability", "probabilities", "error")
STRONG = 0.25  # a word that moved a probability so far has the full colour
TOWARDS, AWAY = (46, 139, 87), (205, 72, 60)  # red, green and blue


@dataclass(frozen=True)
class TextRow:
    """What a run says of one text; every row of the input has exactly one.

    Attributes:
        source: the file, and the row's number in it.
        text: what was said, as it was written; empty where there is none.
        probabilities: label → probability, the best first; none where there is an error.
        error: why there is no label.
    """

    source: str
    text: str
    probabilities: Mapping[str, float]
    error: str | None = None

    @property
    def label(self) -> str | None:
        """The most probable label."""
        return next(iter(self.probabilities), None)

    @property
    def probability(self) -> float | None:
        """Of the most probable label."""
        return next(iter(self.probabilities.values()), None)

    def as_record(self) -> dict[str, Any]:
        """All of it, and what follows from it, as JSON; every row has the same keys."""
        return {
            "source": clean(self.source),
            "text": clean(self.text),
            "label": self.label,
            "probability": self.probability,
            "probabilities": dict(self.probabilities),
            "error": self.error,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """The row behind its JSON."""
        return cls(record["source"], record["text"], record["probabilities"], record["error"])


@dataclass(frozen=True)
class MoodFiles:
    """Where a run leaves its rows, and what it does with what is there.

    Attributes:
        output: .csv, .tsv, .jsonl or .parquet.
        resume: go on with what an interrupted run has done.
        overwrite: replace what is there.
    """

    output: Path
    resume: bool = False
    overwrite: bool = False

    @property
    def journal(self) -> Path:
        """Where the rows are kept meanwhile."""
        return Journal.path_beside(self.output)

    @property
    def finished(self) -> bool:
        """Whether an earlier run has left nothing to resume."""
        go_on = self.resume and not self.overwrite and not self.journal.exists()
        return go_on and self.output.exists()

    def require(self, inputs: Sequence[str | Path]) -> None:
        """See to it that the output can be written and nothing is lost, before the work begins.

        Raises:
            UserError: it cannot be, or something is there already.
        """
        if self.output.suffix.lower() not in WRITERS:
            known = ", ".join(WRITERS)
            raise UserError(f"{self.output}: unknown ending; choose one of {known}")
        require_place(self.output)
        if any(_same_file(self.output, source) for source in inputs):
            raise UserError(f"{self.output}: is an input; name another file")
        if not self.finished:
            there = [self.output] if self.output.exists() else []
            require_no_loss(there, self.journal, resume=self.resume, overwrite=self.overwrite)


def split_inputs(inputs: Sequence[str]) -> tuple[list[str], list[str]]:
    """The sentences and the files among the arguments of a command.

    What exists is a file, and so is what is called like one; everything else is a sentence.

    Raises:
        UserError: an argument is empty, or there are both.
    """
    sentences: list[str] = []
    sources: list[str] = []
    for said in inputs:
        if not said.strip():
            raise UserError("an empty text has no mood: give a sentence, or name a file")
        is_file = said == STDIN or path_exists(said) or looks_like_path(said)
        (sources if is_file else sentences).append(said)
    if sentences and sources:
        raise UserError(
            f"{sentences[0][:40]!r} is a text and {sources[0]} a file: give either texts or files"
        )
    return sentences, sources


def require_inputs(inputs: Sequence[str | Path]) -> None:
    """See to it that all inputs are there, before a model is loaded.

    Raises:
        UserError: nothing was given, or a file is missing or of a kind that cannot be read.
    """
    if not inputs:
        raise UserError("nothing to classify: name a file, - for lines, or give a sentence")
    for source in map(str, inputs):
        if source == STDIN:
            continue
        require_file(source, f"a table of texts ({' '.join(ENDINGS)})")
        if Path(source).suffix.lower() not in (*ENDINGS, ""):
            raise UserError(f"{source}: not a table of texts; choose one of {', '.join(ENDINGS)}")


def count_rows(inputs: Sequence[str | Path]) -> int | None:
    """How many rows there will be at most, where that can be told by counting lines."""
    if any(str(source) == STDIN or Path(source).suffix == ".parquet" for source in inputs):
        return None
    total = 0
    for source in inputs:
        with Path(source).open("rb") as file:
            total += sum(1 for _ in file)
    return total


def classify_texts(
    inputs: Iterable[str | Path],
    classifier: TextClassifier,
    *,
    columns: Columns | None = None,
    journal: Journal[TextRow] | None = None,
) -> Iterator[TextRow]:
    """Label every text that the inputs hold: one row for each, in their order.

    Memory does not grow with the number of texts.

    Args:
        inputs: see `multimodal.recognition.texts.tables.read_rows`.
        classifier: who labels.
        columns: which column holds the texts, where names do not tell.
        journal: begun; what it holds comes first, the rest is added to it batch by batch, before
            its rows are given.

    Raises:
        UserError: an input cannot be read, the journal belongs to other inputs, or the disk
            refuses.
    """
    columns = columns or Columns()
    rows = chain.from_iterable(read_rows(source, columns) for source in inputs)
    yield from _replay(journal or (), rows)
    while some := list(islice(rows, BATCH)):
        done = label_rows(some, classifier)
        if journal is not None:
            journal.add(done)
        yield from done


def classify(
    inputs: Sequence[str | Path],
    classifier: TextClassifier,
    files: MoodFiles | None = None,
    columns: Columns | None = None,
) -> Iterator[TextRow]:
    """Label all texts, into a file where one is named: all of ``multimodal classify-text``.

    Args and errors as for `classify_texts` and `classify_to_file`.

    Args:
        inputs: tables, or sentences.
        classifier: who labels.
        files: where the rows go.
        columns: where texts and labels stand.
    """
    if files is None:
        return classify_texts(inputs, classifier, columns=columns)
    return classify_to_file(inputs, classifier, files, columns)


def classify_to_file(
    inputs: Sequence[str | Path],
    classifier: TextClassifier,
    files: MoodFiles,
    columns: Columns | None = None,
) -> Iterator[TextRow]:
    """Yield every row when it is safe on the disk, and write the file after the last.

    Args and errors as for `classify_texts`.

    Args:
        inputs: tables.
        classifier: who labels.
        files: where the rows go.
        columns: where texts and labels stand.
    """
    files.require(inputs)
    columns = columns or Columns()
    request = {
        "inputs": [str(source) for source in inputs],
        "columns": asdict(columns),
        "model": fingerprint(
            classifier.network.state_dict(), classifier.names, classifier.temperatures
        ),
    }
    with Journal(files.journal, request, TextRow.as_record, TextRow.from_record) as journal:
        journal.begin(resume=files.resume)
        yield from classify_texts(inputs, classifier, columns=columns, journal=journal)
        with atomic_write(files.output) as temporary:
            WRITERS[files.output.suffix.lower()](journal, temporary)
        journal.remove()


def label_sentences(sentences: Sequence[str], classifier: TextClassifier) -> list[TextRow]:
    """Label some sentences, each of which is its own source."""
    return label_rows([Row(said, said) for said in sentences], classifier)


def label_rows(rows: Sequence[Row], classifier: TextClassifier) -> list[TextRow]:
    """Label some rows at once; one without a word to go by says so."""
    reasons = [_reason(row, classifier) for row in rows]
    readable = [row.text or "" for row, why in zip(rows, reasons, strict=True) if why is None]
    predictions = iter(classifier.predict(readable))
    return [
        TextRow(
            row.source, row.text or "", dict(next(predictions).ranking) if why is None else {}, why
        )
        for row, why in zip(rows, reasons, strict=True)
    ]


def coloured(influences: Sequence[Influence]) -> Text:
    """A sentence whose words are coloured by how they moved the answer.

    Green words speak for the label that the whole has, red ones against it; what moved the
    probability by `STRONG` or more has the full colour.
    """
    from rich.style import Style
    from rich.text import Text

    text = Text()
    for influence in influences:
        strength = min(1.0, abs(influence.change) / STRONG)
        red, green, blue = TOWARDS if influence.change > 0 else AWAY
        shade = f"rgb({red},{green},{blue})"
        style = Style(color=shade, bold=strength >= 1) if strength >= 0.2 else Style(dim=True)
        text.append(influence.token, style)
        text.append(" ")
    return text


def weighed(influences: Sequence[Influence]) -> str:
    """A sentence each of whose words is followed by how far it moved the answer: "dull (+0.31)"."""
    return " ".join(f"{each.token} ({each.change:+.2f})" for each in influences)


def _reason(row: Row, classifier: TextClassifier) -> str | None:
    if row.error is not None:
        return row.error
    return None if classifier.can_read(row.text or "") else "holds no word"


def _replay(journal: Iterable[TextRow], rows: Iterator[Row]) -> Iterator[TextRow]:
    """The rows of a journal, while those that they belong to are taken from the inputs."""
    for done in journal:
        row = next(rows, None)
        if row is None or (clean(row.source), clean(row.text or "")) != (done.source, done.text):
            raise UserError(
                f"{done.source}: was labelled, but now another text is in its place: "
                "the inputs have changed; begin anew with --overwrite"
            )
        yield done


def _same_file(output: Path, source: str | Path) -> bool:
    return output.exists() and Path(source).exists() and output.samefile(source)


def _records(rows: Iterable[TextRow]) -> Iterator[dict[str, Any]]:
    return (row.as_record() for row in rows)


def _write_csv(rows: Iterable[TextRow], path: Path) -> None:
    write_csv(_records(rows), COLUMNS, path)


def _write_tsv(rows: Iterable[TextRow], path: Path) -> None:
    write_csv(_records(rows), COLUMNS, path, "\t")


def _write_json_lines(rows: Iterable[TextRow], path: Path) -> None:
    write_json_lines(_records(rows), path)


def _write_parquet(rows: Iterable[TextRow], path: Path) -> None:
    listed = (
        record | {"probabilities": [*map(_named, record["probabilities"].items())]}
        for record in _records(rows)
    )
    write_parquet(listed, _fields(), path)


def _named(pair: tuple[str, float]) -> dict[str, Any]:
    return {"label": pair[0], "probability": pair[1]}


def _fields() -> list[pa.Field]:
    import pyarrow as pa

    probability = pa.struct([("label", pa.string()), ("probability", pa.float64())])
    return [
        pa.field("source", pa.string()),
        pa.field("text", pa.string()),
        pa.field("label", pa.string()),
        pa.field("probability", pa.float64()),
        pa.field("probabilities", pa.list_(probability)),
        pa.field("error", pa.string()),
    ]


WRITERS: dict[str, Callable[[Iterable[TextRow], Path], None]] = {
    ".csv": _write_csv,
    ".tsv": _write_tsv,
    ".jsonl": _write_json_lines,
    ".parquet": _write_parquet,
}
