"""How fast it is, as ratios within one run: the jobs behind ``multimodal benchmark``."""
