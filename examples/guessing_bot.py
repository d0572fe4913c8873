"""A bot that guesses drawings through MCP, as an assistant would.

    pip install ".[mcp]"
    python examples/guessing_bot.py duck.svg

It starts `multimodal mcp` on a pipe, asks the tool `guess` after every stroke of the drawing, and
says what it thinks. The protocol is a line of JSON for every message.
"""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import count
from typing import Any

from multimodal.strokes import read_drawings


class Bot:
    """A client of `multimodal mcp`."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.server = subprocess.Popen(
            ["multimodal", "mcp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        client = {"name": "guessing-bot", "version": "1"}
        self.ask("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=client)
        self.say({"method": "notifications/initialized"})

    def say(self, message: dict[str, Any]) -> None:
        """Send a message."""
        self.server.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.server.stdin.flush()

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a request, and wait for its answer."""
        number = next(self.numbers)
        self.say({"id": number, "method": method, "params": params})
        for line in self.server.stdout:
            answer = json.loads(line)
            if answer.get("id") == number:
                return answer["result"] if "result" in answer else sys.exit(answer["error"])
        sys.exit("the server has ended; is the mcp extra installed?")

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool; returns its structured content."""
        result = self.ask("tools/call", name=tool, arguments=arguments)
        if result.get("isError"):
            sys.exit(result["content"][0]["text"])
        return result["structuredContent"]


def main(path: str) -> None:
    """Say what a drawing looks like after each of its strokes."""
    strokes = [stroke.tolist() for stroke in read_drawings(path)[0].drawing.strokes]
    bot = Bot()
    for drawn in range(1, len(strokes) + 1):
        guess = bot.call("guess", drawing=strokes[:drawn], top=1)
        print(f"{drawn} strokes: {guess['category']} ({guess['probability']:.0%})", flush=True)
    bot.server.stdin.close()


if __name__ == "__main__":
    main(sys.argv[1])
