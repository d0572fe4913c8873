"""The scores are those of the reference implementation, and of paper and pencil."""

import json
import math
import shutil
import subprocess
import sys
import threading
import types
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.captioning.metrics import (
    CaptionReward,
    CaptionScores,
    count_ngrams,
    evaluate_captions,
)
from multimodal.captioning.tokenizer import tokenize
from multimodal.errors import UserError

words = st.sampled_from(["red", "ball", "dog", "runs", "on", "grass"])
sentences = st.lists(words, min_size=1, max_size=9)
photos = st.lists(
    st.tuples(sentences, st.lists(sentences, min_size=1, max_size=4)), min_size=1, max_size=5
)


def score_of(hypothesis: str, *references: str) -> CaptionScores:
    return evaluate_captions({"a.jpg": hypothesis}, {"a.jpg": references})


def as_mappings(
    captions: list[tuple[list[str], list[list[str]]]],
) -> tuple[dict[str, str], dict[str, list[str]]]:
    hypotheses = {f"{i}.jpg": " ".join(caption) for i, (caption, _) in enumerate(captions)}
    references = {f"{i}.jpg": [" ".join(r) for r in of] for i, (_, of) in enumerate(captions)}
    return hypotheses, references


# --- the reference implementation ----------------------------------------------------------------


@pytest.fixture(scope="module")
def golden(shared: Path) -> dict:
    return json.loads((shared / "golden/caption_metrics.json").read_text())


@pytest.fixture(scope="module")
def golden_captions(golden: dict) -> tuple[dict[str, str], dict[str, list[str]]]:
    hypotheses = {item["photo"]: item["hypothesis"] for item in golden["items"]}
    references = {item["photo"]: item["references"] for item in golden["items"]}
    return hypotheses, references


def test_reference_figures(golden: dict, golden_captions: tuple):
    scores = evaluate_captions(*golden_captions)
    assert scores.meteor is None
    for name in ("bleu1", "bleu2", "bleu3", "bleu4", "rouge_l", "cider"):
        assert getattr(scores, name) == pytest.approx(golden["corpus"][name], abs=1e-9), name
    assert scores.per_photo.keys() == golden["per_photo"].keys()
    for photo, expected in golden["per_photo"].items():
        assert scores.per_photo[photo].cider == pytest.approx(expected["cider"], abs=1e-9)
        assert scores.per_photo[photo].rouge_l == pytest.approx(expected["rouge_l"], abs=1e-9)


def test_reference_cider_is_cider_d(golden: dict, golden_captions: tuple):
    scores = evaluate_captions(*golden_captions)
    assert scores.cider_d == scores.cider
    assert scores.cider_plain > golden["corpus"]["cider"] + 0.1


def test_reference_meteor(golden: dict, golden_captions: tuple):
    pytest.importorskip("pycocoevalcap", reason="METEOR comes with the extra: pycocoevalcap")
    if shutil.which("java") is None:
        pytest.skip("METEOR needs Java")
    scores = evaluate_captions(*golden_captions, meteor=True)
    assert scores.meteor == pytest.approx(golden["corpus"]["meteor"], abs=1e-4)


# --- paper and pencil ----------------------------------------------------------------------------


def test_ngrams_of_every_order():
    assert count_ngrams(["a", "b", "a"]) == {
        ("a",): 2,
        ("b",): 1,
        ("a", "b"): 1,
        ("b", "a"): 1,
        ("a", "b", "a"): 1,
    }


def test_bleu_counts_matches_and_brevity():
    scores = score_of("a dog runs fast", "a dog runs very slowly")
    brevity = math.exp(1 - 5 / 4)
    assert scores.bleu1 == pytest.approx(brevity * 3 / 4)
    assert scores.bleu2 == pytest.approx(brevity * math.sqrt(3 / 4 * 2 / 3))
    assert scores.bleu3 == pytest.approx(brevity * (3 / 4 * 2 / 3 * 1 / 2) ** (1 / 3))
    assert scores.bleu4 == pytest.approx(0, abs=1e-3)


def test_bleu_clips_a_repeated_word():
    assert score_of("red red red red", "a red ball", "red red wine").bleu1 == pytest.approx(2 / 4)


def test_bleu_takes_the_shorter_of_two_equally_near_references():
    # 4 words against 3 and 5: no penalty against 3, exp(1 - 5/4) against 5
    assert score_of("a dog runs fast", "a a a dog runs", "a b c").bleu1 == pytest.approx(3 / 4)


def test_bleu_pools_the_counts_of_all_photos():
    scores = evaluate_captions(
        {"a.jpg": "a red ball", "b.jpg": "dog"}, {"a.jpg": ["a red ball"], "b.jpg": ["cat"]}
    )
    assert scores.bleu1 == pytest.approx(3 / 4)


def test_rouge_joins_the_best_precision_and_the_best_recall():
    # "dog runs" is 2 of 3 words of the sentence; "dog" is 1 of 1 words of the second reference
    scores = score_of("dog quickly runs", "a dog never ever runs", "dog")
    precision, recall, weight = 2 / 3, 1.0, 1.2**2
    expected = (1 + weight) * precision * recall / (recall + weight * precision)
    assert scores.rouge_l == pytest.approx(expected)


def test_cider_weighs_what_tells_photos_apart():
    # "ball" is on both photos and weighs nothing; one and two words match, three and four cannot
    scores = evaluate_captions(
        {"a.jpg": "red ball", "b.jpg": "ball"}, {"a.jpg": ["red ball"], "b.jpg": ["blue ball"]}
    )
    assert scores.per_photo["a.jpg"].cider == pytest.approx(10 * 2 / 4)
    assert scores.per_photo["a.jpg"].cider_plain == pytest.approx(10 * 2 / 4)
    assert scores.per_photo["b.jpg"].cider == 0
    assert scores.cider == pytest.approx(10 * 1 / 4)


def test_cider_d_clips_and_cider_does_not():
    # one word: the cosine of (2, 0) and (1, 0) is 1, clipped it is 1/2; no other order matches
    scores = evaluate_captions(
        {"a.jpg": "red red", "b.jpg": "x"}, {"a.jpg": ["red ball"], "b.jpg": ["blue ball"]}
    )
    assert scores.per_photo["a.jpg"].cider_plain == pytest.approx(10 * 1 / 4)
    assert scores.per_photo["a.jpg"].cider == pytest.approx(10 * 1 / 2 / 4)


def test_cider_d_fades_with_the_difference_in_length():
    scores = evaluate_captions(
        {"a.jpg": "red", "b.jpg": "x"}, {"a.jpg": ["red ball"], "b.jpg": ["blue ball"]}
    )
    assert scores.per_photo["a.jpg"].cider_plain == pytest.approx(10 * 1 / 4)
    assert scores.per_photo["a.jpg"].cider == pytest.approx(10 * math.exp(-1 / 72) / 4)


def test_cider_is_the_mean_over_the_references():
    scores = evaluate_captions(
        {"a.jpg": "red", "b.jpg": "x"}, {"a.jpg": ["red", "green"], "b.jpg": ["blue"]}
    )
    assert scores.per_photo["a.jpg"].cider == pytest.approx((10 + 0) / 2 / 4)


def test_sentences_are_tokenised_inside():
    scores = score_of("The dog's ball isn't RED!", "the dog 's ball is n't red")
    assert scores.bleu4 == pytest.approx(1)
    assert scores.rouge_l == pytest.approx(1)


# --- properties ----------------------------------------------------------------------------------


@given(st.lists(words, min_size=4, max_size=12))
def test_a_sentence_equal_to_its_only_reference_is_perfect(sentence: list[str]):
    scores = score_of(" ".join(sentence), " ".join(sentence))
    for bleu in (scores.bleu1, scores.bleu2, scores.bleu3, scores.bleu4):
        assert bleu == pytest.approx(1)
    assert scores.rouge_l == pytest.approx(1)


@given(photos, st.randoms(use_true_random=False))
def test_the_order_of_photos_and_references_changes_nothing(captions: list, random):
    hypotheses, references = as_mappings(captions)
    names = list(hypotheses)
    random.shuffle(names)
    again = evaluate_captions(
        {name: hypotheses[name] for name in names},
        {name: random.sample(of, len(of)) for name, of in references.items()},
    )
    assert again == evaluate_captions(hypotheses, references)


@given(photos, sentences)
def test_one_more_reference_never_takes_matches_away(captions: list, extra: list[str]):
    hypotheses, references = as_mappings(captions)
    before = evaluate_captions(hypotheses, references)
    # too long to become the nearest in length, so that only the matches can change
    more = {name: [*of, " ".join(extra * 40)] for name, of in references.items()}
    after = evaluate_captions(hypotheses, more)
    assert after.bleu1 >= before.bleu1
    assert after.bleu4 >= before.bleu4
    assert after.rouge_l >= before.rouge_l - 1e-12


@given(sentences, sentences)
def test_rouge_finds_the_longest_common_subsequence(hypothesis: list[str], reference: list[str]):
    table = np.zeros((len(hypothesis) + 1, len(reference) + 1), dtype=int)
    for i, word in enumerate(hypothesis):
        for j, other in enumerate(reference):
            best = max(table[i, j + 1], table[i + 1, j])
            table[i + 1, j + 1] = table[i, j] + 1 if word == other else best
    precision, recall = table[-1, -1] / len(hypothesis), table[-1, -1] / len(reference)
    expected = 2.44 * precision * recall / (recall + 1.44 * precision) if precision else 0
    scores = score_of(" ".join(hypothesis), " ".join(reference))
    assert scores.rouge_l == pytest.approx(expected)


@given(photos)
def test_cider_d_never_exceeds_cider(captions: list):
    scores = evaluate_captions(*as_mappings(captions))
    for photo in scores.per_photo.values():
        assert 0 <= photo.cider <= photo.cider_plain + 1e-9 <= 10 + 2e-9


# --- the reward ----------------------------------------------------------------------------------


@given(photos)
def test_reward_equals_the_metric(captions: list):
    hypotheses, references = as_mappings(captions)
    expected = evaluate_captions(hypotheses, references).per_photo
    reward = CaptionReward({name: [r.split() for r in of] for name, of in references.items()})
    scores = reward.score(list(hypotheses), [text.split() for text in hypotheses.values()])
    assert scores.dtype == np.float64
    assert scores.tolist() == [expected[name].cider for name in hypotheses]


def test_reward_equals_the_reference_figures(golden: dict, golden_captions: tuple):
    hypotheses, references = golden_captions
    reward = CaptionReward({name: [tokenize(r) for r in of] for name, of in references.items()})
    scores = reward.score(list(hypotheses), [tokenize(text) for text in hypotheses.values()])
    expected = [golden["per_photo"][name]["cider"] for name in hypotheses]
    np.testing.assert_allclose(scores, expected, atol=1e-9)


@given(photos)
def test_reward_takes_ids_as_well_as_words(captions: list):
    ids: dict[str, int] = {}

    def numbered(sentence: list[str]) -> list[int]:
        return [ids.setdefault(word, len(ids)) for word in sentence]

    names = [str(i) for i in range(len(captions))]
    by_word = CaptionReward({n: of for n, (_, of) in zip(names, captions, strict=True)})
    by_id = CaptionReward(
        {n: [numbered(r) for r in of] for n, (_, of) in zip(names, captions, strict=True)}
    )
    caption_of = [caption for caption, _ in captions]
    assert (
        by_id.score(names, [numbered(caption) for caption in caption_of]).tolist()
        == by_word.score(names, caption_of).tolist()
    )


def test_reward_sees_where_a_sentence_ends():
    end = 0
    reward = CaptionReward({"a.jpg": [[5, 6, 7, end]], "b.jpg": [[8, 9, end]]})
    whole, cut_off, empty = reward.score(["a.jpg"] * 3, [[5, 6, 7, end], [5, 6, 7], []])
    assert whole == pytest.approx(10)
    assert 0 < cut_off < whole
    assert empty == 0


def test_reward_with_bleu_beside_cider():
    references = {"a.jpg": [[5, 6, 7, 8], [5, 6, 9]], "b.jpg": [[8, 9]]}
    hypotheses = [[5, 6, 7, 8], [5, 6, 6], []]
    names = ["a.jpg"] * 3
    plain = CaptionReward(references).score(names, hypotheses)
    mixed = CaptionReward(references, bleu_weight=2.0).score(names, hypotheses)
    # of 5 6 6, two of three words are right, one of two pairs, and no three in a row
    bleu1, bleu2 = 2 / 3, (2 / 3 * 1 / 2) ** 0.5
    expected = plain + 2.0 * np.array([1.0, (bleu1 + bleu2) / 4, 0.0])
    np.testing.assert_allclose(mixed, expected, atol=1e-4)
    words_only = CaptionReward(references, unigram_weight=3.0).score(names, hypotheses)
    np.testing.assert_allclose(words_only, plain + 3.0 * np.array([1.0, bleu1, 0.0]), atol=1e-4)


def test_reward_of_no_sentences():
    assert CaptionReward({"a.jpg": [[1]]}).score([], []).shape == (0,)


def test_reward_needs_a_photo_for_every_sentence():
    reward = CaptionReward({"a.jpg": [[1, 2]]})
    with pytest.raises(UserError, match=r"b\.jpg"):
        reward.score(["b.jpg"], [[1, 2]])
    with pytest.raises(ValueError, match="zip"):
        reward.score(["a.jpg"], [[1, 2], [1]])


@pytest.mark.parametrize("references", [{}, {"a.jpg": []}])
def test_reward_needs_references(references: dict):
    with pytest.raises(UserError, match="no reference captions"):
        CaptionReward(references)


# --- faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize("nothing", ["", "  ", "...", "!"])
def test_a_caption_without_words_scores_nothing(nothing: str):
    scores = evaluate_captions(
        {"a.jpg": nothing, "b.jpg": "a cat"}, {"a.jpg": ["a dog"], "b.jpg": ["a cat"]}
    )
    assert scores.per_photo["a.jpg"].cider == 0
    assert scores.per_photo["a.jpg"].rouge_l == 0
    assert scores.per_photo["b.jpg"].rouge_l == pytest.approx(1)
    # both words match; two of four are missing
    assert scores.bleu1 == pytest.approx(math.exp(1 - 4 / 2))


def test_nothing_but_empty_captions_scores_zero():
    scores = score_of("", "a dog")
    assert (scores.bleu1, scores.bleu4, scores.rouge_l, scores.cider) == (0, 0, 0, 0)


def test_a_reference_without_words_is_allowed():
    scores = score_of("a dog", "...", "a dog")
    assert scores.rouge_l == pytest.approx(1)
    assert scores.bleu1 == pytest.approx(1)


@pytest.mark.parametrize(
    ("hypotheses", "references", "line"),
    [
        ({}, {}, "no reference captions"),
        ({"a.jpg": "a"}, {"a.jpg": []}, r"a\.jpg: no reference captions"),
        ({"a.jpg": "a"}, {"a.jpg": "a dog"}, r"a\.jpg: give the reference captions as a list"),
        ({"a.jpg": "a", "b.jpg": "b"}, {"a.jpg": ["a"]}, r"b\.jpg: a caption but no reference"),
        ({}, {"a.jpg": ["a"], "b.jpg": ["b"]}, r"a\.jpg \(and 1 more\): .* no caption"),
    ],
)
def test_captions_and_references_must_fit(hypotheses: dict, references: dict, line: str):
    with pytest.raises(UserError, match=line) as caught:
        evaluate_captions(hypotheses, references)
    assert "\n" not in str(caught.value)


# --- METEOR, with a stand-in for the Java program ------------------------------------------------


class StandInMeteor:
    """Starts a process that waits for input, as the package does; `answer` says what comes back."""

    answer: float | Exception = 0.25
    seen: list["StandInMeteor"]

    def __init__(self):
        waiting = [sys.executable, "-c", "import sys; sys.stdin.read()"]
        pipe = subprocess.PIPE
        self.meteor_p = subprocess.Popen(waiting, stdin=pipe, stdout=pipe, stderr=pipe)
        self.lock = threading.Lock()
        self.seen.append(self)

    def compute_score(self, references, hypotheses):
        self.lock.acquire()
        self.asked = references, hypotheses
        if isinstance(self.answer, Exception):
            raise self.answer
        self.lock.release()
        return self.answer, [self.answer] * len(hypotheses)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> type[StandInMeteor]:
    class Meteor(StandInMeteor):
        pass

    Meteor.seen = []
    package = types.ModuleType("pycocoevalcap.meteor.meteor")
    package.Meteor = Meteor
    for name in ("pycocoevalcap", "pycocoevalcap.meteor"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, package.__name__, package)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    return Meteor


def assert_all_closed(scorer: StandInMeteor) -> None:
    process = scorer.meteor_p
    assert process.returncode is not None
    assert process.stdin.closed
    assert process.stdout.closed
    assert process.stderr.closed
    assert not scorer.lock.locked()


def test_meteor_is_asked_for_tokenised_sentences(stand_in: type[StandInMeteor]):
    scores = evaluate_captions({"a.jpg": "A dog!"}, {"a.jpg": ["It's (one) dog."]}, meteor=True)
    assert scores.meteor == 0.25
    (scorer,) = stand_in.seen
    assert scorer.asked == ({"a.jpg": ["it 's -lrb- one -rrb- dog"]}, {"a.jpg": ["a dog"]})
    assert_all_closed(scorer)


@pytest.mark.parametrize("fault", [BrokenPipeError("gone"), ValueError("not a number")])
def test_meteor_breaking_off_is_one_line(stand_in: type[StandInMeteor], fault: Exception):
    stand_in.answer = fault
    with pytest.raises(UserError, match=f"METEOR's Java program broke off: {fault}"):
        evaluate_captions({"a.jpg": "a dog"}, {"a.jpg": ["a dog"]}, meteor=True)
    assert_all_closed(*stand_in.seen)


def test_meteor_without_java(stand_in: type[StandInMeteor], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="METEOR needs Java"):
        evaluate_captions({"a.jpg": "a dog"}, {"a.jpg": ["a dog"]}, meteor=True)
    assert stand_in.seen == []


def test_meteor_without_its_package(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pycocoevalcap.meteor.meteor", None)
    with pytest.raises(UserError, match=r"pip install 'multimodal-rnn\[meteor\]'"):
        evaluate_captions({"a.jpg": "a dog"}, {"a.jpg": ["a dog"]}, meteor=True)
