"""A photo becomes a sentence, the sentence drawings and handwriting: ``multimodal postcard``.

    maker = CardMaker(CardOptions(style=5, language="de"))
    maker.make("photo.jpg").save(Path("card.svg"))

Every model has a part in it: the captioner says what there is, the translator says it in another
language, the sketcher draws what the sentence names and it draws well, and the writer writes the
sentence. `layout` says where everything stands, `drawing` makes a card, `files` encodes it, and
`deck` makes many.
"""

from __future__ import annotations

from pipelines.postcard.deck import CardRow, Deck, make_card, make_deck
from pipelines.postcard.drawing import CardMaker, CardModels, CardOptions, Postcard, as_sentence
from pipelines.postcard.files import ENDINGS, require_ending

__all__ = [
    "ENDINGS",
    "CardMaker",
    "CardModels",
    "CardOptions",
    "CardRow",
    "Deck",
    "Postcard",
    "as_sentence",
    "make_card",
    "make_deck",
    "require_ending",
]
