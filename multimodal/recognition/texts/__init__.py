"""Texts → a label after every word, and one for the whole."""
