import importlib.util

import pytest

from multimodal.errors import UserError
from pipelines.benchmark.caption_batch import THREADS, _distinct, benchmark_caption_batch


def test_it_prints_a_table(checkpoint, photos):
    head, _, *rows = benchmark_caption_batch(checkpoint, photos, pictures=32)
    assert head.startswith("32 pictures, beam size 3, batch size 32")
    assert len(rows) == 2 * len(THREADS)
    for loop, engine in zip(rows[::2], rows[1::2], strict=True):
        assert float(loop.split()[-1]) > 0
        assert 0 < int(engine.split()[-1].rstrip("%")) <= 100


def test_no_two_pictures_are_the_same(photos, tmp_path):
    files = _distinct(photos, 20, str(tmp_path))
    assert len({file.read_bytes() for file in files}) == 20
    assert _distinct(photos, 3, str(tmp_path)) == photos[:3]


def test_the_rivals_need_their_extra(checkpoint, photos, monkeypatch):
    monkeypatch.setattr("pipelines.benchmark.caption_batch.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"multimodal-rnn\[bench\]"):
        next(benchmark_caption_batch(checkpoint, photos, 32, rivals=True))


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("transformers") is None, reason="the bench extra")
def test_the_rivals_are_timed_in_the_same_run(checkpoint, photos):
    *_, blip, gpt = benchmark_caption_batch(checkpoint, photos, 32, rivals=True)
    assert blip.startswith("BLIP-base: ")
    assert gpt.startswith("ViT-GPT2: ")
