"""States of the pen after a point of a drawing."""

DOWN, LIFTED, END = range(3)
"""It stays on the paper, it is lifted, the drawing is over."""
