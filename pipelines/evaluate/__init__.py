"""A model and held-out data → figures: the jobs behind ``multimodal evaluate``."""
