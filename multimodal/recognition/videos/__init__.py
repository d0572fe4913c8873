"""Videos → a label after every frame, and one for the whole."""
