"""Strokes, frames or words → labels, at every step."""
