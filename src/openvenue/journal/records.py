"""What one line of a journal holds. Append-only: new fields at the end, with defaults.

A venue's journal holds `Entry`. Another machine's journal (the desk's) holds lines of its own: any
msgspec Struct with a sequence and a time, and the decoder that reads a group of them.
"""

from typing import Final, Generic, Protocol, TypeVar

import msgspec
from msgspec import Struct

from openvenue.engine.commands import Command
from openvenue.engine.events import Event
from openvenue.engine.units import Nanos


class Envelope(Struct, frozen=True, array_like=True, gc=False):
    """Who asked, through which door: journaled beside the command, never read by the engine."""

    gateway: str  # "kraken_futures", "crowd", "admin", "exchange" (its own timer)
    key_id: str = ""  # public part of the API key
    nonce: int = 0  # the key's nonce with this request; 0: none
    request_id: str = ""


class Entry(Struct, frozen=True, array_like=True):
    """One line of the journal: what was asked, when, by whom, and what it caused."""

    seq: int  # from 1, without gaps
    time: Nanos  # market time
    envelope: Envelope
    command: Command
    events: tuple[Event, ...]


class Line(Protocol):
    """What the files of a journal need to know of what they hold."""

    @property
    def seq(self) -> int:
        """From 1, without gaps."""

    @property
    def time(self) -> Nanos:
        """When it was taken."""


L = TypeVar("L", bound=Line)


class Kind(Generic[L]):
    """What a journal holds, as its format file names it, and what reads a group of it."""

    def __init__(self, holds: str, decoder: msgspec.msgpack.Decoder[list[L]]) -> None:
        self.holds = holds
        self.decoder = decoder


VENUE: Final = Kind("venue", msgspec.msgpack.Decoder(list[Entry]))
