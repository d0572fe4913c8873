"""The one generation engine: greedy, beam search and sampling for every model that emits tokens.

    options = GenerationOptions(beam_size=5, n_best=3)
    prompts = [[vocabulary.start]] * len(photos)
    results = generate(model.step, state, memory, prompts, end=vocabulary.end, options=options)
    results[0][0].tokens  # the best sentence for the first photo

Sentences can be required to contain one phrase of each of several sets of ids, item by item:

    generate(..., requirements=[[[[lion], [lions]]], [[[school, bus]], [[grass]]]])

A model is one function (`Step`): the last token and the state of every hypothesis in, the logits of
the next token and the new state out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from multimodal.lazy_imports import lazy_names

if TYPE_CHECKING:
    from multimodal.recurrent.generation.engine import Step, generate
    from multimodal.recurrent.generation.hypotheses import Hypothesis
    from multimodal.recurrent.generation.options import GenerationOptions
    from multimodal.recurrent.generation.requirements import MOST_REQUIREMENTS, Requirement

__all__ = [
    "MOST_REQUIREMENTS",
    "GenerationOptions",
    "Hypothesis",
    "Requirement",
    "Step",
    "generate",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Step": "engine",
        "generate": "engine",
        "Hypothesis": "hypotheses",
        "GenerationOptions": "options",
        "MOST_REQUIREMENTS": "requirements",
        "Requirement": "requirements",
    },
)
