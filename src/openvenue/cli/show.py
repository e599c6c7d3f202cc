"""How entries of a journal are shown: as plain values for programs, as one line for people.

Numbers are the journal's own: prices in ticks, sizes in lots, money in atoms.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any, Final

from msgspec import Struct, structs

from openvenue.engine.instruments import Asset, Instrument
from openvenue.engine.orders import Order
from openvenue.journal.records import Entry

LINE_EVENTS: Final = 6  # shown of one entry; the rest is counted


def as_plain(value: Any) -> Any:
    """`value` as JSON has it: names instead of positions, the type's name where types vary."""
    match value:
        case Struct():
            named = {field: as_plain(getattr(value, field)) for field in value.__struct_fields__}
            is_one_of_many = value.__struct_config__.tag is not None
            return {"type": type(value).__name__, **named} if is_one_of_many else named
        case tuple() | list():
            return [as_plain(item) for item in value]
        case IntEnum():
            return value.name
        case Decimal():
            return str(value)
        case _:
            return value


def as_time(nanos: int) -> str:
    """A time in UTC, to the microsecond."""
    moment = datetime.fromtimestamp(nanos // 10**9, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{nanos % 10**9 // 1000:06d}"


def as_line(entry: Entry) -> str:
    """An entry on one line: when, through which door, what was asked, what came of it."""
    door = entry.envelope.gateway
    return as_text(entry.seq, entry.time, door, entry.command, entry.events)


def as_text(seq: int, time: int, door: str, command: Any, events: Sequence[Any]) -> str:
    """The same, of a line of any journal."""
    shown = [_short(event) for event in events[:LINE_EVENTS]]
    more = len(events) - LINE_EVENTS
    if more > 0:
        shown.append(f"and {more} more")
    answer = "; ".join(shown) or "nothing"
    line = f"{seq:>8}  {as_time(time)}  {door}  {_short(command)}  =>  {answer}"
    return printable(line)


def printable(text: str) -> str:
    """`text` without what a terminal would obey: clients choose some of the names in it."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def names_in(value: Any, field_end: str) -> Iterator[str]:
    """All texts below `value` in fields whose name ends so: "account" finds the maker's, too."""
    if isinstance(value, Struct):
        for field in value.__struct_fields__:
            inner = getattr(value, field)
            if isinstance(inner, str):
                if field.endswith(field_end):
                    yield inner
            else:
                yield from names_in(inner, field_end)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from names_in(item, field_end)


def _short(value: Any) -> str:
    """A command or an event: its type, and its fields that are not at their default."""
    words = [
        f"{field.name}={_word(getattr(value, field.name))}"
        for field in structs.fields(value)
        if getattr(value, field.name) != field.default
    ]
    return " ".join([type(value).__name__, *words])


def _word(value: Any) -> str:
    match value:
        case Order():
            price = "market" if value.limit_price is None else str(value.limit_price)
            name = "" if value.cl_ord_id is None else f" {value.cl_ord_id}"
            terms = f"{value.side.name} {value.quantity} {value.symbol} @ {price}"
            return f"[#{value.order_id}{name} {value.account} {terms} {value.time_in_force.name}]"
        case Instrument():
            return str(value.symbol)
        case Asset():
            return str(value.asset_id)
        case IntEnum():
            return value.name
        case tuple() if len(value) > LINE_EVENTS:
            return f"({len(value)} of them)"
        case tuple():
            return f"({', '.join(_word(item) for item in value)})"
        case Struct():
            return f"[{_short(value)}]"
        case _:
            return str(value)
