from dataclasses import replace

import pytest
import torch

from multimodal.captioning.captioner import Captioner
from multimodal.captioning.model import CaptionNetwork
from multimodal.images import open_image
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
        changed = CaptionNetwork(network.encoder, config, len(captioner.vocabulary))
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
        run.write()


def test_products_are_counted_step_by_step_and_the_decoder_is_left_as_it_was(captioner, photos):
    before = [caption.text for caption in captioner.caption(photos)]
    with torch.inference_mode():
        run = DecoderRun(captioner, photos, batch_size=4)
        cells = captioner.look([open_image(photo) for photo in photos])
        rows = run._count_rows(cells)
    width = captioner.options.beam_size
    assert rows[0] == (len(photos), 1)  # a beam begins with one hypothesis
    assert all(hypotheses <= width for _, hypotheses in rows)
    counts = [count for count, _ in rows]
    assert counts == sorted(counts, reverse=True)  # finished photos leave
    assert len(rows) <= captioner.options.max_length
    assert "step" not in vars(captioner.network.decoder)
    assert [caption.text for caption in captioner.caption(photos)] == before
