"""What a venue and the process that keeps its index say to each other, as bytes on a socket.

A message is a head and a pickle. Both ends are the same program, and nobody else holds the socket.
"""

import pickle
from struct import Struct
from typing import Any, Final, NamedTuple

_HEAD: Final = Struct("<QI")  # number, bytes that follow
# The number of a message that nobody answers. To the process: how far the journal may be read. From
# it: its last words.
NUDGE: Final = 0


class Message(NamedTuple):
    """A question (`Question`) and its answer (`Answer`) carry the same number."""

    number: int
    content: bytes


class Answer(NamedTuple):
    """What came of a question."""

    error: Exception | None
    value: Any


def encode(number: int, content: Any) -> bytes:
    """One message. Raises: pickle.PicklingError and the like."""
    data = pickle.dumps(content, pickle.HIGHEST_PROTOCOL)
    return _HEAD.pack(number, len(data)) + data


def decode(message: Message) -> Any:
    """What a message holds."""
    return pickle.loads(message.content)


class Inbox:
    """Bytes in, whole messages out."""

    def __init__(self) -> None:
        self._data = bytearray()

    def take(self, data: bytes) -> list[Message]:
        """The messages that `data` completes."""
        self._data += data
        found: list[Message] = []
        start = 0
        while start + _HEAD.size <= len(self._data):
            number, size = _HEAD.unpack_from(self._data, start)
            end = start + _HEAD.size + size
            if end > len(self._data):
                break
            found.append(Message(number, bytes(self._data[start + _HEAD.size : end])))
            start = end
        del self._data[:start]
        return found
