"""Prompt → drawing."""
