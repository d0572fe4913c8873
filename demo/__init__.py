"""The page on which the shipped models can be tried: ``multimodal demo``.

One file for each tab; `app` puts them together, `serving` starts the server, `models` holds the
models, `limits` says how much of everything a visitor may ask for.
"""
