"""The endpoints as MCP tools, asked by the official client, over HTTP and over pipes."""

import base64
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Annotated, TypedDict

import anyio
import numpy as np
import pytest
from PIL import Image

from demo.models import shipped
from pipelines.caption.inputs import sample_pictures

pytest.importorskip("mcp", reason="the mcp extra is not installed")

LION = next(path for path in sample_pictures() if path.name == "lion.jpg")
HOUSE = [[[100, 300], [100, 500], [400, 500], [400, 300]], [[80, 310], [250, 150], [420, 310]]]
ROOT = Path(__file__).parents[2]


def data_url(data: bytes, kind: str = "image/jpeg") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


PHOTO = data_url(LION.read_bytes())

CALLS = {
    "caption": {"photo": PHOTO, "beam_size": 2, "sentences": 1},
    "caption_many": {"files": [PHOTO, data_url(b"no picture", "image/png")]},
    "draw": {"prompt": "a duck", "count": 2, "seed": 7},
    "more_like": {"drawing": HOUSE, "category": "house", "count": 1, "seed": 1},
    "save_drawing": {"drawing": HOUSE, "ending": ".svg"},
    "guess": {"drawing": HOUSE, "top": 3},
    "complete": {"drawing": HOUSE, "category": "a house", "count": 1, "seed": 1},
    "morph": {"first": "an apple", "last": "a pineapple", "steps": 3, "seed": 2},
    "read_handwriting": {"drawing": HOUSE},
    "postcard": {"photo": PHOTO},
    "mood": {"sentence": "A warm and funny film."},
    "write": {"model": "babble", "prompt": "a", "length": 50, "seed": 1},
    "handwrite": {"text": "hi", "style": 1, "bias": 0.5, "seed": 1},
    "translate": {"sentence": "a dog runs on the beach", "language": "de"},
    "models": {},
}
PICTURES = {"draw": 1, "more_like": 1, "complete": 1, "morph": 1, "postcard": 1}


def in_a_thread(work):
    """What a coroutine function gives; a browser of other tests may keep a loop in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, work).result()


def asked(connect, *calls):
    """What a client's session tells: all tools, and the answers to some calls."""
    from mcp import ClientSession

    async def ask():
        async with connect() as (reading, writing, *_), ClientSession(reading, writing) as session:
            await session.initialize()
            tools = (await session.list_tools()).tools
            return tools, [await session.call_tool(name, given) for name, given in calls]

    return in_a_thread(ask)


def over_http(address: str, *calls):
    import httpx
    from mcp.client.streamable_http import streamable_http_client

    @asynccontextmanager
    async def connected():
        async with (
            httpx.AsyncClient(timeout=300) as web,  # a busy machine answers slowly
            streamable_http_client(f"{address}gradio_api/mcp/", http_client=web) as streams,
        ):
            yield streams

    return asked(connected, *calls)


def over_pipes(*calls):
    from mcp import StdioServerParameters
    from mcp.client.stdio import stdio_client

    command = StdioServerParameters(
        command=sys.executable, args=["-m", "demo.cli", "mcp"], cwd=ROOT
    )
    return asked(lambda: stdio_client(command), *calls)


def told(answer) -> dict:
    """The structured content, which the text has too."""
    assert not answer.isError, answer.content
    assert json.loads(answer.content[0].text) == answer.structuredContent
    return answer.structuredContent


def pictures(answer) -> list[Image.Image]:
    return [
        Image.open(BytesIO(base64.b64decode(content.data)))
        for content in answer.content
        if content.type == "image"
    ]


def error(answer) -> str:
    assert answer.isError
    (content,) = answer.content
    return content.text


@pytest.fixture(scope="module")
def answers(address):
    """Of every tool, over HTTP; the client holds each against the tool's own schema."""
    names = [name for name in CALLS if name != "postcard" or "writer-unipen" in shipped()]
    tools, found = over_http(address, *((name, CALLS[name]) for name in names))
    return {tool.name: tool for tool in tools}, dict(zip(names, found, strict=True))


def test_every_tool_answers_with_json_that_fits_its_schema(answers):
    tools, found = answers
    assert set(tools) <= set(CALLS)
    assert set(found) == set(tools)
    for answer in found.values():
        told(answer)


def test_answers_are_those_of_the_models(answers):
    import multimodal
    from multimodal.strokes import from_points

    _, found = answers
    caption = multimodal.load_captioner().caption(LION, beam_size=2, n_best=1)
    assert told(found["caption"])["caption"] == caption.text
    rows = told(found["caption_many"])["result"]
    assert "lion" in rows[0]["caption"]
    assert rows[1]["error"].startswith("is not a picture")
    guess = multimodal.load_recognizer().predict(from_points(HOUSE), 3)
    assert told(found["guess"])["category"] == guess.label
    assert len(told(found["complete"])["drawings"][0]) > len(HOUSE)
    assert told(found["save_drawing"])["text"].startswith("<svg")


def test_drawings_and_cards_are_seen(answers):
    _, found = answers
    for name, answer in found.items():
        shown = pictures(answer)
        assert len(shown) == PICTURES.get(name, 0)
        for picture in shown:
            assert picture.format == "PNG"
            assert len(picture.convert("RGB").getcolors(2**24)) > 1  # there is something on it


def fields(schema: dict):
    """All fields of a schema, with their names."""
    for name, field in schema.get("properties", {}).items():
        yield name, field
        yield from fields(field)
    if "items" in schema:
        yield from fields(schema["items"])


def test_every_field_says_what_it_is(answers):
    tools, _ = answers
    for tool in tools.values():
        assert tool.description.endswith(".")
        for name, field in [*fields(tool.inputSchema), *fields(tool.outputSchema)]:
            assert field.get("description"), f"{tool.name}: {name}"
    drawing = tools["read_handwriting"].inputSchema["properties"]["drawing"]
    assert drawing["description"].endswith("any unit, y downwards.")  # the docstring's second line
    count = tools["draw"].inputSchema["properties"]["count"]
    assert (count["type"], count["minimum"], count["maximum"]) == ("integer", 1, 24)
    assert tools["draw"].inputSchema["required"] == ["prompt"]


def test_errors_are_errors_of_the_protocol_and_name_the_argument(address):
    _, found = over_http(
        address,
        ("draw", {"prompt": "a duck", "count": 99}),
        ("draw", {}),
        ("draw", {"prompt": "a duck", "colour": "red"}),
        ("draw", {"prompt": "zzzz"}),
        ("caption", {"photo": "https://example.invalid/a.jpg"}),
        ("caption", {"photo": str(LION)}),
        ("caption", {"photo": "data:image/png;base64,###"}),
        ("caption", {"photo": data_url(b"no picture", "image/png")}),
        ("paint", {}),
        ("guess", {"drawing": []}),
    )
    expected = [
        "draw: count: 99 is greater than the maximum of 24",
        "draw: 'prompt' is a required property",
        "'colour' was unexpected",
        "zzzz",
        "fetches nothing from the network",
        "fetches nothing from the network",  # nor does it open files of the server
        "is a damaged data: URL",
        "cannot be used: it is not a picture",
        "There is no tool 'paint' here",
        "no stroke to guess from",
    ]
    for answer, text in zip(found, expected, strict=True):
        assert text in error(answer)


def test_a_photo_of_several_megabytes_fits(address):
    noise = np.random.default_rng(1).integers(0, 256, (1200, 1200, 3), np.uint8)
    file = BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    assert len(file.getvalue()) > 2**22  # the protocol's library takes 4 MiB unless it is told more
    photo = data_url(file.getvalue(), "image/png")
    _, (answer,) = over_http(address, ("caption", {"photo": photo, "beam_size": 1, "sentences": 1}))
    assert told(answer)["caption"]


def test_another_name_of_this_machine_is_refused(address):
    import httpx

    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    kinds = {"Accept": "application/json, text/event-stream"}
    place = f"{address}gradio_api/mcp"
    assert httpx.post(place, json=asked, headers=kinds, timeout=60).status_code == 200
    strange = {**kinds, "Host": "attacker.example"}
    assert httpx.post(place, json=asked, headers=strange, timeout=60).status_code == 421


def test_over_pipes_files_are_given_by_their_paths():
    _, (caption, saved, missing) = over_pipes(
        ("caption", {"photo": str(LION), "beam_size": 2, "sentences": 1}),
        ("save_drawing", {"drawing": HOUSE, "ending": ".gif"}),
        ("caption", {"photo": str(LION.with_name("gone.jpg"))}),
    )
    assert "lion" in told(caption)["caption"]
    assert told(saved)["mime_type"] == "image/gif"
    assert [picture.format for picture in pictures(saved)] == ["GIF"]
    assert error(missing).endswith("gone.jpg: there is no such file on this machine.")


def test_strangers_have_no_tools():
    import httpx

    from demo.shared import Shared
    from demo.tool_server import ToolsBesideThePage

    async def statuses():
        app = ToolsBesideThePage(Shared(), [("anna", "a:b")], loopback=False)
        asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        kinds = {"Accept": "application/json, text/event-stream"}
        transport = httpx.ASGITransport(app)
        async with (
            app.app_options()["lifespan"](None),
            httpx.AsyncClient(transport=transport, base_url="http://page") as web,
        ):
            for who in (None, ("anna", "no"), ("bert", "a:b"), ("anna", "a:b")):
                answer = await web.post("/", json=asked, headers=kinds, auth=who)
                yield answer.status_code

    async def collected():
        return [status async for status in statuses()]

    assert in_a_thread(collected) == [401, 401, 401, 200]


def test_types_become_schemas():
    from demo.schemas import schema_of

    class Word(TypedDict):
        word: Annotated[str, "as it stands"]
        odds: float | None

    assert schema_of(dict[str, int]) == {
        "type": "object",
        "additionalProperties": {"type": "integer"},
    }
    assert schema_of(list[Word]) == {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "word": {"type": "string", "description": "as it stands"},
                "odds": {"anyOf": [{"type": "number"}, {"type": "null"}]},
            },
            "required": ["word", "odds"],
        },
    }
    with pytest.raises(TypeError, match="has no JSON schema here"):
        schema_of(set[int])
