"""What visitors hand in, made safe to open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.limits import MEGABYTE, Limits
from multimodal.errors import UserError
from multimodal.images import ImageError, count_pixels


@dataclass(frozen=True)
class Upload:
    """A file that a visitor handed in.

    Attributes:
        path: where it lies; gradio has seen to it that it is one of its uploads.
        name: what the visitor calls it.
    """

    path: Path
    name: str

    @classmethod
    def of(cls, file: object, limits: Limits, what: str = "photo") -> Upload:
        """Of what an event without gradio's own reading passes on.

        Raises:
            UserError: there is none, or it is too large.
        """
        if not isinstance(file, Mapping) or not file.get("path"):
            raise UserError(f"There is no {what} yet. Please choose one first.")
        path = Path(file["path"])
        upload = cls(path, Path(file.get("orig_name") or path.name).name)
        try:
            size = path.stat().st_size
        except OSError as error:
            raise UserError(
                f"{upload.name} is no longer here: files are kept for {limits.kept_seconds // 60} "
                "minutes. Please choose it again."
            ) from error
        if size > limits.upload_bytes:
            raise UserError(
                f"{upload.name} is larger than {limits.upload_bytes // MEGABYTE} MB. "
                "Please choose a smaller file."
            )
        return upload

    def require_pixels(self, limits: Limits) -> None:
        """See to it that it is not too large a picture.

        Raises:
            UserError: it is.
        """
        if count_pixels(self.path) > limits.picture_pixels:
            raise UserError(
                f"{self.name} has more than {limits.picture_pixels // 10**6} megapixels. "
                "Please choose a smaller picture."
            )


@contextmanager
def named(upload: Upload) -> Iterator[None]:
    """Let a complaint about a picture call it what its owner calls it."""
    try:
        yield
    except ImageError as error:
        raise UserError(f"{upload.name} cannot be used: it {error.reason}.") from error


def as_upload(path: Path) -> dict[str, Any]:
    """A file of our own, as an event would pass on an upload."""
    return {"path": str(path), "orig_name": path.name, "meta": {"_type": "gradio.FileData"}}
