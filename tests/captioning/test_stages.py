import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from multimodal.captioning.batches import CaptionBatch, TrainingCaptions, padded
from multimodal.captioning.model import CaptionNetwork, Decoder, DecoderConfig
from multimodal.captioning.recipe import CaptionerRecipe, encoder_weights
from multimodal.captioning.stages import (
    DETECTOR_WEIGHT,
    CrossEntropyStage,
    DetectionStage,
    FineTuningStage,
    KnownWords,
    LanguageStage,
    SelfCriticalStage,
    TextCaptions,
    TrainingPhotos,
    caption_losses,
    detection_loss,
    distillation_loss,
    exact_list,
    noisy_list,
)
from multimodal.captioning.vocabulary import CaptionVocabulary
from multimodal.encoders import Encoder, EncoderConfig
from multimodal.errors import UserError
from multimodal.training import TrainableModules
from multimodal.vocabulary import END, PADDING, START

A, DOG, RUNS, CAT = range(4, 8)
VOCABULARY = CaptionVocabulary(["a", "dog", "runs", "cat"])
RECIPE = CaptionerRecipe(
    embedding_size=6,
    hidden_size=8,
    attention_size=5,
    detected_words=4,
    dropout=0.0,
    max_length=5,
    num_augmentations=2,
    label_smoothing=0.0,
    batch_size=4,
    fine_tuning_photos=2,
    self_critical_photos=3,
    samples=3,
    cross_entropy_weight=0.0,
)
GROUPS = [["a dog runs", "a dog"], ["a cat"], ["a cat runs", "cat", "a cat runs a"]] * 2


@pytest.fixture
def captions() -> TrainingCaptions:
    return TrainingCaptions(GROUPS, VOCABULARY, 4, max_length=5)


@pytest.fixture
def network() -> CaptionNetwork:
    torch.manual_seed(0)
    encoder = Encoder(EncoderConfig("shufflenet_v2_x0_5", classes=10, size=64, padding="torch"))
    for weight in encoder.parameters():  # signals fade on their way through a network at random
        weight.data *= 2
    return CaptionNetwork(encoder, RECIPE.decoder, VOCABULARY.words).train()


def begun(stage, network):
    network.train()
    stage.setup(network)
    return stage


def around(decoder: Decoder) -> SimpleNamespace:
    """What the losses need of a network, with a decoder."""

    def word_list(_cells, detected):
        return None if detected is None else detected.sigmoid()

    return SimpleNamespace(decoder=decoder, word_list=word_list)


def draw(stage: SelfCriticalStage, decoder: Decoder, batch: CaptionBatch):
    """Sentences, advantages and the mean reward of a batch, with a decoder as it is."""
    return stage._draw(decoder, decoder.encode(batch.seen), batch)


def all_equal(first, second) -> bool:
    """Whether two batches, tuples of tensors in tuples, are the same to the last bit."""
    if isinstance(first, Tensor):
        return torch.equal(first, second)
    if isinstance(first, tuple):
        return len(first) == len(second) and all(map(all_equal, first, second))
    return first == second


def check_order_of_batches(stage, epoch: int = 1) -> list:
    """What the loop asks of a stage: as many as promised, repeatable, and to be entered midway."""
    batches = list(stage.batches(epoch, 0, 0, 1))
    assert len(batches) == stage.steps_per_epoch()
    assert all(map(all_equal, stage.batches(epoch, 0, 0, 1), batches))
    assert all(map(all_equal, stage.batches(epoch, 1, 0, 1), batches[1:]))
    assert not all(map(all_equal, stage.batches(epoch + 1, 0, 0, 1), batches))
    return batches


# ---- losses ----


def uniform_decoder(detected_words: int = 2) -> Decoder:
    """Says every word with the probability that the bias of its readout gives it."""
    config = DecoderConfig(
        embedding_size=4, hidden_size=4, attention_size=4, detected_words=detected_words
    )
    decoder = Decoder(config, 3, len(VOCABULARY)).eval()
    for weight in decoder.parameters():
        nn.init.zeros_(weight)
    with torch.no_grad():
        decoder.readout.bias[[A, DOG, END]] = torch.tensor([0.4, 0.3, 0.2]).log()
        decoder.readout.bias[[PADDING, START, 3, RUNS, CAT]] = math.log(0.02)
    return decoder


def test_the_loss_of_captions_is_their_mean_in_nats_a_word():
    sentences = padded([[A, DOG], [A]])[None]  # (1, 2, T + 1)
    batch = CaptionBatch(torch.zeros(1, 2, 3), (sentences,), torch.zeros(1, 0))
    losses = caption_losses(around(uniform_decoder(0)), batch.seen, batch, label_smoothing=0.0)
    expected = -math.log(0.4 * 0.3 * 0.2 * 0.4 * 0.2) / 5
    assert losses["words"].item() == pytest.approx(expected)
    assert losses["loss"].item() == pytest.approx(expected)
    assert losses["weight"].item() == 5
    assert "detector" not in losses


def test_groups_of_captions_count_by_their_words():
    """Two groups with 2 and 3 words: their mean over words, not the mean of their means."""
    groups = (padded([[A]])[None], padded([[A, DOG]])[None])
    batch = CaptionBatch(torch.zeros(1, 2, 3), groups, torch.zeros(1, 0))
    losses = caption_losses(around(uniform_decoder(0)), batch.seen, batch, label_smoothing=0.0)
    expected = -math.log(0.4 * 0.2 * 0.4 * 0.3 * 0.2) / 5
    assert losses["words"].item() == pytest.approx(expected)


def test_label_smoothing_spreads_a_share_over_all_words():
    batch = CaptionBatch(torch.zeros(1, 2, 3), (padded([[A]])[None],), torch.zeros(1, 0))
    losses = caption_losses(around(uniform_decoder(0)), batch.seen, batch, label_smoothing=0.1)
    every = -(math.log(0.4 * 0.3 * 0.2) + 5 * math.log(0.02)) / 8
    expected = -0.9 * math.log(0.4 * 0.2) / 2 + 0.1 * every
    assert losses["words"].item() == pytest.approx(expected)


def test_the_detector_learns_beside_the_words():
    decoder = uniform_decoder(2)  # its logits are 0: every word is half sure
    present = torch.tensor([[1.0, 0.2], [0.0, 0.0]])
    batch = CaptionBatch(torch.zeros(2, 2, 3), (padded([[A], [A]])[:, None],), present)
    losses = caption_losses(around(decoder), batch.seen, batch, label_smoothing=0.0)
    assert losses["detector"].item() == pytest.approx(2 * math.log(2))
    expected = losses["words"] + DETECTOR_WEIGHT * losses["detector"]
    assert losses["loss"].item() == pytest.approx(expected.item())


def test_the_words_do_not_teach_the_detector():
    torch.manual_seed(0)
    decoder = Decoder(replace(RECIPE.decoder, detected_words=2), 3, len(VOCABULARY))
    batch = CaptionBatch(torch.randn(1, 2, 3), (padded([[A]])[None],), torch.zeros(1, 2))
    caption_losses(around(decoder), batch.seen, batch, 0.0)["words"].backward()
    assert all(weight.grad is None for weight in decoder.detector.parameters())


def test_equal_answers_are_at_no_distance():
    logits = torch.randn(4, 6)
    assert distillation_loss(logits, logits + 3).item() == pytest.approx(0, abs=1e-6)


def test_the_distance_of_answers_by_hand():
    """At the temperature 2, logits 2·log p are p again; the loss is scaled back by 2²."""
    old, new = torch.tensor([[0.5, 0.5], [0.8, 0.2]]), torch.tensor([[0.9, 0.1], [0.8, 0.2]])
    first = 0.5 * math.log(0.5 / 0.9) + 0.5 * math.log(0.5 / 0.1)
    loss = distillation_loss(2 * new.log(), 2 * old.log())
    assert loss.item() == pytest.approx(4 * first / 2, abs=1e-6)


# ---- language ----


def test_in_language_only_what_needs_no_photo_learns(captions, network):
    begun(LanguageStage(RECIPE, TextCaptions(captions, None)), network)
    learning = {n.split(".")[1] for n, w in network.named_parameters() if w.requires_grad}
    assert learning == {
        "embedding",
        "word_projection",
        "attention_lstm",
        "language_lstm",
        "readout",
    }


@pytest.mark.parametrize("attention", ["additive", None])
@pytest.mark.parametrize("detected_words", [0, 4])
def test_all_that_learns_in_language_is_taught(captions, attention, detected_words):
    recipe = replace(RECIPE, attention=attention, detected_words=detected_words)
    encoder = Encoder(EncoderConfig("squeezenet1_1", classes=10, size=64, padding="torch"))
    network = CaptionNetwork(encoder, recipe.decoder, VOCABULARY.words)
    stage = begun(LanguageStage(recipe, TextCaptions(captions, None)), network)
    stage.loss(network, next(stage.batches(0, 0, 0, 1)))["loss"].backward()
    learning = [weight for weight in network.parameters() if weight.requires_grad]
    assert learning
    assert all(weight.grad is not None for weight in learning)


def test_language_goes_through_every_caption_with_the_words_of_the_others(captions, network):
    batches = check_order_of_batches(
        begun(LanguageStage(RECIPE, TextCaptions(captions, None)), network)
    )
    pairs = [
        (tuple(sentence[0].tolist()), tuple(present.tolist()))
        for sentences, present, _ in batches
        for sentence, present in zip(sentences, present, strict=True)
    ]
    assert len(pairs) == captions.total
    words = [ids[1 : ids.index(END)] for ids, _ in pairs]
    assert sorted(words) == sorted(tuple(ids) for group in captions.ids for ids in group)
    present_with_two_words = {share for ids, share in pairs if ids[1:3] == (A, DOG)}
    assert present_with_two_words == {(1, 1, 1, 0), (1, 1, 0, 0)}


def test_language_loss_counts_words(captions, network):
    stage = begun(LanguageStage(RECIPE, TextCaptions(captions, None)), network)
    batch = next(stage.batches(0, 0, 0, 1))
    losses = stage.loss(network, batch)
    assert losses["weight"].item() == (batch.captions[..., 1:] != PADDING).sum().item()
    assert losses["loss"].item() == pytest.approx(math.log(len(VOCABULARY)), abs=0.5)


def test_a_noisy_list_misses_words_and_is_never_sure():
    torch.manual_seed(0)
    present = torch.tensor([[1.0, 0.0]]).expand(4000, -1)
    lists = noisy_list(present)
    assert lists[:, 0].mean().item() == pytest.approx(0.7 * 0.65 + 0.25 * 0.3, abs=0.02)
    assert not lists[:, 1].any()


def test_an_exact_list_has_all_objects_and_all_or_half_of_the_other_words():
    torch.manual_seed(0)
    own = torch.tensor([[1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]).repeat(4000, 1)
    known = KnownWords(
        content=torch.tensor([False, True, True, True]),
        objects=torch.tensor([False, True, False, False]),
    )
    lists = exact_list(own, known)[::2]
    assert not lists[:, 0].any()  # "a" is true of any photo
    assert lists[:, 1].min() >= 0.7
    kept = (lists[:, 2] >= 0.7).float().mean().item()
    assert kept == pytest.approx(0.75, abs=0.03)
    assert lists[:, 3].max() <= 0.3  # a word of another photo is hardly probable


@pytest.mark.parametrize("kind", ["cross-entropy", "self-critical"])
def test_captions_alone_go_along_with_photos(kind, captions, network, photos, tmp_path):
    text = TextCaptions(captions, None)
    if kind == "cross-entropy":
        stage = CrossEntropyStage(RECIPE, TrainingPhotos(captions, photos, tmp_path, text))
    else:
        parts = TrainableModules(network.decoder, "")
        stage = SelfCriticalStage(RECIPE, TrainingPhotos(captions, photos, tmp_path, text), parts)
    batches = check_order_of_batches(begun(stage, network))
    assert all(len(batch.text) == 3 for batch in batches)
    losses = stage.loss(network, batches[0])
    extra = RECIPE.text_loss_weight * losses["language"]
    alone = {
        "cross-entropy": losses["words"] + DETECTOR_WEIGHT * losses["detector"],
        "self-critical": losses.get("policy"),
    }
    assert losses["loss"].item() == pytest.approx((alone[kind] + extra).item(), rel=1e-4)


# ---- detection ----


def test_in_detection_encoder_and_detector_learn_and_the_decoder_rests(captions, network, photos):
    teacher = Encoder(network.encoder.config)
    teacher.load_state_dict(network.encoder.state_dict())
    recipe = replace(RECIPE, detection_epochs=1)
    stage = begun(
        DetectionStage(recipe, TrainingPhotos(captions, photos, Path()), teacher), network
    )
    batch = next(stage.batches(0, 0, 0, 1))
    losses = stage.loss(network, batch)
    losses["loss"].backward()
    learning = {n.partition(".")[0] for n, w in network.named_parameters() if w.requires_grad}
    assert learning == {"encoder", "decoder"}
    parts = network.decoder.named_children()
    assert [n for n, part in parts if any(w.requires_grad for w in part.parameters())] == [
        "detector"
    ]
    assert all(w.grad is not None for w in network.parameters() if w.requires_grad)
    assert losses["distillation"].item() == pytest.approx(0, abs=1e-4)


def test_the_loss_of_detection_by_hand():
    """Of W words with the logit 0, each costs log 2, whatever share of captions has it."""
    present = torch.tensor([[1.0, 0.2, 0.0, 0.7]])
    assert detection_loss(torch.zeros(1, 3), present).item() == pytest.approx(3 * math.log(2))


# ---- cross-entropy ----


def test_in_cross_entropy_the_encoder_rests(captions, network, photos, tmp_path):
    before = [weight.clone() for weight in network.encoder.parameters()]
    stage = begun(CrossEntropyStage(RECIPE, TrainingPhotos(captions, photos, tmp_path)), network)
    stage.loss(network, next(stage.batches(0, 0, 0, 1)))["loss"].backward()
    assert not network.encoder.training
    assert all(weight.grad is None for weight in network.encoder.parameters())
    assert all(weight.grad is not None for weight in network.decoder.parameters())
    assert all(map(torch.equal, before, network.encoder.parameters()))


def test_cross_entropy_goes_through_every_caption_with_its_photo(
    captions, network, photos, tmp_path
):
    stage = begun(CrossEntropyStage(RECIPE, TrainingPhotos(captions, photos, tmp_path)), network)
    batches = check_order_of_batches(stage)
    assert [len(batch.seen) for batch in batches] == [2, 2, 2]  # with about four captions
    assert sorted(photo for batch in batches for photo in batch.photos) == list(range(len(photos)))
    views = [stage._cells(range(len(photos)), [view] * len(photos)) for view in range(2)]
    for batch in batches:
        said = [ids for part in batch.captions for ids in part.flatten(0, 1).tolist()]
        assert {tuple(ids[1 : ids.index(END)]) for ids in said} == {
            tuple(ids) for photo in batch.photos for ids in captions.ids[photo]
        }
        assert torch.equal(batch.present, captions.present(batch.photos))
        for cells, photo in zip(batch.seen, batch.photos, strict=True):
            assert any(torch.equal(cells, views[view][photo]) for view in range(2))


def test_every_batch_draws_its_views_anew(captions, network, photos, tmp_path):
    stage = begun(CrossEntropyStage(RECIPE, TrainingPhotos(captions, photos, tmp_path)), network)
    mirrored = stage._cells(range(len(photos)), [1] * len(photos))
    patterns = {
        tuple(any(torch.equal(cells, other) for other in mirrored) for cells in batch.seen)
        for epoch in range(3)
        for batch in stage.batches(epoch, 0, 0, 1)
    }
    assert len(patterns) > 3


def test_processes_share_the_photos_of_a_batch(captions, network, photos, tmp_path):
    stage = begun(CrossEntropyStage(RECIPE, TrainingPhotos(captions, photos, tmp_path)), network)
    whole = next(stage.batches(0, 0, 0, 1))
    parts = [next(stage.batches(0, 0, rank, 2)) for rank in range(2)]
    assert torch.equal(parts[0].seen, whole.seen[::2])
    assert torch.equal(parts[1].seen, whole.seen[1::2])


# ---- fine-tuning ----


@pytest.fixture
def fine_tuning(captions, network, photos) -> FineTuningStage:
    teacher = Encoder(network.encoder.config)
    teacher.load_state_dict(network.encoder.state_dict())
    return begun(
        FineTuningStage(RECIPE, TrainingPhotos(captions, photos, Path()), teacher), network
    )


def test_in_fine_tuning_all_learns_the_encoder_at_a_lower_rate(fine_tuning, network):
    batch = next(fine_tuning.batches(0, 0, 0, 1))
    fine_tuning.loss(network, batch)["loss"].backward()
    groups = fine_tuning.parameter_groups(network)
    assert {weight for group in groups for weight in group["params"]} == set(network.parameters())
    scales = {weight: group.get("scale", 1.0) for group in groups for weight in group["params"]}
    assert {scales[weight] for weight in network.encoder.parameters()} == {RECIPE.encoder_lr_scale}
    assert {scales[weight] for weight in network.decoder.parameters()} == {1.0}
    assert all(weight.grad is not None for weight in network.parameters())
    assert not any(weight.requires_grad for weight in fine_tuning.teacher.parameters())


def test_fine_tuning_goes_through_every_photo_in_a_fresh_view(fine_tuning, captions):
    batches = check_order_of_batches(fine_tuning)
    assert [batch.seen.dtype for batch in batches] == [torch.uint8] * 3
    pixels = torch.cat([batch.seen for batch in batches])
    assert pixels.shape == (6, 64, 64, 3)
    again = torch.cat([batch.seen for batch in fine_tuning.batches(2, 0, 0, 1)])
    assert {view.numpy().tobytes() for view in pixels}.isdisjoint(
        v.numpy().tobytes() for v in again
    )
    present = torch.cat([batch.present for batch in batches])
    assert sorted(present.tolist()) == sorted(captions.present(range(6)).tolist())


def test_the_classifier_is_held_near_the_teacher(fine_tuning, network):
    batch = next(fine_tuning.batches(0, 0, 0, 1))
    same = fine_tuning.loss(network, batch)
    assert same["distillation"].item() == pytest.approx(0, abs=1e-6)
    with torch.no_grad():
        network.encoder.head.bias[0] += 5
    strayed = fine_tuning.loss(network, batch)
    assert strayed["distillation"].item() > 0.1
    gain = strayed["loss"] - same["loss"]
    assert gain.item() == pytest.approx(
        RECIPE.distillation * strayed["distillation"].item(), rel=1e-3
    )


def test_an_encoder_without_a_linear_classifier_is_not_held(captions, photos):
    encoder = Encoder(EncoderConfig("squeezenet1_1", classes=10, size=64, padding="torch"))
    network = CaptionNetwork(encoder, RECIPE.decoder, VOCABULARY.words)
    stage = begun(
        FineTuningStage(RECIPE, TrainingPhotos(captions, photos, Path()), encoder), network
    )
    assert "distillation" not in stage.loss(network, next(stage.batches(0, 0, 0, 1)))


# ---- self-critical ----


@pytest.fixture
def self_critical(captions, network, photos, tmp_path) -> SelfCriticalStage:
    parts = TrainableModules(network.decoder, "")
    return begun(
        SelfCriticalStage(RECIPE, TrainingPhotos(captions, photos, tmp_path), parts), network
    )


def log_probs_of(network: CaptionNetwork, batch: CaptionBatch, drawn: Tensor) -> Tensor:
    """log p of drawn sentences (B, N, T + 1) as a whole: (B, N)."""
    logits = network.decoder(network.decoder.encode(batch.seen), drawn[..., :-1])
    targets = drawn[..., 1:]
    words = logits.log_softmax(-1).gather(-1, targets[..., None])[..., 0]
    return words.where(targets != PADDING, 0).sum(-1)


def test_self_critical_sees_photos_or_their_mirror_images(self_critical, photos):
    batches = check_order_of_batches(self_critical)
    assert sorted(photo for batch in batches for photo in batch.photos) == list(range(len(photos)))
    seen = set()
    for batch in batches:
        for cells, photo in zip(batch.seen, batch.photos, strict=True):
            views = [self_critical._cells([photo], [view])[0] for view in range(2)]
            seen |= {view for view in range(2) if torch.equal(cells, views[view])}
    assert seen == {0, 1}


def test_false_objects_take_from_the_reward(self_critical, network, monkeypatch):
    batch = next(self_critical.batches(0, 0, 0, 1))
    torch.manual_seed(0)
    _, _, plain = draw(self_critical, network.decoder, batch)
    recipe = replace(RECIPE, hallucination_penalty=2.0)
    monkeypatch.setattr(self_critical, "recipe", recipe)
    monkeypatch.setattr(self_critical, "_false", SimpleNamespace(count=lambda *_: 3))
    torch.manual_seed(0)
    _, _, punished = draw(self_critical, network.decoder, batch)
    assert punished.item() == pytest.approx(plain.item() - 6, abs=1e-4)


def test_advantages_of_a_photos_sentences_cancel_out(self_critical, network):
    batch = next(self_critical.batches(0, 0, 0, 1))
    drawn, advantage, reward = draw(self_critical, network.decoder, batch)
    assert drawn.shape[:2] == advantage.shape == (3, 3)
    assert advantage.abs().sum() > 0
    torch.testing.assert_close(advantage.sum(1), torch.zeros(3), rtol=0, atol=1e-5)
    assert 0 < reward.item() < 10


def test_an_advantage_is_the_reward_beyond_the_mean_of_the_others(
    self_critical, network, monkeypatch
):
    rewards = torch.tensor([[3.0, 0.0, 1.0]] * 3)
    monkeypatch.setattr(self_critical._reward, "score", lambda *_: rewards.double().numpy().ravel())
    batch = next(self_critical.batches(0, 0, 0, 1))
    _, advantage, reward = draw(self_critical, network.decoder, batch)
    assert advantage.tolist() == [[2.5, -2.0, -0.5]] * 3
    assert reward.item() == pytest.approx(4 / 3)


def test_the_loss_is_minus_the_advantage_times_log_p(self_critical, network, monkeypatch):
    batch = next(self_critical.batches(0, 0, 0, 1))
    drawn, advantage, reward = draw(self_critical, network.decoder, batch)
    monkeypatch.setattr(self_critical, "_draw", lambda *_: (drawn, advantage, reward))
    words = (drawn[..., 1:] != PADDING).sum()
    expected = -(advantage * log_probs_of(network, batch, drawn)).sum() / words
    losses = self_critical.loss(network, batch)
    torch.testing.assert_close(losses["policy"], expected)
    torch.testing.assert_close(losses["loss"], expected)


def test_a_step_makes_better_sentences_more_probable(self_critical, network, monkeypatch):
    batch = next(self_critical.batches(0, 0, 0, 1))
    result = draw(self_critical, network.decoder, batch)
    monkeypatch.setattr(self_critical, "_draw", lambda *_: result)
    drawn, advantage, _ = result
    with torch.no_grad():
        before = log_probs_of(network, batch, drawn)
    self_critical.loss(network, batch)["loss"].backward()
    torch.optim.SGD(network.decoder.parameters(), 0.1).step()
    with torch.no_grad():
        after = log_probs_of(network, batch, drawn)
    best, worst = advantage.argmax(), advantage.argmin()
    assert (after - before).flatten()[best] > (after - before).flatten()[worst]
    assert (advantage * (after - before)).sum() > 0


def test_a_sentence_that_did_not_end_is_not_taught_to_end(self_critical, network):
    with torch.no_grad():
        network.decoder.readout.bias[END] = -1e4
    batch = next(self_critical.batches(0, 0, 0, 1))
    drawn, _, _ = draw(self_critical, network.decoder, batch)
    assert not (drawn == END).any()
    assert (drawn != PADDING).sum(-1).unique().tolist() == [1 + RECIPE.max_length + 1]


def test_a_sentence_that_ended_carries_its_end(self_critical, network):
    with torch.no_grad():
        network.decoder.readout.bias[END] = 1e4
    batch = next(self_critical.batches(0, 0, 0, 1))
    drawn, _, _ = draw(self_critical, network.decoder, batch)
    assert drawn[..., :2].unique(dim=0).tolist() == [[[START, END]] * 3]


def test_cross_entropy_is_mixed_in_by_its_share(captions, network, photos, tmp_path):
    recipe = replace(RECIPE, cross_entropy_weight=0.25, detected_words=0)
    network.decoder = Decoder(recipe.decoder, network.encoder.cell_size, len(VOCABULARY))
    parts = TrainableModules(network.decoder, "")
    stage = begun(
        SelfCriticalStage(recipe, TrainingPhotos(captions, photos, tmp_path), parts), network
    )
    losses = stage.loss(network, next(stage.batches(0, 0, 0, 1)))
    expected = losses["policy"] + 0.25 * losses["words"]
    torch.testing.assert_close(losses["loss"], expected)


def test_sentences_are_drawn_and_judged_without_dropout(captions, network, photos, tmp_path):
    recipe = replace(RECIPE, dropout=0.9)
    network.decoder = Decoder(recipe.decoder, network.encoder.cell_size, len(VOCABULARY))
    parts = TrainableModules(network.decoder, "")
    stage = begun(
        SelfCriticalStage(recipe, TrainingPhotos(captions, photos, tmp_path), parts), network
    )
    batch = next(stage.batches(0, 0, 0, 1))
    result = draw(stage, network.decoder.eval(), batch)
    drawn, advantage, _ = result
    words = (drawn[..., 1:] != PADDING).sum()
    expected = -(advantage * log_probs_of(network, batch, drawn)).sum() / words
    network.decoder.train()
    stage._draw = lambda *_: result
    torch.testing.assert_close(stage.loss(network, batch)["policy"], expected)
    assert all(module.training for module in network.decoder.modules())


# ---- recipe ----


def test_the_warm_up_of_a_short_stage_is_short():
    assert RECIPE.stage_options(2, 1e-3, 100, steps_per_epoch=10).warmup_steps == 4
    assert RECIPE.stage_options(8, 1e-3, 100, steps_per_epoch=1000).warmup_steps == 100


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("samples", 1),
        ("num_augmentations", 0),
        ("batch_size", 0),
        ("dropout", 1.0),
        ("learning_rate", 0.0),
        ("fine_tuning_lr", math.nan),
        ("cross_entropy_weight", -0.1),
        ("self_critical_epochs", -1),
    ],
)
def test_a_recipe_out_of_range_is_refused_by_name(name, value):
    with pytest.raises(UserError, match=rf"^{name}: must be .*, not {value}$"):
        replace(RECIPE, **{name: value})


def test_encoder_weights_beside_the_data_are_found(tmp_path):
    data = tmp_path / "flickr8k"
    assert encoder_weights(RECIPE, data) == "pretrained"
    (tmp_path / "encoders").mkdir()
    (tmp_path / "encoders" / "mobilenet_v2_other.pth").touch()
    (tmp_path / "encoders" / "resnet50.pth").touch()
    found = tmp_path.resolve() / "encoders" / "mobilenet_v2_other.pth"
    assert encoder_weights(RECIPE, data) == found
    assert encoder_weights(replace(RECIPE, encoder_weights="random"), data) == "random"


def test_the_losses_are_those_of_torch(network):
    """The whole loss against one written down sentence by sentence."""
    torch.manual_seed(3)
    sentences = [[A, DOG, RUNS], [CAT], [A, CAT]]
    cells = torch.randn(3, 4, network.encoder.cell_size)
    batch = CaptionBatch(cells, (padded(sentences)[:, None],), torch.rand(3, 4))
    losses = caption_losses(network, cells, batch, label_smoothing=0.0)
    total = 0.0
    for photo, ids in enumerate(sentences):
        memory = network.decoder.encode(cells[photo : photo + 1])
        logits = network.decoder(memory, torch.tensor([[[START, *ids]]]))[0, 0]
        total += F.cross_entropy(logits, torch.tensor([*ids, END]), reduction="sum").item()
    assert losses["words"].item() == pytest.approx(total / 9, rel=1e-5)
