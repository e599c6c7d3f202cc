"""Faults from a file: `[[fault]]` tables of TOML, one per fault."""

import tomllib
from pathlib import Path

import msgspec
from msgspec import Struct

from openvenue.faults.fault import Fault, FaultError, check


class FaultFile(Struct, frozen=True, forbid_unknown_fields=True):
    """What such a file holds."""

    fault: tuple[Fault, ...] = ()


def load_faults(path: Path) -> tuple[Fault, ...]:
    """The faults of a file, each of which makes sense. Raises: FaultError: one plain sentence."""
    try:
        return parse_faults(path.read_text("utf-8"), str(path))
    except OSError as error:
        raise FaultError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise FaultError(f"{path} is not UTF-8 text.") from error


def parse_faults(text: str, name: str) -> tuple[Fault, ...]:
    """The faults that `text` describes; `name` is what messages call it. Raises: FaultError."""
    try:
        faults = msgspec.convert(tomllib.loads(text), FaultFile, strict=True).fault
    except tomllib.TOMLDecodeError as error:
        raise FaultError(f"{name} is not TOML: {error}.") from error
    except msgspec.ValidationError as error:
        what, at, where = str(error).partition(" - at `$.")
        place = f"{where.rstrip('`')}: " if at else ""
        raise FaultError(f"{name}: {place}{what}.") from error
    for number, fault in enumerate(faults):
        try:
            check(fault)
        except FaultError as error:
            raise FaultError(f"{name}: fault[{number}]: {error}.") from error
    return faults
