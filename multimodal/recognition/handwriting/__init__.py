"""Handwriting → text: read as a whole, or again after every stroke."""
