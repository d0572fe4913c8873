import math
from itertools import product

import pytest
import torch

from multimodal.captioning.model import CaptionNetwork, Decoder, DecoderConfig
from multimodal.encoders import Encoder, EncoderConfig
from multimodal.vocabulary import SPECIAL

VOCABULARY, FEATURES, CELLS = 9, 5, 6

EVERY_DECODER = [
    DecoderConfig(cell, attention, image_at, 8, 10, 7, detected_words, dropout=0.5)
    for cell, attention, image_at, detected_words in product(
        ("rnn", "gru", "lstm"), ("additive", None), ("first", "every"), (0, 3)
    )
]
every_decoder = pytest.mark.parametrize(
    "config",
    EVERY_DECODER,
    ids=lambda c: f"{c.cell}-{c.attention}-{c.image_at}-{c.detected_words}",
)


def make(config: DecoderConfig) -> Decoder:
    torch.manual_seed(0)
    return Decoder(config, FEATURES, VOCABULARY).eval()


def some_cells(photos: int = 2) -> torch.Tensor:
    return torch.randn(photos, CELLS, FEATURES, generator=torch.Generator().manual_seed(1))


def some_words(photos: int = 2, sentences: int = 3, steps: int = 4) -> torch.Tensor:
    shape = (photos, sentences, steps)
    return torch.randint(VOCABULARY, shape, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("weight", [0.0, 0.5])
@every_decoder
@torch.no_grad()
def test_stepping_says_what_teacher_forcing_says(config, weight):
    decoder, words = make(config), some_words()
    memory = decoder.encode(some_cells())
    if weight and config.detected_words:
        memory = decoder.with_detector_bias(
            memory, torch.tensor([[3.0, -1.0, 0.5], [-2.0, 0.0, 4.0]]), weight
        )
    forced = decoder(memory, words)
    state = tuple(
        tuple(tuple(tensor.expand(-1, 3, -1) for tensor in layer) for layer in network)
        for network in decoder.start(memory)
    )
    for step in range(words.shape[2]):
        logits, state, weights = decoder.step(words[:, :, step], state, memory)
        torch.testing.assert_close(logits, forced[:, :, step], rtol=0, atol=1e-5)
        if config.attention:
            assert weights.shape == (2, 3, CELLS)
            torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3))
        else:
            assert weights is None


@torch.no_grad()
def test_a_sight_that_leans_adds_the_detectors_log_probabilities():
    decoder = make(DecoderConfig(embedding_size=8, hidden_size=10, detected_words=3))
    plain = decoder.encode(some_cells(1))
    logit_bias = decoder.with_detector_bias(
        plain, torch.tensor([[0.0, math.log(3), -math.log(3)]]), 0.5
    )
    words = some_words(1, 1)
    gained = (decoder(logit_bias, words) - decoder(plain, words))[0, 0]
    # of <pad> <start> <end> <unk>, the three that are looked for, and two that are not
    shares = [-9.0, -9.0, -1.5, -9.0, math.log(1 / 2), math.log(3 / 4), math.log(1 / 4), -9.0, -9.0]
    expected = 0.5 * torch.tensor(shares)
    torch.testing.assert_close(gained, expected.expand_as(gained), rtol=0, atol=1e-5)


@every_decoder
@torch.no_grad()
def test_both_ways_of_reading_work_in_mixed_precision(config, bf16_lstm):
    """Training in 16 bits teaches the one and draws sentences by the other."""
    decoder, words = make(config), some_words(2, 1)
    exact = decoder(decoder.encode(some_cells()), words)
    with torch.autocast("cpu", torch.bfloat16):
        memory = decoder.encode(some_cells())
        torch.testing.assert_close(decoder(memory, words).float(), exact, rtol=0, atol=0.05)
        state = decoder.start(memory)
        for step in range(words.shape[2]):
            logits, state, _ = decoder.step(words[:, :, step], state, memory)
            torch.testing.assert_close(logits.float(), exact[:, :, step], rtol=0, atol=0.05)


@every_decoder
@torch.no_grad()
def test_a_photo_and_a_sentence_are_read_as_if_they_were_alone(config):
    decoder, cells, words = make(config), some_cells(), some_words()
    together = decoder(decoder.encode(cells), words)
    alone = decoder(decoder.encode(cells[1:]), words[1:, 2:])
    torch.testing.assert_close(together[1:, 2:], alone, rtol=0, atol=1e-5)


@every_decoder
@torch.no_grad()
def test_the_photo_and_the_words_before_matter_but_not_those_to_come(config):
    decoder, cells, words = make(config), some_cells(1), some_words(1, 1)
    logits = decoder(decoder.encode(cells), words)
    other_photo = decoder(decoder.encode(cells.flip(2)), words)
    changed = words.clone()
    changed[..., 2] = (changed[..., 2] + 1) % VOCABULARY
    other_word = decoder(decoder.encode(cells), changed)
    assert not torch.allclose(logits[..., 0, :], other_photo[..., 0, :], atol=1e-4)
    torch.testing.assert_close(logits[..., :2, :], other_word[..., :2, :])
    assert not torch.allclose(logits[..., 2, :], other_word[..., 2, :], atol=1e-4)


@every_decoder
def test_every_weight_learns(config):
    decoder = make(config).train()
    cells = some_cells()
    loss = decoder(decoder.encode(cells), some_words()).logsumexp(-1).sum()
    detected = decoder.detect(cells)
    if detected is not None:
        loss = loss + detected.sum()
    loss.backward()
    assert [name for name, weight in decoder.named_parameters() if weight.grad is None] == []


@every_decoder
def test_dropout_acts_in_training_alone(config):
    decoder, cells, words = make(config), some_cells(), some_words()

    def read() -> torch.Tensor:
        return decoder(decoder.encode(cells), words)

    torch.testing.assert_close(read(), read(), rtol=0, atol=0)
    decoder.train()
    assert not torch.allclose(read(), read())


def test_the_decoder_without_attention_has_no_second_network():
    names = {name for name, _ in make(DecoderConfig(attention=None)).named_children()}
    assert names.isdisjoint({"language_lstm", "attention", "cell_projection"})
    assert make(DecoderConfig(detected_words=0)).detect(some_cells()) is None


@torch.no_grad()
def test_the_detector_does_not_care_where_things_are():
    decoder = make(DecoderConfig(detected_words=3))
    cells = some_cells()
    logits = decoder.detect(cells)
    assert logits.shape == (2, 3)
    torch.testing.assert_close(decoder.detect(cells.flip(1)), logits)


@torch.no_grad()
def test_detected_words_are_added_to_the_image_by_their_probability():
    decoder = make(DecoderConfig(detected_words=3))
    cells = some_cells(1)
    absent = decoder.encode(cells, torch.zeros(1, 3)).image
    half_sure = decoder.encode(cells, torch.tensor([[0.0, 0.5, 0.0]])).image
    expected = 0.5 * decoder.word_projection.weight[:, 1]
    torch.testing.assert_close((half_sure - absent)[0], expected, rtol=0, atol=1e-5)
    torch.testing.assert_close(absent, decoder.image_projection(cells.mean(1)))


@torch.no_grad()
def test_a_hidden_photo_is_known_by_its_list_of_words_alone():
    decoder = make(DecoderConfig(detected_words=3, word_list_size=5))
    cells, words = some_cells(2), torch.tensor([[0.9, 0.0, 0.2, 0.0, 0.5]]).expand(2, -1)
    shown = decoder(decoder.encode(cells, words), some_words(2))
    hidden = decoder(decoder.encode(cells, words, torch.zeros(2)), some_words(2))
    from_words = decoder(decoder.memory_from_words(words), some_words(2))
    torch.testing.assert_close(hidden, from_words, rtol=0, atol=1e-5)
    assert not torch.allclose(shown, hidden, atol=1e-3)


@every_decoder
@torch.no_grad()
def test_words_alone_can_be_imagined(config):
    decoder = make(config)
    present = torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
    words = some_words(1, 1).expand(3, -1, -1)
    logits = decoder(decoder.memory_from_words(present), words)
    assert logits.shape == (3, 1, 4, VOCABULARY)
    torch.testing.assert_close(logits[0], logits[1])
    assert torch.allclose(logits[0], logits[2]) == (config.detected_words == 0)


def test_the_network_joins_an_encoder_and_a_decoder_of_its_cells():
    encoder = Encoder(EncoderConfig("squeezenet1_1", classes=10, size=64, padding="torch"))
    words = [str(number) for number in range(VOCABULARY)]
    network = CaptionNetwork(encoder, DecoderConfig(hidden_size=8), words)
    with torch.no_grad():
        cells = network.encoder(torch.zeros(2, 3, 64, 64))
        logits = network.decoder(network.decoder.encode(cells), some_words())
    assert logits.shape == (2, 3, 4, VOCABULARY)


def test_the_lists_columns_of_rare_words_follow_from_their_rows_of_the_readout():
    torch.manual_seed(0)
    config = DecoderConfig(embedding_size=6, hidden_size=8, detected_words=5, word_list_size=60)
    decoder = Decoder(config, 4, 60 + len(SPECIAL))
    linear = torch.randn(8, 6)
    with torch.no_grad():
        rows = decoder.readout.weight[len(SPECIAL) :]
        columns = decoder.word_projection.weight
        columns.copy_((rows @ linear).T)
        columns[:, 40:] = 0.0
        before = columns.clone()
    decoder.align_list(40, ridge=1e-6, gain=1.0)
    assert torch.equal(columns[:, :40], before[:, :40])
    torch.testing.assert_close(columns.T, rows @ linear, rtol=1e-3, atol=1e-3)
