"""Drawings as data: what a drawing is, and everything that it can become."""

from multimodal.strokes.drawing import Drawing
from multimodal.strokes.ndjson import Record, read_ndjson
from multimodal.strokes.npz import read_npz
from multimodal.strokes.paper import Paper
from multimodal.strokes.plotter import Plotter
from multimodal.strokes.points import from_points, to_points
from multimodal.strokes.quickdraw import quickdraw_form, quickdraw_split, read_quickdraw
from multimodal.strokes.raster import render
from multimodal.strokes.reading import read_drawings
from multimodal.strokes.saving import SAVED_ENDINGS, save_drawings
from multimodal.strokes.sheet import Sheet
from multimodal.strokes.smoothing import smoothed
from multimodal.strokes.steps import from_stroke3, from_stroke5, to_stroke3, to_stroke5

__all__ = [
    "SAVED_ENDINGS",
    "Drawing",
    "Paper",
    "Plotter",
    "Record",
    "Sheet",
    "from_points",
    "from_stroke3",
    "from_stroke5",
    "quickdraw_form",
    "quickdraw_split",
    "read_drawings",
    "read_ndjson",
    "read_npz",
    "read_quickdraw",
    "render",
    "save_drawings",
    "smoothed",
    "to_points",
    "to_stroke3",
    "to_stroke5",
]
