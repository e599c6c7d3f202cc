"""A wire that can be cut: what goes through it goes to one port, until somebody cuts it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class CutWire:
    """Forwards connections. Made by `cut_wire`."""

    def __init__(self, port: int) -> None:
        self._there = port
        self._is_cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.accepted = 0

    def cut(self) -> None:
        """Everybody loses the connection at once, and nobody gets a new one."""
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        """New connections go through again."""
        self._is_cut = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        if self._is_cut:
            writer.transport.abort()
            return
        self.accepted += 1
        there, back = await asyncio.open_connection("127.0.0.1", self._there)
        self._writers |= {writer, back}
        try:
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
        finally:
            for each in (writer, back):
                self._writers.discard(each)
                each.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.transport.abort()


@asynccontextmanager
async def cut_wire(port: int) -> AsyncIterator[CutWire]:
    """A wire to `port` of this machine."""
    wire = CutWire(port)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        wire.cut()
        server.close()
        await server.wait_closed()
