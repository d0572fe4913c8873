"""Write captions as .txt files beside photos, as trainers of image models want them.

    python examples/sidecars.py photos/ --trigger "sks style"

A text that is there already is kept. `multimodal caption photos/ -o texts/` does the same into a
folder of its own, resumably, for millions of photos.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import multimodal
from multimodal.images import list_pictures


def main(folder: Path, trigger: str) -> None:
    """Caption the photos of a folder that have no text yet."""
    captioner = multimodal.load_captioner()
    photos = [Path(photo) for photo in list_pictures(folder)]
    new = [photo for photo in photos if not photo.with_suffix(".txt").exists()]
    for photo, caption in zip(new, captioner.caption([str(photo) for photo in new]), strict=True):
        if caption.error:
            print(f"{photo}: {caption.error}")
            continue
        text = f"{trigger}, {caption.text}" if trigger else caption.text
        photo.with_suffix(".txt").write_text(f"{text}\n", encoding="utf-8")
    print(f"{len(new)} of {len(photos)} photos were without a text")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trigger", default="", help="Words before every caption.")
    options = parser.parse_args()
    main(options.folder, options.trigger)
