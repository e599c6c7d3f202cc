"""Which form of the engine runs: compiled to machine code, or plain Python.

Both are made from the same source and answer the same; they differ in speed alone.
"""

from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import version
from importlib.util import find_spec
from typing import Final

ENGINE: Final = "openvenue.engine.units"  # any module that is compiled tells for all


def is_compiled() -> bool:
    """Whether the engine that this process imports is machine code."""
    spec = find_spec(ENGINE)
    origin = spec.origin if spec is not None else None
    return origin is not None and origin.endswith(tuple(EXTENSION_SUFFIXES))


def engine_form() -> str:
    """The word for the engine's form: `compiled` or `plain`."""
    return "compiled" if is_compiled() else "plain"


def describe() -> str:
    """One line for people: name, version and form of the engine."""
    return f"openvenue {version('openvenue')} ({engine_form()} engine)"
