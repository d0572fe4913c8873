"""What every tab is given, and how it registers what it can do."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from html import escape
from importlib.resources import files
from inspect import isgeneratorfunction, signature
from pathlib import Path
from typing import Any, TypeVar, get_type_hints
from urllib.parse import unquote

import gradio as gr
from gradio.utils import get_upload_folder
from gradio_client.utils import is_http_url_like

from demo.answers import told_type, without_pictures
from demo.limits import Limits
from demo.models import Models
from demo.schemas import schema_of
from multimodal.errors import UserError
from pipelines.caption.inputs import sample_pictures

TITLE_OF_ERRORS = "That did not work"

T = TypeVar("T")


@dataclass(frozen=True)
class Endpoint:
    """What programs can call, over HTTP as over MCP.

    Attributes:
        function: its docstring describes it and its "Args:" the parameters.
        inputs: a component for each parameter: their types, ranges and first values count.
        returns: the type of what it tells.
    """

    function: Callable[..., Any]
    inputs: Mapping[str, gr.components.Component]
    returns: Any


@dataclass(frozen=True)
class Shared:
    """What every tab is given.

    Attributes:
        models: loaded when they are first asked for.
        limits: how much a visitor may ask for.
        endpoints: what the tabs have made callable.
    """

    models: Models = field(default_factory=Models)
    limits: Limits = field(default_factory=Limits)
    endpoints: list[Endpoint] = field(default_factory=list)

    @property
    def job(self) -> dict[str, Any]:
        """Arguments of every event that computes: all of them share the cores."""
        return {"concurrency_id": "models", "concurrency_limit": self.limits.at_once}

    @property
    def private(self) -> dict[str, Any]:
        """Arguments of a computing event that is the page's own and no endpoint."""
        return {**self.job, "api_visibility": "private", "show_progress": "minimal"}

    def polite(
        self, function: Callable[..., Any], *, seconds: float | None = None
    ) -> Callable[..., Any]:
        """A function whose `UserError`s are shown on the page and told to API clients.

        Args:
            function: a generator stops, with what it has given, when its time is over.
            seconds: how much time it has; the limit of one job unless given.
        """
        if not isgeneratorfunction(function):

            @wraps(function)
            def once(*args: Any, **kwargs: Any) -> Any:
                with shown_politely():
                    return function(*args, **kwargs)

            return once

        @wraps(function)
        def streamed(*args: Any, **kwargs: Any) -> Iterator[Any]:
            most = self.limits.seconds if seconds is None else seconds
            with shown_politely(), closing(function(*args, **kwargs)) as values:
                yield from in_time(values, most)

        return streamed

    def endpoint(
        self,
        function: Callable[..., Any],
        inputs: Sequence[gr.components.Component],
        **arguments: Any,
    ) -> None:
        """Make a function an endpoint of the API and an MCP tool, by its own name.

        Args:
            function: its docstring describes it and its "Args:" the parameters; its return type (a
                TypedDict, say) becomes the schema of the answer. It may return a `Pictured` one, or
                the path of a file.
            inputs: a component for each parameter: their types, ranges and first values count.
            **arguments: of the event, such as preprocess=False.
        """
        returns = told_type(get_type_hints(function, include_extras=True)["return"])
        named = zip(signature(function).parameters, inputs, strict=True)
        self.endpoints.append(Endpoint(function, dict(named), returns))
        gr.Button(visible=False).click(
            self.polite(without_pictures(function)),
            inputs=list(inputs),
            outputs=[_answer(returns)],
            api_name=function.__name__,
            **({"postprocess": returns is Path} | self.job | arguments),
        )


def of_kind(component: gr.components.Component, schema: dict[str, Any]) -> None:
    """Let a component tell API clients what its values are.

    gradio writes a stub file beside the source of every subclass of a component, so that there are
    none here.
    """
    component.api_info = lambda: schema  # type: ignore[method-assign]


def _answer(returns: Any) -> gr.components.Component:
    """What holds an answer, and is not seen."""
    if returns is Path:
        return gr.File(label="File", visible=False)
    answer = gr.JSON(visible=False)
    of_kind(answer, schema_of(returns))
    return answer


def never_fetched(component: gr.components.Component) -> None:
    """Let a component that takes files refuse addresses, which gradio would fetch for it.

    The address of an upload to this very page, as MCP clients hand it in, stands for the upload.
    """
    move = component.async_move_resource_to_block_cache

    async def move_if_here(url_or_file_path: str | Path | None) -> str | None:
        if is_http_url_like(str(url_or_file_path)):
            url_or_file_path = uploaded(str(url_or_file_path))
        return await move(url_or_file_path)

    component.async_move_resource_to_block_cache = move_if_here  # type: ignore[method-assign]


def photo_chooser(name: str, height: int) -> gr.Image:
    """A photo to upload, to take or to paste, with a few beneath it to try; ids begin with name."""
    photo = gr.Image(
        type="filepath",
        image_mode=None,
        label="Photo",
        height=height,
        buttons=["fullscreen"],
        sources=["upload", "webcam", "clipboard"],
        placeholder="Drop a photo here\nor choose one",
        elem_id=f"{name}-photo",
    )
    never_fetched(photo)
    gr.Examples(
        [[str(path)] for path in sample_pictures()],
        inputs=[photo],
        label="Or take one of these",
        elem_id=f"{name}-examples",
    )
    return photo


def off_while_empty(text: gr.Textbox, button: gr.Button) -> None:
    """Let a button be off while the text that it works on is empty."""
    text.change(
        lambda said: gr.update(interactive=bool(said and said.strip())),
        [text],
        [button],
        queue=False,
        api_visibility="private",
        show_progress="hidden",
    )


def job_buttons(*, running: bool) -> list[dict[str, Any]]:
    """The buttons that start and stop a job, while it runs and while it does not."""
    return [gr.update(interactive=not running), gr.update(interactive=running)]


def language_choice(name: str, models: Models) -> gr.Radio:
    """The languages of captions; not seen where there is but one."""
    languages = [(title, code) for code, title in models.languages().items()]
    return gr.Radio(
        languages,
        value="en",
        label="Language",
        visible=len(languages) > 1,
        elem_id=f"{name}-language",
    )


def uploaded(address: str) -> Path:
    """The upload to this page that an address stands for.

    Raises:
        gradio.Error: it stands for something else, which is not fetched.
    """
    found = re.search(r"/gradio_api/file=([^?#]+)", address)
    path = Path(unquote(found[1]) if found else "").resolve()
    if not found or not path.is_relative_to(Path(get_upload_folder()).resolve()):
        raise gr.Error(
            "This page fetches nothing from the network. Please hand in the file itself.",
            title=TITLE_OF_ERRORS,
            print_exception=False,
        )
    return path


@contextmanager
def shown_politely() -> Iterator[None]:
    """Show a `UserError` as a message on the page instead of a bare "Error"."""
    try:
        yield
    except UserError as error:
        message = escape(str(error), quote=False)  # the page reads it as HTML
        raise gr.Error(message, title=TITLE_OF_ERRORS, print_exception=False) from error


def in_time(values: Iterable[T], seconds: float) -> Iterator[T]:
    """Values as they come, until the time is over; the visitor is told then."""
    end = time.monotonic() + seconds
    for value in values:
        yield value
        if time.monotonic() > end:
            gr.Warning(f"This took {seconds:g} seconds, so it was stopped.")
            return


def asset(name: str) -> str:
    """The text of a file of this package, such as a component's script."""
    return files("demo").joinpath(name).read_text(encoding="utf-8")


def scratch() -> Path:
    """A new folder for the files of one job, in what is removed after a while and at the end."""
    return Path(tempfile.mkdtemp(dir=get_upload_folder()))
