"""Many to many, after reading: a sentence → the same in another language."""
