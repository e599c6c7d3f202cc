"""The text that a client signed: its own JSON, sorted and packed again, every digit as it was sent.

Source: Pacifica, "Signing", implementation: keys of every object are sorted by code point, lists
keep their order, nothing stands between tokens.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn

DEPTH_MAX: Final = 16  # of objects and lists in each other; orders need three


class Number(str):
    """A number of JSON, kept as the digits it was written with."""

    __slots__ = ()


def parse(data: bytes) -> dict[str, Any] | None:
    """The object that `data` holds, its numbers as `Number`; None if it holds none."""
    try:
        found = json.loads(data, parse_int=Number, parse_float=Number, parse_constant=_refuse)
        return found if isinstance(found, dict) and _is_flat(found, DEPTH_MAX) else None
    except (ValueError, RecursionError):
        return None


def packed(value: object, *, escape: bool) -> str:
    """`value` as it is signed. `escape`: letters beyond ASCII as Python's clients write them."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, Mapping):
        pairs = (
            f"{json.dumps(name, ensure_ascii=escape)}:{packed(value[name], escape=escape)}"
            for name in sorted(value)
        )
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(packed(item, escape=escape) for item in value) + "]"
    return json.dumps(value, ensure_ascii=escape)


def without_nulls(value: Any) -> Any:
    """`value` without members that are null, at any depth: some clients sign none of those."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return value


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _is_flat(value: object, levels: int) -> bool:
    """Whether nothing is nested deeper than `levels`."""
    if isinstance(value, dict):
        return levels > 0 and all(_is_flat(item, levels - 1) for item in value.values())
    if isinstance(value, list):
        return levels > 0 and all(_is_flat(item, levels - 1) for item in value)
    return True
