"""What was journaled once can be read for ever: the bytes of every type are held to a file."""

import json
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
import pytest

from openvenue.engine.commands import Command
from openvenue.engine.events import Event
from openvenue.journal.records import VENUE, Entry
from openvenue.journal.segments import (
    HEADER_BYTES,
    Segment,
    decode_group,
    encode_group,
    encode_header,
    group_at,
    has_header,
)
from tests.unit.journal.samples import COMMANDS, ENTRY, EVENTS, encoded

GOLDEN: Final = Path(__file__).parent / "golden"
FILES: Final = sorted(GOLDEN.glob("*.json"))  # one for each time that fields were added
ID: Final = bytes(range(16))


def golden(path: Path) -> dict[str, str]:
    """The content of a golden file."""
    return json.loads(path.read_text())  # type: ignore[no-any-return]


def test_there_is_a_sample_of_every_command_and_event() -> None:
    """A type without one could change its encoding without anybody noticing."""
    assert {type(sample) for sample in COMMANDS} == set(get_args(Command))
    assert {type(sample) for sample in EVENTS} == set(get_args(Event))


@pytest.mark.parametrize("sample", [*COMMANDS, *EVENTS, ENTRY], ids=lambda s: type(s).__name__)
def test_a_sample_says_something_in_every_field(sample: Any) -> None:
    """A field left at its default might be encoded wrongly, and the bytes would not show it."""
    for field in msgspec.structs.fields(sample):
        assert getattr(sample, field.name) != field.default, field.name


def test_everything_is_encoded_as_the_newest_golden_file_says() -> None:
    """If this fails, old journals may not be readable: see the docstring of `samples`."""
    assert encoded() == golden(FILES[-1])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_any_golden_file_holds_can_still_be_read(path: Path) -> None:
    """Fields are only ever appended, with defaults, so old bytes stay good."""
    commands = {kind.__name__ for kind in get_args(Command)}
    for name, digits in golden(path).items():
        kind: Any = Entry if name == "Entry" else Command if name in commands else Event

        value = msgspec.msgpack.decode(bytes.fromhex(digits), type=kind)

        assert type(value).__name__ == name


def test_samples_come_back_as_they_were() -> None:
    """Digits of a Decimal, signs and non-ASCII names included."""
    for sample, kind in [*((c, Command) for c in COMMANDS), *((e, Event) for e in EVENTS)]:
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(sample), type=kind) == sample


def test_the_bytes_of_a_segment_are_those_of_format_1() -> None:
    """Header and group, byte for byte: other programs may read them by docs/journal.md."""
    header = encode_header(ID, 5)
    group = bytes(encode_group([ENTRY], ID))

    assert header.hex() == (
        "4f56454e55450d0a01000000000102030405060708090a0b0c0d0e0f05000000000000009ad5736b"
    ).ljust(2 * HEADER_BYTES, "0")
    assert group[:24].hex() == "f64f564751000000dbdae591010000000500000000000000"
    assert group[24:].hex() == "91" + golden(FILES[-1])["Entry"]


def test_a_group_is_read_back_whole() -> None:
    """The counterpart of the test above."""
    data = encode_header(ID, 5) + bytes(encode_group([ENTRY], ID))

    found = group_at(data, HEADER_BYTES, ID)

    assert has_header(data, ID, Segment(Path("any"), 5))
    assert found is not None
    assert found.end == len(data)
    assert decode_group(data, found, VENUE) == [ENTRY]
