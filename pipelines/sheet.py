"""Many pictures on one, each with its caption: to look at what a captioner says."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont, ImageOps

from multimodal.atomic import atomic_write
from multimodal.errors import UserError
from multimodal.images import open_image
from pipelines.caption.rows import CaptionRow
from pipelines.output import require_place

if TYPE_CHECKING:
    from multimodal.captioning.caption import Caption

TILE, TEXT_HEIGHT, MARGIN, FONT_SIZE, LETTERS = 300, 74, 14, 17, 34
PAPER, INK = (252, 251, 248), (32, 32, 36)


def contact_sheet(captions: Sequence[Caption], columns: int = 4) -> Image.Image:
    """Draw captioned pictures in rows; those with an error are left out.

    Raises:
        UserError: when no picture has a caption.
    """
    good = [caption for caption in captions if caption.error is None]
    if not good:
        raise UserError("no captioned picture for the sheet")
    columns = min(columns, len(good))
    rows = -(-len(good) // columns)
    tiles = [_tile(caption) for caption in good]
    width, height = TILE + MARGIN, max(tile.height for tile in tiles) + MARGIN
    sheet = Image.new("RGB", (columns * width + MARGIN, rows * height + MARGIN), PAPER)
    for number, tile in enumerate(tiles):
        corner = (MARGIN + number % columns * width, MARGIN + number // columns * height)
        sheet.paste(tile, corner)
    return sheet


def require_sheet(path: Path) -> None:
    """See to it that a sheet can be saved there, before the pictures are captioned.

    Raises:
        UserError: when its folder does not exist, or the ending is of no picture.
    """
    require_place(path)
    if Image.registered_extensions().get(path.suffix.lower()) not in Image.SAVE:
        raise UserError(f"{path}: not the ending of a picture; choose .png or .jpg")


def save_sheet(captions: Sequence[Caption], path: Path) -> None:
    """Save a contact sheet; the ending says how.

    Raises:
        UserError: when it cannot be written, or the ending is of no picture.
    """
    require_sheet(path)
    with atomic_write(path) as temporary:
        contact_sheet(captions).save(temporary)


def _tile(caption: Caption) -> Image.Image:
    texts = [caption.text]
    if isinstance(caption, CaptionRow) and caption.translation:
        texts.append(caption.translation)
    tile = Image.new("RGB", (TILE, TILE + TEXT_HEIGHT * len(texts)), PAPER)
    picture = ImageOps.fit(open_image(caption.source, needed=TILE), (TILE, TILE))
    tile.paste(picture, (0, 0))
    font = ImageFont.load_default(FONT_SIZE)
    for number, text in enumerate(texts):
        lines = "\n".join(textwrap.wrap(text, LETTERS)[:3])
        top = TILE + 6 + number * TEXT_HEIGHT
        ImageDraw.Draw(tile).multiline_text((2, top), lines, INK, font, spacing=3)
    return tile
