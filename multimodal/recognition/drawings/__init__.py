"""Drawings: what they show, after every stroke."""
