from dataclasses import replace

import pytest
import torch

from multimodal.captioning.captioner import Captioner
from multimodal.captioning.model import CaptionNetwork
from pipelines.benchmark import captioner as captioner_benchmark
from pipelines.benchmark.captioner import BATCH_SIZES, DecoderRun, benchmark_captioner


def test_it_prints_a_table(checkpoint, photos):
    lines = list(benchmark_captioner(checkpoint, photos[:2], photos=32))
    assert lines[0].startswith("32 photos, beam size 3")
    rows = [line.split() for line in lines[3:-1]]
    assert [int(row[0]) for row in rows] == list(BATCH_SIZES)
    assert all(float(figure) > 0 for row in rows for figure in row[1:])
    assert "one photo at a time" in lines[-1]


def test_the_photos_of_installed_packages_serve_where_none_are_given(checkpoint):
    assert next(benchmark_captioner(checkpoint, [], photos=32)).startswith("32 photos")


@pytest.fixture
def with_decoder(captioner):
    """Makes a captioner with another decoder around the same encoder."""

    def make(**changes: object) -> Captioner:
        network = captioner.network
        config = replace(network.decoder.config, **changes)
        changed = CaptionNetwork(network.encoder, config, captioner.vocabulary.words)
        return Captioner(changed, captioner.vocabulary, captioner.options)

    return make


@pytest.mark.parametrize("attention", ["additive", None])
@pytest.mark.parametrize("detected_words", [0, 5])
@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_the_bare_products_fit_every_decoder(with_decoder, photos, attention, detected_words, cell):
    captioner = with_decoder(attention=attention, detected_words=detected_words, cell=cell)
    with torch.inference_mode():
        run = DecoderRun(captioner, photos, batch_size=4)
        run.multiply()
        run.generate()


def test_products_are_counted_step_by_step_and_the_decoder_is_left_as_it_was(
    captioner, photos, monkeypatch
):
    before = [caption.text for caption in captioner.caption(photos)]
    steps: list[tuple[int, int]] = []

    def of_step(decoder, memory, *shape: int) -> list:
        steps.append(shape)
        return products_of_step(decoder, memory, *shape)

    products_of_step = captioner_benchmark._products_of_step
    monkeypatch.setattr(captioner_benchmark, "_products_of_step", of_step)
    with torch.inference_mode():
        DecoderRun(captioner, photos, batch_size=len(photos))
    width = captioner.options.beam_size
    assert steps[0] == (len(photos), 1)  # a beam begins with one hypothesis
    assert all(hypotheses <= width for _, hypotheses in steps)
    counts = [count for count, _ in steps]
    assert counts == sorted(counts, reverse=True)  # finished photos leave
    assert len(steps) <= captioner.options.max_length
    assert not {"look", "step"} & {*vars(captioner.network.decoder)}
    assert [caption.text for caption in captioner.caption(photos)] == before


def test_every_thread_has_its_own_products(captioner, photos, set_threads):
    half = [*photos] * 4
    with torch.inference_mode():
        set_threads(1)
        ((alone,),) = DecoderRun(captioner, half, batch_size=len(half))._products
        set_threads(2)
        (of_threads,) = DecoderRun(captioner, half * 2, batch_size=2 * len(half))._products
    assert [len(products) for products in of_threads] == [len(alone)] * 2
