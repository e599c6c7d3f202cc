"""What the desk journaled once can be read for ever: the bytes of every type are held to a file."""

import json
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
import pytest

from openvenue.ems.commands import Command
from openvenue.ems.engine import DECIDE
from openvenue.ems.events import Event
from openvenue.ems.evolve import EVOLVE
from openvenue.ems.records import Entry
from tests.unit.ems.samples import COMMANDS, ENTRY, EVENTS, encoded

FILES: Final = sorted((Path(__file__).parent / "golden").glob("*.json"))


def test_there_is_a_sample_and_a_row_for_every_command_and_event() -> None:
    """A type without one could change its bytes, or be forgotten, without anybody noticing."""
    assert {type(sample) for sample in COMMANDS} == set(get_args(Command)) == set(DECIDE)
    assert {type(sample) for sample in EVENTS} == set(get_args(Event)) == set(EVOLVE)


@pytest.mark.parametrize("sample", [*COMMANDS, *EVENTS, ENTRY], ids=lambda s: type(s).__name__)
def test_a_sample_says_something_in_every_field(sample: Any) -> None:
    """A field left at its default might be encoded wrongly, and the bytes would not show it."""
    for field in msgspec.structs.fields(sample):
        assert getattr(sample, field.name) != field.default, field.name


def test_everything_is_encoded_as_the_newest_golden_file_says() -> None:
    """If this fails, old journals may not be readable: see the docstring of `samples`."""
    assert encoded() == json.loads(FILES[-1].read_text())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_was_ever_written_is_read(path: Path) -> None:
    """Every golden file's bytes are understood, and mean what they meant."""
    written = {name: bytes.fromhex(text) for name, text in json.loads(path.read_text()).items()}

    for sample in [*COMMANDS, *EVENTS]:
        kind = Command if sample in COMMANDS else Event
        read = msgspec.msgpack.decode(written[type(sample).__name__], type=kind)
        assert read == sample
    assert msgspec.msgpack.decode(written["Entry"], type=Entry) == ENTRY
