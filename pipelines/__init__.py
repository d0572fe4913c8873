"""Jobs that people run: read, model, write; and the command line."""
