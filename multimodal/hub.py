"""What comes from the Hugging Face Hub: which names mean it, and data sets by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from multimodal.errors import UserError


def names_repository(source: str | Path) -> bool:
    """Whether a source can be nothing but a repository "owner/name".

    A `Path` is always a file or a folder, and so is a text whose first part is a folder that
    exists: a misspelt path must not go out to the network.
    """
    named = isinstance(source, str) and re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", source, re.ASCII)
    return bool(named) and not Path(source).exists() and not Path(source).parent.exists()


def load_data_set(name: str, kind: str | None = None, **options: str) -> Mapping[str, Any]:
    """Return the tables of a data set by their splits, as `datasets` reads it.

    Args:
        name: a repository on the Hub, or what is read when `kind` says how.
        kind: a builder of `datasets`, such as "parquet".
        options: of the builder.

    Raises:
        UserError: it cannot be read; the line says why.
    """
    import datasets

    bars_were_on = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        return dict(datasets.load_dataset(kind or name, **options))
    except Exception as error:  # a broken file, a private set, no network: each raises its own
        raise UserError(f"{name}: `datasets` cannot load it: {reason_of(error)}") from error
    finally:
        if bars_were_on:
            datasets.enable_progress_bars()


def reason_of(error: Exception) -> str:
    """Return the first line of what went wrong at the bottom of it."""
    return str(error.__cause__ or error).strip().partition("\n")[0]
