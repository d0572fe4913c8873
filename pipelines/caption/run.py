"""One run of ``multimodal caption``: inputs → rows → files, and on where it was interrupted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multimodal.atomic import atomic_write
from multimodal.errors import UserError
from multimodal.portable.captions import PortableCaptioner
from pipelines import journal
from pipelines.caption.containers import ContentsNeededError, Reading
from pipelines.caption.inputs import names_of, read_inputs
from pipelines.caption.journal import Journal
from pipelines.caption.languages import RowTranslator
from pipelines.caption.local import Engine, caption_images
from pipelines.caption.outputs import Output
from pipelines.caption.record import record_path, require_unchanged, write_record
from pipelines.caption.report import write_report
from pipelines.caption.rows import CaptionRow, require_calibrated
from pipelines.journal import require_no_loss
from pipelines.models import open_model
from pipelines.output import require_place
from pipelines.tally import describe_passed_over

if TYPE_CHECKING:
    from multimodal.captioning.captioner import Captioner


@dataclass(frozen=True)
class Files:
    """Where a run leaves its rows, and what it does with what is there.

    Attributes:
        output: see `pipelines.caption.outputs`.
        report: a page to look at, `.html`.
        resume: go on with what an interrupted run has done.
        overwrite: replace what is there.
        fill: keep the text files that are there, and write the others.
        annotations: a file of COCO annotations, for the numbers of pictures in results.
    """

    output: Path | None = None
    report: Path | None = None
    resume: bool = False
    overwrite: bool = False
    fill: bool = False
    annotations: Path | None = None

    @property
    def result(self) -> Output | None:
        """The output, if there is to be one."""
        if self.output is None:
            return None
        return Output(self.output, fill=self.fill, annotations=self.annotations)

    @property
    def places(self) -> list[Path]:
        """What will be there."""
        return [place for place in (self.output, self.report) if place is not None]

    @property
    def journal(self) -> Path:
        """Where the rows are kept meanwhile."""
        return Journal.path_beside(self.places[0])

    def require(self, inputs: Sequence[str | Path]) -> None:
        """See to it that all can be written and nothing is lost, before the work begins.

        Raises:
            UserError: a place cannot be, or something is there already.
        """
        if not self.places:
            if self.resume:
                raise UserError("--resume: only what goes to an --output can be resumed")
            return
        if self.report is not None:
            require_place(self.report)
            if self.report.suffix not in {".html", ".htm"}:
                raise UserError(f"{self.report}: a report is a page; choose the ending .html")
        result = self.result
        if result is not None:
            with suppress(ContentsNeededError):
                result.require_numbers(names_of(inputs))
        there = [] if self.finished or self.fill else self._there()
        require_no_loss(there, self.journal, resume=self.resume, overwrite=self.overwrite)

    @property
    def record(self) -> Path:
        """Where it is kept what a finished run was asked."""
        return record_path(self.places[0])

    @property
    def finished(self) -> bool:
        """Whether an earlier run has left nothing to resume."""
        if not self.places or not self.resume or self.overwrite or self.journal.exists():
            return False
        if self.fill:
            return False
        return self._there() == self.places

    def _there(self) -> list[Path]:
        outputs = [self.output] if self.output and Output(self.output).exists() else []
        return outputs + ([self.report] if self.report and self.report.exists() else [])


def caption(
    inputs: Sequence[str | Path],
    model: str | Path | None,
    files: Files,
    *,
    language: str | None = None,
    translator: str | Path | None = None,
    reading: Reading | None = None,
    **options: Any,
) -> Iterator[CaptionRow]:
    """Caption with a model by its name, by an engine by its name: all of ``multimodal caption``.

    Args:
        inputs: see `pipelines.caption.inputs`.
        model: a folder, a Hub id, or None for the shipped captioner.
        files: what to write, if anything.
        language: the code of another language for the captions, beside English.
        translator: who translates then: a folder, a Hub id, or None for the shipped translator.
        reading: how inputs are read; it counts what is passed over.
        **options: of `caption_images`.

    Raises:
        UserError: a model, a place, an option or an input cannot be, or the disk refuses.
    """
    translate = None if language is None else RowTranslator.load(language, translator)
    captioner = open_model("captioner", model)
    options |= {"translate": translate, "reading": reading}
    if not files.places:
        return caption_images(inputs, captioner, **options)
    return caption_to_files(inputs, captioner, files, **options)


def _search(captioner: Captioner | PortableCaptioner, options: Mapping[str, Any]) -> dict[str, Any]:
    """How pictures are captioned, but for what the model itself tells."""
    search: Any = captioner.search_options(options)
    if isinstance(captioner, PortableCaptioner):
        return asdict(search)
    return asdict(replace(search, banned=(), once=(), repeat_costs=(), double_costs=()))


def caption_to_files(  # noqa: PLR0913 - the choices of a run, by keyword
    inputs: Sequence[str | Path],
    captioner: Captioner,
    files: Files,
    *,
    engine: Engine = "local",
    address: str | None = None,
    batch_size: int = 32,
    workers: int | None = None,
    min_score: float | None = None,
    min_confidence: float | None = None,
    translate: RowTranslator | None = None,
    reading: Reading | None = None,
    **options: Any,
) -> Iterator[CaptionRow]:
    """Yield every row when it is safe on the disk, and write the files after the last.

    Args:
        inputs: see `pipelines.caption.inputs`.
        captioner: who captions.
        files: what to write; at least one.
        engine: "local" or "ray"; a resumed run may have another.
        address: of a Ray cluster; one is started on this machine unless given.
        batch_size: pictures at a time; a resumed run needs the same.
        workers: of the engine; a resumed run may have others.
        min_score: a caption with a lower score is withheld.
        min_confidence: the same for captions with a lower confidence.
        translate: gives rows their captions in another language; a resumed run needs the same.
        reading: how inputs are read; it counts what is passed over.
        **options: of captioning, such as beam_size.

    Raises:
        UserError: a place, an option or an input cannot be, or the disk refuses.
    """
    files.require(inputs)
    require_calibrated(captioner, min_confidence)
    reading = reading or Reading()
    result = files.result
    with_report = files.report is not None
    if with_report:
        options |= {"keep_attention": True}
    request = {
        "inputs": [str(source) for source in inputs],
        "model": fingerprint(captioner),
        "batch_size": batch_size,
        "min_score": min_score,
        "min_confidence": min_confidence,
        "report": with_report,
        "image_column": reading.image_column,
        "pictures": result is not None and result.holds_pictures,
        "language": translate and translate.language,
        "translator": translate and translate.fingerprint,
        **_search(captioner, options),
    }
    if files.finished:
        require_unchanged(files.record, request, read_inputs(inputs, reading))
        return
    with Journal(files.journal, request) as kept:
        kept.begin(resume=files.resume)
        yield from caption_images(
            inputs,
            captioner,
            engine=engine,
            address=address,
            batch_size=batch_size,
            workers=workers,
            min_score=min_score,
            min_confidence=min_confidence,
            journal=kept,
            thumbnails=with_report,
            keep_pictures=request["pictures"],
            reading=reading,
            translate=translate,
            **options,
        )
        with _all_is_kept():
            if result is not None:
                result.write(kept)
            if files.report is not None:
                with atomic_write(files.report) as temporary:
                    write_report(
                        kept,
                        temporary,
                        crop=captioner.crop,
                        passed_over=describe_passed_over(reading.passed_over),
                    )
            write_record(files.record, request, kept)
        kept.remove()


def fingerprint(captioner: Captioner | PortableCaptioner) -> str:
    """What tells one captioner from another: its weights, their precision, its vocabulary."""
    if isinstance(captioner, PortableCaptioner):
        return captioner.fingerprint
    network = captioner.network
    configs = (network.encoder.config, network.decoder.config)
    words = (captioner.vocabulary.words, captioner.vocabulary.tokenizer, captioner.repetition)
    return journal.fingerprint(network.state_dict(), configs, words)


@contextmanager
def _all_is_kept() -> Iterator[None]:
    """Say that nothing is lost, whatever goes wrong with the files in the end."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{error}; what is done is kept: go on with --resume") from error
