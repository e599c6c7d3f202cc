"""The process that keeps the index of one venue beside it.

`python -m openvenue.history.worker DIRECTORY SOCKET RECOVERED PARENT` reads the venue's journal as
far as it is told on the socket, answers questions there, and ends when the socket does.
"""

import fcntl
import os
import select
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from openvenue.history.index import Index
from openvenue.history.messages import NUDGE, Answer, Inbox, Message, decode, encode
from openvenue.history.port import HistoryUnavailable
from openvenue.journal.records import VENUE, Entry
from openvenue.journal.tail import Tail

FILE: Final = "history.sqlite"
LOCK_FILE: Final = "history.lock"
QUIET_SECONDS: Final = 0.05  # without an entry: time to commit
READ_BYTES: Final = 2**16


class Orphaned(Exception):
    """The venue's process is gone: another one may be waiting for the file."""


class Worker:
    """One venue's index, its journal and its venue."""

    def __init__(self, directory: Path, line: socket.socket, recovered: int, parent: int) -> None:
        self._line = line
        self._parent = parent
        self._tail = Tail(directory, VENUE)
        self._index = Index(directory / FILE, self._read, recovered)
        self._inbox = Inbox()

    def run(self) -> None:
        """Until the venue closes the socket. Raises: Orphaned; JournalError; sqlite3.Error."""
        while True:
            wait = QUIET_SECONDS if self._index.is_dirty else None
            if not select.select([self._line], [], [], wait)[0]:
                self._index.commit()
                continue
            data = self._line.recv(READ_BYTES)
            if not data:
                self._index.close()
                return
            for message in self._inbox.take(data):
                self._do(message)

    def _do(self, message: Message) -> None:
        if message.number == NUDGE:
            self._index.catch_up(decode(message))
            return
        question = decode(message)
        self._index.catch_up(question.seq)
        try:
            answer = Answer(None, question.function(self._index, *question.arguments))
        except Exception as error:  # noqa: BLE001
            answer = Answer(error, None)  # its own fault: raised where it was asked
        try:
            data = encode(message.number, answer)
        except Exception as error:  # noqa: BLE001
            why = f"the answer cannot be passed on: {error!r} ({answer.error!r})"
            data = encode(message.number, Answer(HistoryUnavailable(why), None))
        self._line.sendall(data)

    def _read(self, after: int, until: int) -> Iterator[list[Entry]]:
        for group in self._tail.replay(after, until):
            if os.getppid() != self._parent:
                raise Orphaned
            yield group


def main(arguments: list[str]) -> int:
    """Serve until the socket closes. Exit status 1 after one sentence there."""
    directory, line, recovered, parent = arguments
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the venue says when to end, not the terminal
    with socket.socket(fileno=int(line)) as connection:
        lock = os.open(Path(directory) / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # The process that kept it for a venue that was killed may need a moment to notice.
            fcntl.flock(lock, fcntl.LOCK_EX)
            Worker(Path(directory), connection, int(recovered), int(parent)).run()
        except (Orphaned, ConnectionError):
            return 0
        except Exception as error:  # noqa: BLE001
            # The index is a convenience: without it the venue trades on, and who asks is told.
            connection.sendall(encode(NUDGE, f"{type(error).__name__}: {error}"))
            return 1
        finally:
            os.close(lock)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
