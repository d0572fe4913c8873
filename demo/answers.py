"""What an endpoint answers when there is more to see than to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from inspect import isgeneratorfunction
from pathlib import Path
from typing import Annotated, Any, Generic, TypedDict, TypeVar, get_args, get_origin

T = TypeVar("T")


@dataclass(frozen=True)
class Pictured(Generic[T]):
    """An answer, and how it looks.

    Attributes:
        answer: what every client is told.
        pictures: makes PNGs of it, for clients that see; the others do not wait for them.
    """

    answer: T
    pictures: Callable[[], Sequence[bytes]]


class SavedFile(TypedDict):
    """A file that an endpoint has written."""

    name: Annotated[str, "of the file"]
    mime_type: Annotated[str, "its format"]
    size: Annotated[int, "in bytes"]
    text: Annotated[str, "what is in it; empty for a picture, which comes beside"]


def without_pictures(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose answers are all that is told."""
    if isgeneratorfunction(function):
        return function

    @wraps(function)
    def told(*args: Any, **kwargs: Any) -> Any:
        answer = function(*args, **kwargs)
        if isinstance(answer, Path):
            return str(answer)
        return answer.answer if isinstance(answer, Pictured) else answer

    return told


def told_type(returns: Any) -> Any:
    """The type of what is told by a function that returns this type."""
    if get_origin(returns) in {Pictured, Iterator}:
        return get_args(returns)[0]
    return returns
