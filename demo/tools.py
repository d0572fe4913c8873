"""The endpoints as tools of the Model Context Protocol: JSON in, JSON and pictures out."""

from __future__ import annotations

import json
import logging
import re
import shutil
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from inspect import getdoc
from mimetypes import guess_extension, guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote_to_bytes

import anyio
import gradio as gr
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from mcp import types
from mcp.server.lowlevel import Server

from demo.answers import Pictured, SavedFile
from demo.limits import MEGABYTE, Limits
from demo.schemas import Schema, schema_of, schema_of_input
from demo.shared import Endpoint, Shared, scratch, uploaded
from demo.uploads import as_upload
from multimodal.errors import UserError

if TYPE_CHECKING:
    from mcp.server.lowlevel.server import CombinationContent

OpenFile: TypeAlias = Callable[[str, Path, Limits], Path]
"""Finds what a text stands for, or puts it into a folder."""

NAME = "multimodal"
INSTRUCTIONS = (
    "Small recurrent networks that caption photos, draw, guess and finish drawings, read"
    " handwriting and write texts, offline. A drawing is a list of strokes, of each a list of"
    " points [x, y]."
)
FILE_HERE = "the path of a file on this machine, or a data: URL"
FILE_ELSEWHERE = "a data: URL, or the address of a file that was uploaded to this page"
TEXTS = {
    ".svg": "image/svg+xml",
    ".gcode": "text/x-gcode",
    ".ndjson": "application/x-ndjson",
}
OWN_FAULT = "This did not work, and the fault is not yours: the server's log says what happened."


@dataclass(frozen=True)
class Tool:
    """An endpoint as MCP clients see it.

    Attributes:
        endpoint: what is called.
        description: what it does.
        inputs: the JSON schema of its arguments.
        outputs: that of its structured content.
        files: the arguments that are files, or lists of them.
    """

    endpoint: Endpoint
    description: str
    inputs: Schema
    outputs: Schema
    files: frozenset[str]

    @classmethod
    def of(cls, endpoint: Endpoint, file: str) -> Tool:
        """Describe an endpoint.

        Args:
            endpoint: one of `Shared.endpoints`.
            file: what to say of an argument that is a file.
        """
        description, about = told_by(endpoint.function)
        properties = {
            name: schema_of_input(component, file) | {"description": about[name]}
            for name, component in endpoint.inputs.items()
        }
        kinds = endpoint.inputs.items()
        files = {name for name, kind in kinds if isinstance(kind, gr.Image | gr.File)}
        for name in files:
            properties[name]["description"] += f" Give {file}."
        inputs = {
            "type": "object",
            "properties": properties,
            "required": [name for name, schema in properties.items() if "default" not in schema],
            "additionalProperties": False,
        }
        return cls(endpoint, description, inputs, _object(endpoint.returns), frozenset(files))

    @property
    def name(self) -> str:
        """What it is called by."""
        return self.endpoint.function.__name__

    def told(self) -> types.Tool:
        """As the protocol lists it."""
        return types.Tool(
            name=self.name,
            description=self.description,
            inputSchema=self.inputs,
            outputSchema=self.outputs,
            annotations=types.ToolAnnotations(readOnlyHint=True, openWorldHint=False),
        )

    def call(
        self, arguments: Mapping[str, Any], open_file: OpenFile, limits: Limits
    ) -> CombinationContent:
        """Do the work.

        Args:
            arguments: by their names; those that are missing have their first values.
            open_file: for those that are files.
            limits: of what is handed in.

        Returns:
            Content to read and to see, and the structured content.

        Raises:
            UserError: an argument is wrong.
            gradio.Error: likewise.
        """
        self._check(arguments)
        first = {n: s["default"] for n, s in self.inputs["properties"].items() if "default" in s}
        with _inbox() as folder:
            opened = {
                name: _opened(value, open_file, folder, limits) if name in self.files else value
                for name, value in arguments.items()
            }
            return _content(self.endpoint.function(**(first | opened)))

    def _check(self, arguments: Mapping[str, Any]) -> None:
        wrong = best_match(Draft202012Validator(self.inputs).iter_errors(arguments))
        if wrong is not None:
            place = "".join(f"{step}: " for step in list(wrong.absolute_path)[:1])
            raise UserError(f"{self.name}: {place}{wrong.message}"[:500])


def build_server(shared: Shared, *, local: bool) -> Server[Any, Any]:
    """A server of all endpoints.

    Args:
        shared: what the page was built with.
        local: whether whoever asks may hand in paths of files on this machine.
    """
    file, open_file = (FILE_HERE, open_here) if local else (FILE_ELSEWHERE, open_elsewhere)
    tools = {tool.name: tool for tool in (Tool.of(e, file) for e in shared.endpoints)}
    server: Server[Any, Any] = Server(NAME, version("multimodal-rnn"), INSTRUCTIONS)
    slots = anyio.CapacityLimiter(shared.limits.at_once)

    async def list_tools() -> list[types.Tool]:
        return [tool.told() for tool in tools.values()]

    async def call_tool(name: str, arguments: dict[str, Any]) -> CombinationContent:
        if name not in tools:
            raise ValueError(f"There is no tool {name!r} here, only {', '.join(tools)}.")
        if slots.statistics().tasks_waiting >= shared.limits.waiting:
            raise ValueError("Too many jobs are waiting. Please try again later.")
        with _told_politely(name):
            return await anyio.to_thread.run_sync(
                tools[name].call, arguments, open_file, shared.limits, limiter=slots
            )

    server.list_tools()(list_tools)
    server.call_tool(validate_input=False)(call_tool)
    return server


def open_here(text: str, folder: Path, limits: Limits) -> Path:
    """A file on this machine, by its path or in a data: URL.

    Raises:
        UserError: there is none.
    """
    if text.startswith("data:"):
        return _unpacked(text, folder, limits)
    path = Path(text).expanduser()
    if not path.is_file():
        raise UserError(f"{text[:300]}: there is no such file on this machine.")
    return path


def open_elsewhere(text: str, folder: Path, limits: Limits) -> Path:
    """A file in a data: URL, or one that was uploaded to this page, by its address.

    Raises:
        UserError: it is damaged.
        gradio.Error: it is something else.
    """
    return _unpacked(text, folder, limits) if text.startswith("data:") else uploaded(text)


@contextmanager
def _told_politely(name: str) -> Iterator[None]:
    """Every error is a sentence, which the protocol's library sends as an error of the tool."""
    try:
        yield
    except UserError as error:
        raise ValueError(str(error)) from error
    except gr.Error as error:
        raise ValueError(str(error.message)) from error
    except Exception as error:
        logging.getLogger(__name__).exception("%s failed", name)
        raise RuntimeError(OWN_FAULT) from error


@contextmanager
def _inbox() -> Iterator[Path]:
    folder = scratch()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _opened(value: Any, open_file: OpenFile, folder: Path, limits: Limits) -> Any:
    if isinstance(value, list):
        return [_opened(each, open_file, folder, limits) for each in value]
    return as_upload(open_file(value, folder, limits))


def _unpacked(url: str, folder: Path, limits: Limits) -> Path:
    """Put the bytes of a data: URL into a new file."""
    head, comma, data = url.removeprefix("data:").partition(",")
    kind = head.partition(";")[0]
    try:
        if not comma:
            raise ValueError("there is no comma in it")
        encoded = unquote_to_bytes(data)
        content = b64decode(encoded, validate=True) if head.endswith(";base64") else encoded
    except ValueError as error:
        raise UserError(f"{url[:40]}…: is a damaged data: URL: {error}") from error
    if len(content) > limits.upload_bytes:
        most = limits.upload_bytes // MEGABYTE
        raise UserError(f"{url[:40]}…: is larger than {most} MB. Please choose a smaller file.")
    number = len(list(folder.iterdir())) + 1
    path = folder / f"file-{number}{guess_extension(kind) or ''}"
    path.write_bytes(content)
    return path


def _content(answer: Any) -> CombinationContent:
    """What a function answered, to read, to see and as structured content."""
    if isinstance(answer, Path):
        return _content_of_file(answer)
    pictures: Sequence[bytes] = ()
    if isinstance(answer, Pictured):
        answer, pictures = answer.answer, answer.pictures()
    told = answer if isinstance(answer, dict) else {"result": answer}
    shown = [_image(picture, "image/png") for picture in pictures]
    return [_text(told), *shown], told


def _content_of_file(path: Path) -> CombinationContent:
    data, text = path.read_bytes(), TEXTS.get(path.suffix)
    kind = text or guess_type(path.name)[0] or "application/octet-stream"
    told = SavedFile(
        name=path.name, mime_type=kind, size=len(data), text=data.decode() if text else ""
    )
    shown = [] if text else [_image(data, kind)]
    shutil.rmtree(path.parent, ignore_errors=True)  # the client has it now
    return [_text(told), *shown], dict(told)


def _text(told: Mapping[str, Any]) -> types.TextContent:
    return types.TextContent(type="text", text=json.dumps(told, ensure_ascii=False))


def _image(data: bytes, kind: str) -> types.ImageContent:
    return types.ImageContent(type="image", data=b64encode(data).decode(), mimeType=kind)


def _object(returns: Any) -> Schema:
    """The schema of an answer, in which what is no object is the `result` of one."""
    schema = schema_of(SavedFile if returns is Path else returns)
    if schema["type"] == "object":
        return schema
    properties = {"result": {**schema, "description": "the answer"}}
    return {"type": "object", "properties": properties, "required": ["result"]}


def told_by(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """What a docstring says of a function, and of each of its arguments."""
    what, _, arguments = (getdoc(function) or "").partition("\nArgs:\n")
    parts = re.split(r"^    (\w+): ", arguments, flags=re.MULTILINE)[1:]
    about = zip(parts[::2], parts[1::2], strict=True)
    return " ".join(what.split()), {name: " ".join(text.split()) for name, text in about}
