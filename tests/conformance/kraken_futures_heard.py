"""What clients are told in all conversations together, for tests of words and shapes."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any, Final

from tests.conformance.test_kraken_futures import TRANSCRIPTS
from tests.conformance.transcript import SOCKET, Player

Heard = list[tuple[str, Any]]  # by path
PART: Final = re.compile(r"\w+|\*|\[\]")


@cache
def heard() -> Heard:
    """All that is answered and all that is heard, conversation by conversation."""

    async def play() -> Heard:
        told: Heard = []
        for path in TRANSCRIPTS:
            player = Player(path)
            with suppress(AssertionError):  # its own test tells of that
                await player.play()
            told += player.heard
        return told

    return asyncio.run(play())


def objects(told: Any) -> Iterator[dict[str, Any]]:
    """Every object in an answer, however deep."""
    if isinstance(told, dict):
        yield told
        for value in told.values():
            yield from objects(value)
    elif isinstance(told, list):
        for value in told:
            yield from objects(value)


def at(told: Any, place: str) -> Iterator[dict[str, Any]]:
    """The objects at a place such as `orders[].order` or `currencies.*`."""
    found = [told]
    for part in PART.findall(place):
        if part == "[]":
            found = [it for each in found if isinstance(each, list) for it in each]
        elif part == "*":
            found = [it for each in found if isinstance(each, dict) for it in each.values()]
        else:
            found = [each[part] for each in found if isinstance(each, dict) and part in each]
    yield from (it for it in found if isinstance(it, dict))


def answers(endpoint: str) -> Iterator[Any]:
    """What was told at paths that end so, or in messages of `ws FEED`."""
    if endpoint.startswith("ws "):
        for path, told in heard():
            if path == SOCKET and told.get("feed") == endpoint[3:] and "event" not in told:
                yield told
        return
    pattern = re.compile(f".*{endpoint}/?")
    for path, told in heard():
        if path != SOCKET and pattern.fullmatch(path):
            yield told
