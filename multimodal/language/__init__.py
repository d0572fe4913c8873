"""Text → more text."""
