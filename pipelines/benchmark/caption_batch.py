"""How fast many pictures are captioned: the job behind ``multimodal benchmark caption-batch``."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from multimodal.errors import UserError
from multimodal.images import open_image
from pipelines.caption import as_line, find_pictures, sample_pictures

if TYPE_CHECKING:
    from multimodal.captioning.caption import Caption
    from multimodal.captioning.captioner import Captioner

THREADS = (1, 2)
BATCH_SIZE = 32
RIVAL_PICTURES = 8  # what the transformers are timed on, in one batch


def benchmark_caption_batch(
    model: str | Path | None, inputs: Sequence[Path], pictures: int, *, rivals: bool = False
) -> Iterator[str]:
    """Time whole runs, from the files to the rows on the disk; gives lines as they are measured.

    "In the network" is the share of the wall time that the captioner computes; the rest is what
    reading, opening and writing cost beside it. The plain loop opens, captions and writes one
    picture at a time. The rivals are architectures of transformers with random weights, in the same
    precision, with the same beam and as many words; their pictures are opened beforehand.

    Args:
        model: a folder, a Hub id, or None for the shipped captioner.
        inputs: pictures and folders; the photos of installed packages when empty.
        pictures: how many to caption, taken in turn.
        rivals: whether to time BLIP-base and ViT-GPT2 as well (the `bench` extra).

    Raises:
        UserError: transformers are wanted and not installed.
    """
    from multimodal.captioning.captioner import Captioner

    if rivals and find_spec("transformers") is None:
        raise UserError("--rivals: needs transformers; pip install 'multimodal-rnn[bench]'")
    captioner = Captioner.from_pretrained(model)
    dtype = next(captioner.network.parameters()).dtype
    beam_size = captioner.options.beam_size
    yield f"{pictures} pictures, beam size {beam_size}, batch size {BATCH_SIZE}, {dtype}"
    yield f"{'threads of torch':28}{'pictures/s':>12}{'in the network':>16}"
    with TemporaryDirectory() as folder:
        files = _distinct(find_pictures(inputs) if inputs else sample_pictures(), pictures, folder)
        for threads in THREADS:
            with _threads(threads):
                loop = pictures / _seconds(lambda: _loop(captioner, files, Path(folder)))
                seconds, in_network = _run(captioner, files, Path(folder))
            speed, share = pictures / seconds, in_network / seconds
            yield f"plain loop, {threads:<16d}{loop:12.1f}"
            yield f"local engine, {threads:<14d}{speed:12.1f}{share:16.0%}"
        if rivals:
            with _threads(THREADS[0]):
                yield from _rivals(captioner, files)


def _run(captioner: Captioner, files: Sequence[Path], folder: Path) -> tuple[float, float]:
    """Seconds of a run, and those of them in the network."""
    from pipelines.caption.run import Files, caption_to_files

    caption_preprocessed, in_network = captioner.caption_preprocessed, 0.0

    def timed(*arguments: Any) -> list[Caption]:
        nonlocal in_network
        begin = time.perf_counter()
        captions = caption_preprocessed(*arguments)
        in_network += time.perf_counter() - begin
        return captions

    captioner.caption_preprocessed = timed  # type: ignore[method-assign, assignment]
    try:
        places = Files(folder / "captions.jsonl", overwrite=True)
        rows = caption_to_files(files, captioner, places, batch_size=BATCH_SIZE)
        seconds = _seconds(lambda: deque(rows, maxlen=0))
    finally:
        del captioner.caption_preprocessed
    return seconds, in_network


def _loop(captioner: Captioner, files: Sequence[Path], folder: Path) -> None:
    """What a script does that knows nothing of batches."""
    with (folder / "loop.jsonl").open("w", encoding="utf-8") as file:
        for path in files:
            file.write(as_line(captioner.caption(path)))


def _rivals(captioner: Captioner, files: Sequence[Path]) -> Iterator[str]:
    """The speed of the transformers on one batch, and how many times faster the captioner is."""
    import torch

    some = list(files[:BATCH_SIZE])
    ours = len(some) / _seconds(lambda: captioner.caption(some))
    words = round(statistics.mean(len(c.words) for c in captioner.caption(some)))
    dtype = next(captioner.network.parameters()).dtype
    search = {"num_beams": captioner.options.beam_size, "do_sample": False}
    search |= {"min_new_tokens": words + 1, "max_new_tokens": words + 1}  # the end is one
    yield f"captioner, a batch of {len(some)}: {ours:.1f} pictures/s, {words} words each"
    for name, (build, size) in RIVALS.items():
        torch.manual_seed(0)
        model = build().eval().to(dtype)
        pixels = torch.randn(RIVAL_PICTURES, 3, size, size, dtype=dtype)
        with torch.inference_mode():
            seconds = _seconds(partial(model.generate, pixel_values=pixels, **search))
        theirs = RIVAL_PICTURES / seconds
        yield f"{name}: {theirs:.2f} pictures/s; the captioner is {ours / theirs:.0f} times as fast"


def _blip() -> Any:
    from transformers import BlipConfig, BlipForConditionalGeneration

    return BlipForConditionalGeneration(BlipConfig())  # its defaults are those of BLIP-base


def _vit_gpt2() -> Any:
    from transformers import (
        GPT2Config,
        VisionEncoderDecoderConfig,
        VisionEncoderDecoderModel,
        ViTConfig,
    )

    decoder = GPT2Config(add_cross_attention=True)
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(ViTConfig(), decoder)
    model = VisionEncoderDecoderModel(config)
    model.generation_config.decoder_start_token_id = decoder.bos_token_id
    model.generation_config.pad_token_id = 0  # any that is not the end
    return model


RIVALS = {"BLIP-base": (_blip, 384), "ViT-GPT2": (_vit_gpt2, 224)}  # and their pixels a side


def _distinct(found: Sequence[Path], pictures: int, folder: str) -> list[Path]:
    """So many files of which no two look alike: a picture that comes again is cropped a little."""
    if len(found) >= pictures:
        return list(found[:pictures])
    files = []
    for number, path in zip(range(pictures), cycle(found)):
        picture = open_image(path)
        less = number // len(found)
        picture = picture.crop((less, less, picture.width, picture.height))
        files.append(Path(folder, f"{number}.jpg"))
        picture.save(files[-1], quality=90)
    return files


def _seconds(job: Callable[[], object]) -> float:
    begin = time.perf_counter()
    job()
    return time.perf_counter() - begin


@contextmanager
def _threads(count: int) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
