"""An index in a process of its own, which reads the journal: the order path pays nothing for it."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import structlog

from openvenue.exchange.port import Outcome
from openvenue.history.host import Question
from openvenue.history.messages import NUDGE, Inbox, Message, decode, encode
from openvenue.history.port import HistoryUnavailable

log = structlog.get_logger(__name__)

NUDGE_SECONDS: Final = 0.02  # after an entry: the index need not be told of each
READ_BYTES: Final = 2**20
LARGE_BYTES: Final = 2**16  # an answer that is unpacked in a thread
AGAIN_SECONDS: Final = 1.0  # a process that fails is not started more often
CLOSE_SECONDS: Final = 20.0


class ProcessHost:
    """Tells the process how far the journal may be read, and passes questions on.

    A process that ends unasked is started again by the next question: all it knew is in its file
    and in the journal.
    """

    def __init__(self, name: str, directory: Path, recovered_seq: int, seq: int) -> None:
        """Of a venue whose journal in `directory` was found at `recovered_seq`, and is at `seq`."""
        self._name = name
        self._directory = directory
        self._seq = seq
        self._loop = asyncio.get_running_loop()
        self._worker: _Worker | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._started = 0.0
        self._why = "it has not been started"
        self._start(recovered_seq)
        self._nudge()

    def hear(self, outcomes: Sequence[Outcome]) -> None:
        """See `Host`."""
        self._seq = outcomes[-1].entry.seq
        if self._alarm is None:
            self._alarm = self._loop.call_later(NUDGE_SECONDS, self._nudge)

    async def ask(self, question: Question) -> Any:
        """See `Host`."""
        worker = self._worker
        if worker is None:
            if time.monotonic() - self._started < AGAIN_SECONDS:
                raise HistoryUnavailable(f"history is not available: {self._why}")
            worker = self._start(self._seq)
        return await worker.ask(question)

    async def close(self) -> None:
        """See `Host`."""
        if self._alarm is not None:
            self._alarm.cancel()
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.nudge(self._seq)
            await worker.close()

    def _start(self, recovered_seq: int) -> "_Worker":
        self._started = time.monotonic()
        try:
            self._worker = _Worker(self._directory, recovered_seq, self._loop, self._ended)
        except OSError as error:  # no room for one more process
            self._why = str(error)
            raise HistoryUnavailable(f"history is not available: {error}") from error
        return self._worker

    def _ended(self, why: str) -> None:
        """The process is gone, and nobody asked it to go."""
        self._worker = None
        self._why = why
        log.error("history failed", venue=self._name, why=why)

    def _nudge(self) -> None:
        self._alarm = None
        if self._worker is not None:
            self._worker.nudge(self._seq)


class _Worker:
    """The process and our end of the socket to it."""

    def __init__(
        self, directory: Path, recovered_seq: int, loop: asyncio.AbstractEventLoop, ended: Any
    ) -> None:
        self._loop = loop
        self._ended = ended  # called once, with the reason, unless closed
        self._said = ""  # the process's last words
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._next = NUDGE + 1
        self._inbox = Inbox()
        self._unsent = bytearray()
        self._over: asyncio.Future[None] = loop.create_future()
        self._line, theirs = socket.socketpair()
        try:
            # Arguments are fixed but for paths and numbers of our own.
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "openvenue.history.worker",
                    *(str(it) for it in (directory, theirs.fileno(), recovered_seq, os.getpid())),
                ],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        except OSError:
            self._line.close()
            raise
        finally:
            theirs.close()
        self._line.setblocking(False)
        loop.add_reader(self._line, self._read)

    def nudge(self, seq: int) -> None:
        """Have entries up to `seq` folded in."""
        self._send(encode(NUDGE, seq))

    async def ask(self, question: Question) -> Any:
        """The answer. Raises: HistoryUnavailable; what the question raises."""
        number, self._next = self._next, self._next + 1
        future: asyncio.Future[Any] = self._loop.create_future()
        self._asked[number] = future
        self._send(encode(number, question))
        try:
            message = await future
        finally:
            self._asked.pop(number, None)
        if len(message.content) > LARGE_BYTES:
            answer = await asyncio.to_thread(decode, message)
        else:
            answer = decode(message)
        if answer.error is not None:
            raise answer.error
        return answer.value

    async def close(self) -> None:
        """Let the process finish, and wait for it."""
        self._ended = None
        while self._unsent and not self._over.done():
            await asyncio.wait([self._over], timeout=NUDGE_SECONDS)
        if not self._over.done():
            self._line.shutdown(socket.SHUT_WR)
        try:
            await asyncio.to_thread(self._process.wait, CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
        self._let_go("this venue is closed")

    def _send(self, data: bytes) -> None:
        """Now, or as soon as the socket takes it: what waits is a question each."""
        self._unsent += data
        if len(self._unsent) == len(data):
            self._write()

    def _write(self) -> None:
        if self._over.done():
            return
        try:
            sent = self._line.send(self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # the reader hears of the end
        del self._unsent[:sent]
        if self._unsent:
            self._loop.add_writer(self._line, self._write)
        else:
            self._loop.remove_writer(self._line)

    def _read(self) -> None:
        try:
            data = self._line.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            for message in self._inbox.take(data):
                self._answer(message)
        else:
            ended = self._ended
            why = self._said or "its process ended"
            self._let_go(why)
            if ended is not None:
                self._process.kill()  # a socket that is closed is not read again
                self._process.wait()
                ended(why)

    def _answer(self, message: Message) -> None:
        if message.number == NUDGE:
            self._said = decode(message)
            return
        future = self._asked.get(message.number)
        if future is not None and not future.done():  # else who asked has left
            future.set_result(message)

    def _let_go(self, why: str) -> None:
        if self._over.done():
            return
        self._over.set_result(None)
        self._loop.remove_reader(self._line)
        self._loop.remove_writer(self._line)
        self._line.close()
        for future in self._asked.values():
            if not future.done():
                future.set_exception(HistoryUnavailable(f"history is not available: {why}"))
