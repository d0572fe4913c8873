"""Word probabilities of photos: two kinds of evidence, and calibration."""

import numpy as np
import pytest
import torch

from multimodal.captioning.calibration import calibrate, fit_confidence, is_true
from multimodal.captioning.captioner import Captioner, CaptionOptions
from multimodal.captioning.model import CaptionNetwork, DecoderConfig
from multimodal.captioning.vocabulary import CaptionVocabulary
from multimodal.captioning.word_evidence import (
    DIMMED,
    MENTIONED,
    WordEvidence,
    number_forms,
)
from multimodal.encoders import Encoder, EncoderConfig
from multimodal.errors import UserError
from multimodal.vocabulary import SPECIAL

FIRST = len(SPECIAL)
WORDS = (*SPECIAL, "a", "dog", "man", "grass", "lion", "lions", "toaster", "sliced")
A, DOG, MAN, GRASS, LION, LIONS, TOASTER, SLICED = range(FIRST, len(WORDS))
LION_CLASS = 291  # of ImageNet's thousand, counted from 0


def sure_of(number: int) -> torch.Tensor:
    """Logits (1, 1000) of a classifier that is all but certain."""
    logits = torch.zeros(1, 1000)
    logits[0, number] = 30.0
    return logits


def detecting(*probabilities: float) -> torch.Tensor:
    """Logits (1, W) of the detector, of the first words."""
    return torch.tensor([probabilities]).logit()


def word_evidence(in_domain: float) -> WordEvidence:
    made = WordEvidence(WORDS, FIRST, cell_size=6, rank=2)
    made.in_domain_score.bounds.copy_(torch.tensor([1e6 if in_domain else -1e6, 1.0]))
    return made


def test_words_are_believed_by_either_witness():
    said = WordEvidence(WORDS, FIRST, 6, 0).words(
        detecting(0.9, 0.5, 0.3, 0.25), sure_of(LION_CLASS)
    )
    probabilities = dict(zip(WORDS, said[0].tolist(), strict=True))
    assert probabilities["lion"] == pytest.approx(MENTIONED)
    assert probabilities["grass"] == pytest.approx(0.25)
    assert probabilities["toaster"] == pytest.approx(0, abs=1e-6)
    assert probabilities["dog"] < 0.01  # a classifier that sees a lion would not overlook a dog


@pytest.mark.parametrize(("in_domain", "grass"), [(1, 0.25), (0, 0.25 * DIMMED)])
def test_the_detector_counts_less_in_an_out_of_domain_photo(in_domain, grass):
    combined = word_evidence(in_domain).combine(
        torch.randn(1, 4, 6), detecting(0.9, 0.5, 0.3, 0.25), sure_of(LION_CLASS)
    )
    assert combined.in_domain_score.tolist() == [in_domain]
    assert combined.words[0, GRASS].item() == pytest.approx(grass)
    assert combined.words[0, LION].item() == pytest.approx(MENTIONED)


@pytest.fixture
def captioner() -> Captioner:
    torch.manual_seed(0)
    config = EncoderConfig("shufflenet_v2_x0_5", 1000, size=64, padding="torch")
    decoder = DecoderConfig(
        embedding_size=8, hidden_size=8, attention_size=4, detected_words=4, word_list_size=8
    )
    network = CaptionNetwork(Encoder(config), decoder, WORDS)
    vocabulary = CaptionVocabulary(WORDS[FIRST:])
    options = CaptionOptions(beam_size=2, max_length=6, detected_weight=1.0)
    return Captioner(network, vocabulary, options)


def test_a_calibrated_captioner_knows_its_world_also_after_loading(captioner, tmp_path):
    cells = torch.randn(30, 4, captioner.network.encoder.cell_size)
    calibrated = calibrate(captioner, [cells], [cells[:20]])
    loaded = Captioner.from_pretrained(
        calibrated.save_pretrained(tmp_path / "model"), precision="fp32"
    )
    in_domain_score = calibrated.network.word_evidence.in_domain_score
    assert in_domain_score(cells).mean() > 0.5
    assert in_domain_score(cells + 50).max() < 0.01
    assert loaded.network.word_evidence.in_domain_score(cells + 50).max() < 0.01


def test_a_captioner_can_be_calibrated_again_on_fewer_photos(captioner):
    cells = torch.randn(30, 4, captioner.network.encoder.cell_size)
    once = calibrate(captioner, [cells], [cells])
    again = calibrate(once, [cells[:7]], [cells])
    assert again.network.decoder.config.in_domain_rank == 6
    assert once.network.decoder.config.in_domain_rank == 29


def test_a_captioner_without_a_list_of_words_cannot_be_calibrated(captioner):
    config = DecoderConfig(embedding_size=8, hidden_size=8, attention_size=4, detected_words=4)
    network = CaptionNetwork(captioner.network.encoder, config, WORDS)
    plain = Captioner(network, captioner.vocabulary, captioner.options)
    with pytest.raises(UserError, match="word_list_size"):
        calibrate(plain, [torch.randn(3, 4, 6)], [torch.randn(3, 4, 6)])


@pytest.mark.parametrize(
    ("word", "form"),
    [
        ("dog", "dogs"),
        ("dogs", "dog"),
        ("buses", "bus"),
        ("puppy", "puppies"),
        ("parties", "party"),
    ],
)
def test_forms_of_one_and_several(word, form):
    assert {word, form} <= set(number_forms(word))


def photos(count: int) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(count)]


def test_captions_have_support_and_after_calibration_confidence(captioner, tmp_path):
    before = captioner.caption(photos(1)[0], n_best=2)
    assert len(before.support) == len(before.words)
    assert all(0 <= share <= 1 for share in before.support)
    assert len(before.alternatives[0].support) == len(before.alternatives[0].words)
    assert before.confidence is None
    references = ["a cat is asleep", "nobody is here"]
    said = [captioner.caption(photo).words for photo in photos(8)]
    fitted = fit_confidence(captioner, [(photo, references) for photo in photos(8)])
    right = sum(is_true(words, references, captioner.grounding) for words in said) / 8
    confidence = [caption.confidence for caption in fitted.caption(photos(8))]
    assert sum(confidence) / 8 == pytest.approx(right, abs=0.02)
    loaded = Captioner.from_pretrained(fitted.save_pretrained(tmp_path / "model"), precision="fp32")
    assert loaded.confidence == fitted.confidence
    with pytest.raises(UserError, match="no photos"):
        fit_confidence(captioner, [])


@pytest.mark.parametrize(
    ("caption", "is_right"),
    [
        ("a dog runs", True),  # a puppy is a dog
        ("two cats run", False),
        ("a horse runs", False),
        ("a beaker", True),
        ("a lion", False),
        ("an animal", False),
        ("runs", True),  # names nothing
    ],
)
def test_a_caption_is_right_where_people_mention_all_that_it_names(captioner, caption, is_right):
    references = ["A puppy runs past some beakers .", "A brown dog"]
    assert is_true(caption.split(), references, captioner.grounding) is is_right
