r"""The one class that people use: load a handwriting generator, then let it write.

generator = HandwritingGenerator.from_pretrained()  # the shipped model; or a folder, or a Hub id
page = generator.write("Dear Anna,\nthe train leaves at 9.", style=17, bias=0.5, seed=1)
page.save("letter.svg")
mine = generator.learn_style([(drawing, "what it says"), …])
mine.save("mine.json")                               # generator.write("…", style="mine.json")
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any, Self, Unpack

from multimodal.checkpoints import JSON
from multimodal.errors import UserError
from multimodal.handwriting.candidates import Judge, TextChunk
from multimodal.handwriting.chunks import write_chunks
from multimodal.handwriting.incremental_decoder import DecoderWeights
from multimodal.handwriting.model import HandwritingConfig, HandwritingNetwork
from multimodal.handwriting.options import HandwritingChanges, HandwritingOptions
from multimodal.handwriting.pages import PageWriter
from multimodal.handwriting.style import Style
from multimodal.handwriting.styles import (
    STEPS,
    fit_writer_embedding,
    pace_of,
    primer_of,
    samples_as_script,
)
from multimodal.handwriting.written import WrittenLine
from multimodal.pretrained_model import PretrainedModel
from multimodal.processor import Precision, torch_dtype
from multimodal.strokes import Drawing


class HandwritingGenerator(PageWriter, PretrainedModel):
    """A text becomes handwriting.

    Args:
        network: what was learnt, in fp32; it is put into evaluation mode.
        scale: the network's unit, in the units of the data.
        gallery: the numbers of the writers that are styles.
        paces: how far each of them moves, in the data's units a character.
        precision: of the products by which points are drawn. All else is in fp32.

    Attributes:
        options: how lines are written, unless a call says otherwise.
        judge: who reads every few words back, so that those that are misread are written anew;
            nobody unless set.
    """

    TASK = "handwriting-generator"
    network: HandwritingNetwork

    def __init__(
        self,
        network: HandwritingNetwork,
        *,
        scale: float,
        gallery: Sequence[int],
        paces: Sequence[float],
        precision: Precision = "auto",
    ) -> None:
        self.network = network.eval()
        self.scale = scale
        self.gallery = tuple(gallery)
        self.paces = tuple(paces)
        if len(self.gallery) != len(self.paces) or not self.gallery:
            raise UserError("gallery: one pace for each of its styles expected, and at least one")
        if not 0 <= min(self.gallery) <= max(self.gallery) <= network.config.num_writers:
            raise UserError("gallery: a writer that the network does not know")
        self.precision = precision
        self.options = HandwritingOptions()
        self.judge: Judge | None = None

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """See `PretrainedModel`."""
        generator = cls(
            HandwritingNetwork(HandwritingConfig(**config["network"])),
            scale=float(config["scale"]),
            gallery=[int(embedding) for embedding in config["gallery"]],
            paces=[float(pace) for pace in config["paces"]],
        )
        generator.options = HandwritingOptions(bias=float(config["bias"]))
        return generator

    def set_precision(self, precision: Precision) -> None:
        """See `PretrainedModel`; the network itself stays in fp32."""
        self.precision = precision

    def to_config(self) -> dict[str, JSON]:
        """See `PretrainedModel`."""
        return {
            "network": asdict(self.network.config),
            "scale": self.scale,
            "gallery": list(self.gallery),
            "paces": list(self.paces),
            "bias": self.options.bias,
        }

    def learn_style(
        self,
        samples: Sequence[tuple[Drawing, str]],
        *,
        name: str = "mine",
        steps: int = STEPS,
        primed: bool = True,
    ) -> Style:
        """Learn somebody's handwriting from a few lines; the network stays as it is.

        Args:
            samples: lines in any unit, and what each says; ten are plenty.
            name: what to call it.
            steps: how long to look for the embedding; 0 leaves the style to the sample alone.
            primed: whether lines are written on from one of the samples.

        Raises:
            UserError: a sample cannot be used; the line says which and why.
        """
        script = samples_as_script(samples)
        embedding = self.network.writer_embedding.weight[-1].detach()
        if steps:
            embedding = fit_writer_embedding(self.network, script, self.scale, steps)
        primer = primer_of(script) if primed else None
        return Style(name, tuple(embedding.tolist()), pace_of(script), primer)

    def write_texts(
        self, pieces: Sequence[TextChunk], **options: Unpack[HandwritingChanges]
    ) -> list[WrittenLine]:
        """Write pieces of a line each, in one batch, as the network's own rows.

        Args:
            pieces: what to write, and in which style.
            **options: see `HandwritingOptions`.
        """
        chosen = self.options.changed(options)
        return write_chunks(self._weights, pieces, self.scale, chosen, self.judge)

    @property
    def writer_embedding_size(self) -> int:
        """See `PageWriter`."""
        return self.network.config.writer_embedding_size

    def writer_embedding_of(self, number: int) -> tuple[float, ...]:
        """See `PageWriter`."""
        return tuple(
            self.network.writer_embedding.weight[self.gallery[number - 1]].detach().tolist()
        )

    @cached_property
    def _weights(self) -> DecoderWeights:
        return DecoderWeights(self.network, torch_dtype(self.precision))
