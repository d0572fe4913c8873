"""What a run leaves behind, by the ending of its output; all are made from the same rows.

``.jsonl`` and ``.csv`` and ``.parquet`` have one row for each input, in their order. ``.json`` is
the results format of COCO (Chen et al. 2015). ``.dataset`` is a folder for `datasets`, pictures
included. A name without an ending is a folder of ``.txt`` files, one beside the place of each
picture, as tools that train image models read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from multimodal.atomic import atomic_write, temporary_folder
from multimodal.errors import UserError
from pipelines.caption.folders import TABLE, TABLES, write_dataset
from pipelines.caption.rows import CaptionRow
from pipelines.caption.sidecars import Sidecars
from pipelines.caption.tables import (
    coco_ids,
    read_image_numbers,
    write_coco,
    write_csv,
    write_json_lines,
    write_parquet,
)
from pipelines.output import require_place

DATASET = ".dataset"
WRITERS = {
    ".jsonl": write_json_lines,
    ".csv": write_csv,
    ".parquet": write_parquet,
    ".json": write_coco,
}


class Output:
    """A place for the rows of a run; nothing is there before all are written.

    Args:
        path: a file or folder; its ending says which kind. Of a folder that is there, only what an
            earlier run wrote is replaced.
        fill: whether a folder of text files keeps those that it has.
        annotations: a file of COCO annotations, for the numbers of pictures in results.

    Raises:
        UserError: the ending is unknown or the place cannot be.
    """

    def __init__(self, path: Path, *, fill: bool = False, annotations: Path | None = None) -> None:
        if path.suffix not in {*WRITERS, DATASET, ""} and not path.is_dir():
            known = ", ".join((*WRITERS, DATASET))
            raise UserError(f"{path}: unknown ending; choose {known}, or a folder without one")
        if path.suffix in WRITERS:
            require_place(path)
        elif path.is_file():
            raise UserError(f"{path}: is a file, and would have to be a folder")
        elif not path.parent.is_dir():
            raise UserError(f"{path}: its folder does not exist")
        if fill and path.suffix:
            raise UserError(f"{path}: --fill is for a folder of text files")
        if annotations is not None and path.suffix != ".json":
            raise UserError(f"{path}: --annotations number COCO results, which end in .json")
        self.path = path
        self._fill = fill
        self._numbers = None if annotations is None else read_image_numbers(annotations)

    @property
    def holds_pictures(self) -> bool:
        """Whether the pictures themselves are a part of it."""
        return self.path.suffix == DATASET

    def exists(self) -> bool:
        """Whether something would be replaced."""
        return any(self.path.iterdir()) if self.path.is_dir() else self.path.exists()

    def require_numbers(self, names: Iterator[str]) -> None:
        """See to it that COCO results can number pictures, before they are captioned.

        Raises:
            UserError: one has no number.
        """
        if self.path.suffix == ".json":
            coco_ids(names, self._numbers)

    def write(self, rows: Iterable[CaptionRow]) -> None:
        """Write all rows, whole or not at all.

        Args:
            rows: can be iterated over again and again.

        Raises:
            UserError: it cannot be written.
        """
        if self.path.suffix in WRITERS:
            with atomic_write(self.path) as temporary:
                if self.path.suffix == ".json":
                    write_coco(rows, temporary, self._numbers)
                else:
                    WRITERS[self.path.suffix](rows, temporary)
            return
        with temporary_folder(self.path) as temporary:
            if self.holds_pictures:
                write_dataset(rows, temporary)
                self._replace_folder(temporary)
            else:
                sidecars = Sidecars(self.path, fill=self._fill)
                sidecars.write(rows, temporary)
                sidecars.move_into_place(temporary)

    def _replace_folder(self, temporary: Path) -> None:
        """Move a folder to its place; file by file where there is one, which keeps its others."""
        if not self.path.exists():
            temporary.replace(self.path)
            return
        if self.holds_pictures:
            for old in self.path.glob(f"{TABLES}/{TABLE.format('?????')}"):
                old.unlink()
        for file in [path for path in temporary.rglob("*") if path.is_file()]:
            place = self.path / file.relative_to(temporary)
            place.parent.mkdir(parents=True, exist_ok=True)
            file.replace(place)
