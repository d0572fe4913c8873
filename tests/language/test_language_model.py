import json
import math

import numpy as np
import pytest
import torch

from multimodal import load_language_model
from multimodal.checkpoints import read_checkpoint
from multimodal.errors import UserError
from multimodal.language.language_model import LanguageModel
from multimodal.tasks import task_of

KINDS = {"characters": "(abc) d", "bytes": "aé€ b", "words": "a dog and"}

KINDS_OF_TEXT = {
    "sonnets": "That thou among the wastes of time must go,\n",
    "war-and-peace": "Prince Andrew looked at the countess and said nothing.\n",
    "latex": "\\begin{lemma}\nLet $X$ be a scheme.\n\\end{lemma}\n",
    "linux": "\tif (ret < 0)\n\t\treturn -EINVAL;\n",
}

every_kind = pytest.mark.parametrize("kind", KINDS)


# ---- checkpoints ----


@every_kind
def test_a_model_comes_back_from_its_folder(make, kind, tmp_path):
    language_model = make(kind)
    again = LanguageModel.from_pretrained(
        language_model.save_pretrained(tmp_path / "mine"), precision="fp32"
    )
    assert again.split_fractions == language_model.split_fractions
    assert again.network.config == language_model.network.config
    text = KINDS[kind]
    found, expected = again.score(text), language_model.score(text)
    assert found.pieces == expected.pieces
    np.testing.assert_allclose(found.log_probs, expected.log_probs, rtol=0.01, atol=0.01)  # 16-bit
    assert load_language_model(tmp_path / "mine").generate("a", length=5, top_k=1)


def test_its_weights_are_stored_in_16_bit(language_model, tmp_path):
    tensors = read_checkpoint(language_model.save_pretrained(tmp_path / "mine")).tensors
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"vocabulary": {}}, "incomplete"),
        ({"network": {"cell": "x"}}, "cell: must be one of rnn, gru, lstm, not x"),
        ({"split_fractions": 3}, "incomplete"),
    ],
)
def test_a_config_that_cannot_be_is_named(language_model, tmp_path, change, reason):
    path = language_model.save_pretrained(tmp_path / "mine") / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UserError, match=rf"config\.json: {reason}"):
        LanguageModel.from_pretrained(tmp_path / "mine")


@pytest.mark.parametrize("model", KINDS_OF_TEXT)
def test_of_the_shipped_models_its_own_predicts_a_text_best(model):
    def surprise(of: str) -> float:
        try:
            return (
                LanguageModel.from_pretrained(of)
                .score(KINDS_OF_TEXT[model])
                .scores.nats_per_character
            )
        except UserError:
            return float("inf")  # a character that it does not know

    assert task_of("language-model").full_name(model) == f"text-{model}"
    assert min(KINDS_OF_TEXT, key=surprise) == model


def test_the_shipped_voice_goes_on_in_verse():
    language_model = LanguageModel.from_pretrained("sonnets")
    assert task_of("language-model").full_name("sonnets") == "text-sonnets"
    text = language_model.generate("Shall I compare", length=400, temperature=0.5, seed=1)
    lines = text.split("\n")[1:-1]
    assert len(lines) >= 5
    assert all(line.strip()[:1].isupper() for line in lines if line.strip())
    known = language_model.score("Shall I compare thee to a summer's day?").scores
    assert (
        known.nats_per_character
        < language_model.score("Shall Q compare zyjx").scores.nats_per_character
    )


def test_a_folder_named_like_a_shipped_model_is_meant_by_its_path(
    language_model, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    language_model.save_pretrained("linux")
    assert (
        LanguageModel.from_pretrained("./linux").vocabulary.to_json()
        == language_model.vocabulary.to_json()
    )
    assert (
        LanguageModel.from_pretrained("linux").vocabulary.to_json()
        != language_model.vocabulary.to_json()
    )


# ---- writing ----


def test_a_stream_is_the_text_piece_by_piece(language_model):
    options = {"length": 30, "seed": 4, "temperature": 0.9}
    pieces = list(language_model.stream("(ab", **options))
    text = language_model.generate("(ab", **options)
    assert "".join(piece.text for piece in pieces) == text
    assert len(text) == 30
    whole = language_model.score("(ab" + text)
    written = [piece.log_prob for piece in pieces]
    np.testing.assert_allclose(written, whole.log_probs[3:], rtol=1e-4, atol=1e-4)


def test_a_text_without_end_goes_on(language_model):
    stream = language_model.stream(length=None, seed=1)
    assert len("".join(next(stream).text for _ in range(700))) == 700
    with pytest.raises(UserError, match="length"):
        language_model.generate(length=None)


@pytest.mark.parametrize("stop", [".", "b", "ab"])
def test_a_text_ends_as_soon_as_it_holds_the_stop_string(language_model, stop):
    whole = language_model.generate_batch([""] * 8, length=200, seed=1)
    stopped = language_model.generate_batch([""] * 8, length=200, seed=1, stop=stop)
    assert any(len(text) < 200 for text in stopped)
    for text, full in zip(stopped, whole, strict=True):
        before, found, _ = full.partition(stop)
        assert text == before + found


def test_texts_may_begin_differently(language_model):
    together = language_model.generate_batch(["a", "(bb) ", ""], length=20, top_k=1)
    assert together == [
        language_model.generate(prompt, length=20, top_k=1) for prompt in ("a", "(bb) ", "")
    ]
    assert language_model.generate_batch([]) == []


def test_bytes_that_are_no_text_are_replaced(make):
    text = make("bytes").generate(length=200, temperature=5.0, seed=0)
    assert text.encode()  # no half of a surrogate pair
    assert "\N{REPLACEMENT CHARACTER}" in text


def test_special_words_are_never_written(make):
    text = make("words").generate(length=300, temperature=9.0, seed=0)
    assert "<" not in text


def test_what_cannot_be_written_is_named(language_model):
    with pytest.raises(UserError, match=r"^prompt: line 2: .*'ß'"):
        language_model.generate("a\nß")
    with pytest.raises(UserError, match=r"^lenght: no such option; did you mean length\?$"):
        language_model.generate(lenght=3)


# ---- looking at a text ----


@every_kind
def test_the_scores_of_pieces_are_those_of_their_tokens(make, kind):
    language_model, text = make(kind), KINDS[kind]
    scored = language_model.score(text)
    assert "".join(scored.pieces) == text
    assert len(scored.log_probs) == len(scored.pieces)
    total = -float(scored.log_probs.sum())
    assert scored.scores.nats_per_character == pytest.approx(total / len(text), rel=1e-5)
    tokens = len(language_model.vocabulary.encode_text(text))
    assert math.log(scored.scores.perplexity) == pytest.approx(total / tokens, rel=1e-5)


@every_kind
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_trace_holds_what_every_unit_does(make, kind, cell):
    language_model, text = make(kind, cell=cell), KINDS[kind]
    trace = language_model.trace(text)
    assert "".join(trace.pieces) == text
    assert trace.hidden.shape == (len(trace.pieces), 2, 8)
    ids = language_model.vocabulary.encode_text("\n" + text)
    with torch.no_grad():
        network = language_model.network.recurrent
        outputs, state = network.unroll(
            language_model.network.embedding(torch.from_numpy(ids)[None])
        )
    ends = language_model.vocabulary.ends(ids)[1:]
    np.testing.assert_allclose(trace.hidden[:, 1], outputs[0].numpy()[ends], atol=1e-5)
    if cell == "lstm":
        cells = torch.stack([c[0] for _, c in state]).numpy()
        np.testing.assert_allclose(trace.cells[-1], cells, atol=1e-5)
        np.testing.assert_allclose(trace.activations, np.tanh(trace.cells))
    else:
        assert trace.cells is None
        assert trace.activations is trace.hidden


def test_an_empty_text_cannot_be_looked_at(language_model):
    for look in (language_model.score, language_model.trace):
        with pytest.raises(UserError, match="no text"):
            look("")
