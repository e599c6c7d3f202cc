"""The client that crashes are tested with: it stops when it is told to, and says what it lacked."""

import asyncio
from unittest.mock import Mock

import pytest

from tests.e2e import door_scene
from tests.e2e.door_scene import Wire


@pytest.mark.parametrize("turns", range(6))
async def test_a_client_stops_even_as_its_answer_comes(turns: int) -> None:
    """Otherwise it would go on alone, and hide why the others stopped."""
    reader = asyncio.StreamReader()
    waiting = asyncio.create_task(Wire(reader, Mock()).frame())
    await asyncio.sleep(0)
    reader.feed_data(b"\x81\x02{}")
    for _ in range(turns):
        await asyncio.sleep(0)

    if waiting.cancel():
        with pytest.raises(asyncio.CancelledError):
            await waiting
    else:
        assert turns and await waiting == (1, b"{}")


async def test_a_client_says_what_it_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only that it was too long."""
    monkeypatch.setattr(door_scene, "PATIENCE_S", 0.01)
    wire = Wire(asyncio.StreamReader(), Mock()).send(b"GET /slow HTTP/1.1\r\n\r\n")

    with pytest.raises(TimeoutError, match=r"no answer within 0.01 s after b'GET /slow HTTP/1.1'"):
        await wire.reply()
