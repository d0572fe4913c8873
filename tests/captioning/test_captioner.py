import json
import math
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import multimodal
from multimodal.captioning.caption import Caption
from multimodal.captioning.captioner import REPEATABLE, Captioner
from multimodal.captioning.model import Decoder
from multimodal.captioning.vocabulary import CaptionVocabulary, RepetitionCosts
from multimodal.errors import UserError
from multimodal.images import ImageError
from multimodal.vocabulary import END, PADDING, SPECIAL, START, UNKNOWN

from .conftest import WORDS


def assert_same(first: Caption, second: Caption) -> None:
    """The same sentence; its figures up to the rounding of another size of batch."""
    assert first.source == second.source
    assert first.words == second.words
    assert first.score == pytest.approx(second.score, abs=1e-4)
    assert first.word_scores == pytest.approx(second.word_scores, abs=1e-4)
    assert len(first.alternatives) == len(second.alternatives)
    for ours, theirs in zip(first.alternatives, second.alternatives, strict=True):
        assert_same(ours, theirs)


def error(call: Callable[[], object], kind: type[UserError] = UserError) -> str:
    with pytest.raises(kind) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- one picture ----


def test_a_picture_becomes_a_sentence(captioner, photos):
    caption = captioner.caption(photos[0])
    assert caption.source == str(photos[0])
    assert caption.text == " ".join(caption.words)
    assert caption.text
    assert caption.error is None
    assert caption.attention is None
    assert caption.alternatives == ()


def test_pictures_are_told_apart(captioner, photos):
    assert len({caption.text for caption in captioner.caption(photos)}) > 1


@torch.no_grad()
def test_word_scores_are_what_the_network_says_under_teacher_forcing(captioner, photos):
    for path in photos:
        caption = captioner.caption(path)
        decoder = captioner.network.decoder
        with Image.open(path) as picture:
            memory = decoder.encode(captioner.encode_images([picture.convert("RGB")]))
        ids = captioner.vocabulary.encode(caption.words)
        log_probs = decoder(memory, torch.tensor([[[START, *ids]]]))[0, 0].log_softmax(-1)
        expected = [log_probs[step, word].item() for step, word in enumerate(ids)]
        assert caption.word_scores == pytest.approx(expected, abs=1e-4)


def test_the_score_is_the_log_probability_of_the_whole_sentence(captioner, photos):
    for caption in captioner.caption(photos, length_penalty=0.0):
        assert caption.score < sum(caption.word_scores) - 0.01  # what it lacks is the end's
    endless: dict[str, Any] = {"banned": (END,), "min_length": 0, "max_length": 2}
    cut = captioner.caption(photos[0], length_penalty=0.0, **endless)
    assert cut.score == pytest.approx(sum(cut.word_scores), abs=1e-4)
    mean = captioner.caption(photos[0], length_penalty=1.0, **endless)
    assert mean.score == pytest.approx(sum(mean.word_scores) / 2, abs=1e-4)


@pytest.mark.parametrize("form", ["text", "bytes", "picture", "array"])
def test_a_picture_may_come_in_any_form(captioner, tmp_path, form):
    path = tmp_path / "noise.png"
    noise = np.random.default_rng(0).integers(0, 256, (50, 60, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    forms: dict[str, Any] = {
        "text": str(path),
        "bytes": path.read_bytes(),
        "picture": Image.fromarray(noise),
        "array": noise,
    }
    expected = captioner.caption(path)
    assert captioner.caption(forms[form]).words == expected.words
    assert captioner.caption([forms[form]])[0].words == expected.words


def test_what_cannot_be_opened_raises(captioner, tmp_path):
    assert "gone.jpg" in error(lambda: captioner.caption(tmp_path / "gone.jpg"), ImageError)


# ---- many pictures ----


def test_no_picture_makes_no_caption(captioner):
    assert captioner.caption([]) == []


@pytest.mark.parametrize("batch_size", [1, 2, 4, 32])
def test_neither_the_batch_nor_the_neighbours_change_a_caption(captioner, photos, batch_size):
    alone = {path: captioner.caption(path, n_best=3) for path in photos}
    mixed = [*photos[::-1], *photos[2:4]]
    for path, caption in zip(
        mixed, captioner.caption(mixed, n_best=3, batch_size=batch_size), strict=True
    ):
        assert_same(caption, alone[path])


def test_threads_change_no_caption(captioner, photos, set_threads):
    many = [*photos, *photos[::-1]] * 3
    set_threads(1)
    single = captioner.caption(many, n_best=3)
    set_threads(3)
    for caption, expected in zip(captioner.caption(many, n_best=3), single, strict=True):
        assert_same(caption, expected)


def test_several_sentences_drawn_for_each_of_many_photos_equal_one_photo_at_a_time(
    captioner, photos
):
    options: dict[str, Any] = {"sample": True, "n_best": 4, "seed": 5, "temperature": 0.8}
    for path, caption in zip(photos, captioner.caption(photos, **options), strict=True):
        assert_same(caption, captioner.caption(path, **options))


def test_a_list_with_bad_pictures_keeps_its_order(captioner, photos, tmp_path):
    text, truncated = tmp_path / "text.jpg", tmp_path / "truncated.jpg"
    text.write_text("not a picture")
    truncated.write_bytes(photos[0].read_bytes()[:400])
    pictures = [tmp_path / "gone.jpg", photos[0], text, photos[1], truncated]
    captions = captioner.caption(pictures, batch_size=2)
    assert [caption.source for caption in captions] == [str(path) for path in pictures]
    assert [caption.error is None for caption in captions] == [False, True, False, True, False]
    for caption in captions[::2]:
        assert (caption.text, caption.words, caption.score) == ("", (), -math.inf)
        assert caption.error
        assert "\n" not in caption.error
    assert_same(captions[1], captioner.caption(photos[0]))
    assert_same(captions[3], captioner.caption(photos[1]))


def test_a_list_of_nothing_but_bad_pictures_still_comes_back(captioner, tmp_path):
    (caption,) = captioner.caption([tmp_path / "gone.jpg"])
    assert caption.error


def test_pictures_are_taken_a_batch_at_a_time(captioner, photos):
    taken = []

    def source() -> Iterator[Path]:
        for path in photos:
            taken.append(path)
            yield path

    captions = captioner.captions(source(), batch_size=2)
    next(captions)
    assert len(taken) == 2
    assert len(list(captions)) == len(photos) - 1


# ---- options ----


def test_alternatives_are_other_sentences_best_first(captioner, photos):
    for caption in captioner.caption(photos, n_best=3):
        found = [caption, *caption.alternatives]
        assert len({each.words for each in found}) == 3
        assert [each.score for each in found] == sorted((c.score for c in found), reverse=True)
        assert {each.source for each in found} == {caption.source}


def test_attention_maps_come_back_on_request(captioner, photos):
    for caption in captioner.caption(photos, keep_attention=True, n_best=2):
        for each in (caption, *caption.alternatives):
            assert each.attention.shape == (len(each.words), *captioner.network.encoder.grid)
            assert each.attention.dtype == np.float32
            assert each.attention.sum((1, 2)) == pytest.approx(np.ones(len(each.words)), abs=1e-4)


@torch.no_grad()
def test_attention_maps_hold_the_cells_row_by_row(captioner):
    picture = Image.linear_gradient("L").convert("RGB")
    decoder = captioner.network.decoder
    memory = decoder.encode(captioner.encode_images([picture]))
    _, _, weights = decoder.step(torch.tensor([[START]]), decoder.start(memory), memory)
    first = captioner.caption(picture, keep_attention=True).attention[0]
    assert first.ravel() == pytest.approx(weights[0, 0].numpy(), abs=1e-5)
    assert not np.allclose(first, first.T, atol=1e-3)


def test_a_decoder_without_attention_has_no_maps(captioner, photos):
    network = captioner.network
    config = replace(network.decoder.config, attention=None, image_at="first", detected_words=0)
    decoder = Decoder(config, network.encoder.cell_size, len(captioner.vocabulary))
    blind = Captioner(_with_decoder(network, decoder), captioner.vocabulary, captioner.options)
    caption = blind.caption(photos[0], keep_attention=True)
    assert caption.text
    assert caption.attention is None


def _with_decoder(network, decoder):
    words = [str(number) for number in range(decoder.readout.out_features)]
    changed = type(network)(network.encoder, decoder.config, words)
    changed.decoder = decoder
    return changed


@torch.no_grad()
def test_with_all_weight_on_the_detector_a_sentence_tells_what_is_detected(captioner, photos):
    cells = captioner.encode_images([Image.open(path).convert("RGB") for path in photos])
    shares = captioner.network.decoder.detect(cells).sigmoid().log()
    found = captioner.caption(photos, detected_weight=1e5, beam_size=1)
    for caption, of_words in zip(found, shares, strict=True):
        (first,) = captioner.vocabulary.encode(caption.words[:1])
        known = dict(enumerate(of_words.tolist(), len(SPECIAL)))
        assert known.get(first, -9.0) > max(-9.0, *known.values()) - 1e-3
    assert [c.text for c in found] != [c.text for c in captioner.caption(photos, beam_size=1)]


def test_the_weight_of_a_detector_needs_a_detector(captioner, photos):
    config = replace(captioner.network.decoder.config, detected_words=0)
    decoder = Decoder(config, captioner.network.encoder.cell_size, len(captioner.vocabulary))
    blind = Captioner(
        _with_decoder(captioner.network, decoder), captioner.vocabulary, captioner.options
    )
    assert blind.caption(photos[0]).text
    assert "detected_weight" in error(lambda: blind.caption(photos[0], detected_weight=0.4))


def test_a_seed_repeats_what_is_drawn(captioner, photos):
    drawn = [captioner.caption(photos[0], sample=True, seed=seed).text for seed in (1, 1, 2, 3)]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 1


def test_special_words_are_never_written(captioner, photos, monkeypatch):
    eager = captioner.network.decoder.readout.bias.detach().clone()
    eager[[PADDING, START, UNKNOWN]] = 100.0
    monkeypatch.setattr(captioner.network.decoder.readout.bias, "data", eager)
    drawn = captioner.caption(photos, sample=True, n_best=20, temperature=3.0, seed=0)
    found = [each for caption in drawn for each in (caption, *caption.alternatives)]
    found += captioner.caption(photos)
    assert all(caption.words for caption in found[-len(photos) :])
    assert not {word for caption in found for word in caption.words} & set(SPECIAL)


def test_what_people_never_repeat_is_dear_and_nothing_is_forbidden(captioner, photos):
    costs = RepetitionCosts.learn([word] for word in WORDS)
    plain = Captioner(captioner.network, captioner.vocabulary, captioner.options, costs)
    draw = partial(plain.caption, photos, sample=True, n_best=20, temperature=3.0, seed=0)

    def repeated(**changes):
        drawn = [each for c in draw(max_length=9, **changes) for each in (c, *c.alternatives)]
        return sum(len(each.words) - len(set(each.words)) for each in drawn)

    free, charged, dear = (repeated(repetition_weight=weight) for weight in (0, 1, 100))
    assert dear == 0 < charged < free


def test_the_rules_against_repetition_can_be_left_out(captioner, photos):
    drawn = captioner.caption(
        photos, sample=True, n_best=20, temperature=3.0, seed=0, max_length=9, repetition_weight=0
    )
    sentences = [each.words for caption in drawn for each in (caption, *caption.alternatives)]
    things = [[word for word in words if word not in REPEATABLE] for words in sentences]
    assert any(len(words) > len(set(words)) for words in things)


def test_a_checkpoint_says_how_it_spells_and_what_it_may_repeat(captioner, photos, tmp_path):
    vocabulary = CaptionVocabulary(WORDS, "spelling")
    costs = RepetitionCosts.learn([["a", "red", "and", "a", "ring"], ["a", "blue"]])
    plain = Captioner(captioner.network, vocabulary, captioner.options, costs)
    loaded = Captioner.from_pretrained(plain.save_pretrained(tmp_path / "new"), precision="fp32")
    assert loaded.vocabulary.tokenizer == "spelling"
    assert loaded.repetition is not None
    assert loaded.repetition.again["a"] < loaded.repetition.again["blue"]
    assert loaded.caption(photos[0]).text == plain.caption(photos[0]).text


def test_a_checkpoint_of_version_0_1_keeps_its_words_and_its_rule(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "old")
    config = json.loads((folder / "config.json").read_text())
    for name in ("tokenizer", "repetition"):
        del config[name]
    for name in ("repetition_weight", "repeat_costs", "double_costs"):
        del config["generation"][name]
    (folder / "config.json").write_text(json.dumps(config))
    old = Captioner.from_pretrained(folder)
    assert old.vocabulary.tokenize("It isn't (red)") == ["it", "is", "n't", "-lrb-", "red", "-rrb-"]
    assert old.vocabulary.join(["it", "is", "n't", "the", "dog", "'s"]) == "it isn't the dog's"
    once = {old.vocabulary.words[n] for n in old.search_options({}).once}
    assert once == set(WORDS) - REPEATABLE


def test_a_tokenizer_that_there_is_not_is_refused(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "strange")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "tokenizer": "magic"}))
    assert "magic" in error(lambda: Captioner.from_pretrained(folder))


def test_a_word_that_names_a_thing_is_written_once(captioner, photos):
    drawn = captioner.caption(photos, sample=True, n_best=20, temperature=3.0, seed=0, max_length=9)
    for caption in drawn:
        for each in (caption, *caption.alternatives):
            things = [word for word in each.words if word not in REPEATABLE]
            assert len(things) == len(set(things))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"beams": 3}, "beams: no such option; did you mean "),
        ({"beam_size": 0}, "beam_size"),
        ({"n_best": 9}, "n_best"),
        ({"temperature": 0.5}, "temperature"),
        ({"detected_weight": -0.1}, "detected_weight"),
        ({"detected_weight": math.nan}, "detected_weight"),
    ],
)
def test_an_option_that_cannot_be_is_refused_by_name(captioner, photos, options, named):
    assert named in error(lambda: captioner.caption(photos[0], **options))
    assert named in error(lambda: captioner.caption(photos, **options))


def test_a_batch_of_none_is_refused(captioner, photos):
    assert "batch_size" in error(lambda: list(captioner.captions(photos, batch_size=0)))


# ---- checkpoints ----


def test_a_saved_captioner_says_the_same(captioner, checkpoint, photos):
    loaded = Captioner.from_pretrained(checkpoint, precision="fp32")
    assert loaded.options == captioner.options
    assert loaded.vocabulary.words == captioner.vocabulary.words
    assert loaded.network.encoder.config == captioner.network.encoder.config
    assert loaded.network.decoder.config == captioner.network.decoder.config
    assert not loaded.network.training
    for name, tensor in captioner.network.state_dict().items():
        assert torch.equal(loaded.network.state_dict()[name], tensor.half().float())
    again = loaded.save_pretrained(checkpoint.parent / "again")
    for file in ("config.json", "model.safetensors"):
        assert (again / file).read_bytes() == (checkpoint / file).read_bytes()


@pytest.mark.parametrize(("precision", "kind"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_a_captioner_computes_in_the_precision_asked_for(checkpoint, photos, precision, kind):
    captioner = Captioner.from_pretrained(checkpoint, precision=precision)
    assert {weight.dtype for weight in captioner.network.parameters()} == {kind}
    captions = captioner.caption(photos, keep_attention=True)
    assert all(caption.text for caption in captions)
    assert captions[0].attention.sum((1, 2)) == pytest.approx(1, abs=0.05)


def test_the_package_loads_a_captioner(checkpoint, photos):
    captioner = multimodal.load_captioner(checkpoint)
    assert isinstance(captioner, Captioner)
    assert captioner.caption(photos[0]).text


@pytest.fixture
def damage(checkpoint, tmp_path) -> Callable[[Callable[[dict], object]], str]:
    """Changes the configuration of a checkpoint; returns what loading it says."""
    folder = tmp_path / "damaged"
    folder.mkdir()
    (folder / "model.safetensors").hardlink_to(checkpoint / "model.safetensors")
    config = json.loads((checkpoint / "config.json").read_text())

    def load(change: Callable[[dict], object]) -> str:
        change(config)
        (folder / "config.json").write_text(json.dumps(config))
        message = error(lambda: Captioner.from_pretrained(folder))
        assert str(folder) in message
        return message

    return load


@pytest.mark.parametrize("key", ["encoder", "decoder", "generation", "vocabulary"])
def test_an_incomplete_configuration_is_refused_by_name(damage, key):
    message = damage(lambda config: config.pop(key))
    assert "config.json" in message
    assert key in message


@pytest.mark.parametrize("value", [None, 7, "text", ["list"], {"no": "such"}])
@pytest.mark.parametrize("key", ["encoder", "decoder", "generation", "vocabulary"])
def test_a_configuration_of_another_kind_is_refused(damage, key, value):
    damage(lambda config: config.update({key: value}))


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("encoder", {"name": "no_such_network"}),
        ("encoder", {"size": "large"}),
        ("encoder", {"size": -1}),
        ("decoder", {"cell": "quantum"}),
        ("decoder", {"hidden_size": -4}),
        ("decoder", {"hidden_size": 20}),
        ("decoder", {"dropout": 7}),
        ("decoder", {"attention": None}),
        ("generation", {"beam_size": 0}),
        ("vocabulary", ["a", "a"]),
        ("vocabulary", ["a"]),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(damage, part, changes):
    def change(config: dict) -> None:
        if isinstance(changes, dict):
            config[part].update(changes)
        else:
            config[part] = changes

    damage(change)


def test_a_checkpoint_of_another_task_is_refused(damage):
    assert "captioner" in damage(lambda config: config.update(task="sketcher"))
