"""Batches: every pair once an epoch, sentences read once, in the same order for everyone."""

from collections import Counter

import pytest

from multimodal.errors import UserError
from multimodal.subwords import SubwordVocabulary
from multimodal.translation.batches import END, PADDING, SPECIAL, STEPS, TrainingText
from multimodal.translation.data import ParallelText

ROWS = [{"de": "ein Hund", "en": "a dog", "fr": "un chien"}] + [
    {"de": f"{'sehr ' * n}gut", "en": f"{'very ' * n}good"} for n in range(12)
]
TEXT = ParallelText(("de", "en", "fr"), ROWS)
VOCABULARY = SubwordVocabulary.build(
    [text for row in ROWS for text in row.values()], 300, [*SPECIAL, "<de>", "<en>", "<fr>"]
)


def text(max_length: int = 50) -> TrainingText:
    return TrainingText(TEXT, VOCABULARY, TEXT.directions("en"), max_length)


def pairs(batch) -> list[tuple[str, str, str]]:
    """Source, language, target of every row of a batch, as text."""
    found = []
    for place, target in zip(batch.read.tolist(), batch.targets.tolist(), strict=True):
        source = batch.sources[place, : batch.lengths[place]].tolist()
        assert source[-1] == END
        kept = [number for number in target if number != PADDING]
        assert kept[-1] == END
        language = VOCABULARY.special[kept[0]]
        found.append((VOCABULARY.decode(source), language, VOCABULARY.decode(kept)))
    return found


def test_an_epoch_has_every_direction_of_every_row_once():
    found = [p for batch in text().batches(4, 0, 0, 0, 0, 1) for p in pairs(batch)]
    expected = []
    for row in ROWS:
        for source, target in TEXT.directions("en"):
            if source in row and target in row:
                expected.append((row[source], f"<{target}>", row[target]))
    assert Counter(found) == Counter(expected)
    assert text().pairs == len(expected)


def test_a_sentence_is_read_once_for_all_its_directions():
    batch = text().batch([0])
    assert len(batch.sources) == 3
    assert len(batch.targets) == 4
    assert Counter(batch.read.tolist()).most_common(1)[0][1] == 2


def test_shapes_are_few_and_batches_of_similar_length():
    batches = list(text().batches(4, 0, 0, 0, 0, 1))
    for batch in batches:
        assert batch.sources.shape[1] % STEPS == 0
        assert batch.targets.shape[1] % STEPS == 1
    assert len({len(b.sources) for b in batches}) <= 3
    longest = sorted(int(batch.lengths.max()) for batch in batches)
    assert longest[0] < longest[-1] / 2


def test_the_order_is_the_epochs_and_is_shared():
    learnt = text()
    first, again, *others = [learnt.by_length(4, 1, epoch) for epoch in (0, 0, 1, 2, 3, 4)]
    assert first == again
    assert any(other != first for other in others)
    whole = [pairs(batch) for batch in learnt.batches(4, 1, 0, 1, 0, 1)]
    halves = [[pairs(b) for b in learnt.batches(4, 1, 0, 1, rank, 2)] for rank in (0, 1)]
    for every, one, two in zip(whole, *halves, strict=True):
        assert set(every) == {*one, *two}
        assert len(every) in (len(one) + len(two), len(one))  # a batch of one row is everybody's


def test_long_sentences_are_left_out_and_all_of_them_is_an_error():
    assert len(text(max_length=5)) < len(text())
    with pytest.raises(UserError, match="no pairs"):
        text(max_length=0)
