"""What one line of a journal holds. Append-only: new fields at the end, with defaults."""

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
