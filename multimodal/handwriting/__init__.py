"""Text → handwriting: a pen led over the text by a sliding window, in many styles."""
