"""Settings that many recipes have: their types, ranges and help."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from annotated_types import Ge, Gt, Le, Lt

from multimodal.processor import Precision as Arithmetic

Count: TypeAlias = Annotated[int, Ge(1)]
Amount: TypeAlias = Annotated[float, Ge(0)]
Rate: TypeAlias = Annotated[float, Gt(0)]
Share: TypeAlias = Annotated[float, Ge(0), Lt(1)]
UpToOne: TypeAlias = Annotated[float, Ge(0), Le(1)]

Epochs: TypeAlias = Annotated[int, Ge(1), "Passes over the data; dev is measured after each."]
BatchSize: TypeAlias = Annotated[int, Ge(1), "Examples in a batch, over all processes."]
LearningRate: TypeAlias = Annotated[float, Gt(0), "The peak of AdamW's learning rate."]
WeightDecay: TypeAlias = Annotated[float, Ge(0), "Decoupled from the gradient, as in AdamW."]
Betas: TypeAlias = Annotated[
    tuple[float, float], Ge(0), Lt(1), "AdamW's decays of the first and the second moment."
]
WarmupSteps: TypeAlias = Annotated[int, Ge(0), "Steps of linear growth before the peak."]
MinLrRatio: TypeAlias = Annotated[
    float, Ge(0), Le(1), "Where the cosine ends, as a share of the peak; 1: constant."
]
MaxGradNorm: TypeAlias = Annotated[
    float, Ge(0), "The largest norm of the whole gradient; 0: it is not clipped."
]
EmaDecay: TypeAlias = Annotated[
    float, Ge(0), Lt(1), "Decay of the moving average of the weights that is saved; 0: none."
]
WeightBits: TypeAlias = Annotated[
    Literal[0, 4, 5, 6, 7, 8],
    "Bits of every weight of a matrix, rounded in each pass as `pack` will do it; 0: not rounded.",
]
LabelSmoothing: TypeAlias = Annotated[
    float, Ge(0), Lt(1), "The share of probability that is spread over all classes."
]
Dropout: TypeAlias = Annotated[float, Ge(0), Lt(1), "The share of features that are dropped."]
EmbeddingSize: TypeAlias = Annotated[int, Ge(1), "E, of the embedding of an input."]
HiddenSize: TypeAlias = Annotated[int, Ge(1), "H, of the hidden state."]
Layers: TypeAlias = Annotated[int, Ge(1), "Recurrent layers, one above the other."]
CellKind: TypeAlias = Annotated[Literal["rnn", "gru", "lstm"], "Of every recurrent layer."]
Seed: TypeAlias = Annotated[int, "Of everything random."]
Precision: TypeAlias = Annotated[
    Arithmetic, "Of the arithmetic; auto: bf16 where the device computes it natively, else fp32."
]
