"""One line of the desk's journal. Append-only: new fields at the end, with defaults."""

from typing import Final

import msgspec
from msgspec import Struct

from openvenue.ems.commands import Command
from openvenue.ems.events import Event
from openvenue.engine.units import Nanos
from openvenue.journal.records import Kind


class Entry(Struct, frozen=True, array_like=True):
    """What was asked of the desk, when, by whom, and what it caused."""

    seq: int  # from 1, without gaps
    time: Nanos  # the machine's
    by: str  # "client", "desk"; never a key: keys of this API are secrets
    command: Command
    events: tuple[Event, ...]


EMS: Final = Kind("ems", msgspec.msgpack.Decoder(list[Entry]))
