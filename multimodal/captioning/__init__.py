"""Photo → sentence."""
