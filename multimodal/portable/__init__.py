"""Models in one ONNX file each, without torch: NumPy, Pillow and ONNX Runtime are all it takes.

from multimodal.portable import Portable

Portable.load("captioner.onnx").caption("beach.jpg").text
Portable.load("sketcher.onnx").draw("duck", 9, seed=7)[0].save("duck.svg")
Portable.load("writer.onnx").write("Dear Anna").save("letter.svg")

`multimodal export` makes such files; the extra `onnx` brings what this needs.
"""

from __future__ import annotations

from multimodal.portable.loading import Portable, is_portable, load_portable

__all__ = ["Portable", "is_portable", "load_portable"]
