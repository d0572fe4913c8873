"""Words that a captioner never says, raised until it says them."""

from collections import Counter
from dataclasses import replace

import pytest
import torch

from multimodal.captioning.captioner import Captioner
from multimodal.captioning.logit_adjustment import LogitAdjustmentOptions, adjust_output_bias
from multimodal.errors import UserError
from multimodal.images import open_image
from multimodal.vocabulary import SPECIAL


@pytest.fixture
def talker(captioner, monkeypatch) -> Captioner:
    """The captioner that learnt nothing; what happens to its last bias is undone."""
    bias = captioner.network.decoder.readout.bias
    monkeypatch.setattr(bias, "data", bias.detach().clone())
    return captioner


@pytest.fixture(scope="module")
def cells(captioner, data) -> torch.Tensor:
    return captioner.encode_images([open_image(path) for path in sorted(data.glob("images/*"))])


def said(captioner: Captioner, cells: torch.Tensor) -> Counter[int]:
    """Of how many photos every word is said."""
    found = captioner.generate(cells, captioner.search_options({"naming": False}))
    return Counter(token for of_photo in found for token in set(of_photo[0].tokens))


def raised(captioner: Captioner, cells: torch.Tensor, **options: float) -> torch.Tensor:
    *_, last = adjust_output_bias(captioner, cells, LogitAdjustmentOptions(**options))
    return last.rise


@torch.no_grad()
def test_a_word_that_is_never_said_is_raised_until_it_is(talker, cells):
    bias = talker.network.decoder.readout.bias
    word = max(said(talker, cells), key=said(talker, cells).get)
    bias[word] -= 12.0
    before = bias.clone()
    heights, uses = [], []
    for _, rise in adjust_output_bias(
        talker, cells, LogitAdjustmentOptions(uses=2, limit=100.0, rounds=40)
    ):
        torch.testing.assert_close(bias, before + rise)
        heights.append(float(rise[word]))
        uses.append(said(talker, cells)[word])
    assert heights[:3] == pytest.approx(
        [0.4, 0.8, 1.2]
    )  # a little in every round, while others move
    assert uses[0] == 0
    assert max(uses) > 0


def test_no_more_than_the_limit_and_never_a_special_word(talker, cells):
    rise = raised(talker, cells, uses=len(cells), limit=0.7, rounds=4)
    assert (rise >= 0).all()
    assert rise.max() <= 0.7 + 1e-6
    assert (rise[: len(SPECIAL)] == 0).all()
    assert (rise > 0).any()


def test_words_that_are_said_enough_stay_as_they_are(talker, cells):
    before = said(talker, cells)
    rise = raised(talker, cells, uses=1, limit=5.0, rounds=1)
    assert not rise[list(before)].any()


def test_more_different_words_are_said_of_the_same_photos(talker, cells):
    scarce = talker.network.decoder.readout.bias.data[len(SPECIAL) :]
    scarce[::2] -= 4.0
    rounds = list(
        adjust_output_bias(talker, cells, LogitAdjustmentOptions(uses=2, limit=8.0, rounds=25))
    )
    assert rounds[0].words < len(said(talker, cells))


@torch.no_grad()
def test_the_least_rise_lets_a_greedy_writer_say_the_word(talker, cells):
    """One photo, one word: what is found lacking is just what it takes."""
    talker = Captioner(talker.network, talker.vocabulary, replace(talker.options, beam_size=1))
    bias, former = talker.network.decoder.readout.bias, talker.network.decoder.readout.bias.clone()
    tried = 0
    for photo in cells[:40].split(1):
        bias.copy_(former)
        before = said(talker, photo)
        (first,) = adjust_output_bias(
            talker, photo, LogitAdjustmentOptions(uses=1, limit=0.39, rounds=1)
        )
        for word in first.rise.nonzero()[:, 0].tolist():
            bias.copy_(former)
            bias[word] += first.rise[word] - 0.02  # a hundredth is to spare
            assert said(talker, photo) == before
            bias[word] += 0.02
            assert word in said(talker, photo)
            tried += 1
    assert tried > 3


@torch.no_grad()
def test_rare_words_get_back_what_the_detectors_weight_takes_from_them(talker, cells):
    talker = Captioner(
        talker.network, talker.vocabulary, replace(talker.options, detected_weight=0.5)
    )
    detector = talker.network.decoder.detector
    usual = detector(cells).sigmoid().mean(0)
    (first,) = adjust_output_bias(
        talker, cells, LogitAdjustmentOptions(uses=1, limit=1e-9, rounds=1)
    )
    expected = 0.5 * (0.03 / usual).log().clamp(min=0)
    looked_for = slice(len(SPECIAL), len(SPECIAL) + len(usual))
    torch.testing.assert_close(first.rise[looked_for], expected, rtol=0, atol=1e-5)
    assert (usual < 0.03).any()


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("photos", "at least 1"),
        ("uses", "at least 1"),
        ("rounds", "at least 1"),
        ("limit", "above 0"),
    ],
)
def test_a_number_out_of_range_is_named(name, rule):
    with pytest.raises(UserError, match=rf"^{name}: must be {rule}, not 0$"):
        LogitAdjustmentOptions(**{name: 0})
