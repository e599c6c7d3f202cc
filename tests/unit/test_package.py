"""The package as users meet it: its face, its version, and which form of the engine runs."""

import subprocess
import sys
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import version
from importlib.resources import files
from inspect import getmembers, isclass
from pkgutil import walk_packages

from msgspec import Struct

import openvenue
import openvenue.engine
import openvenue.engine.units


def test_every_name_on_the_face_can_be_imported() -> None:
    """`__all__` is a promise to users."""
    assert [name for name in openvenue.__all__ if not hasattr(openvenue, name)] == []


def test_the_package_says_which_form_of_the_engine_runs() -> None:
    """A measurement means nothing without it."""
    loaded = openvenue.engine.units.__file__
    assert loaded is not None

    assert openvenue.is_compiled() == loaded.endswith(tuple(EXTENSION_SUFFIXES))
    assert openvenue.engine_form() == ("compiled" if openvenue.is_compiled() else "plain")
    assert (
        openvenue.describe()
        == f"openvenue {version('openvenue')} ({openvenue.engine_form()} engine)"
    )


def test_the_package_tells_type_checkers_that_it_is_typed() -> None:
    """Without the marker our types end at our door."""
    assert files("openvenue").joinpath("py.typed").is_file()


def test_importing_the_package_starts_no_work() -> None:
    """A test suite that imports us pays for no event loop, no web server and no client library."""
    heavy = ["asyncio", "uvloop", "picows", "typer", "ccxt"]
    script = f"import sys, openvenue; print([m for m in {heavy} if m in sys.modules])"

    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"


def test_no_module_that_declares_structs_is_compiled() -> None:
    """The compiler drops their keywords: the journal of a compiled venue would read otherwise."""
    engine = [
        import_module(found.name)
        for found in walk_packages(openvenue.engine.__path__, "openvenue.engine.")
        if not found.ispkg
    ]
    declaring = [
        module
        for module in engine
        for _, member in getmembers(module, isclass)
        if issubclass(member, Struct) and member.__module__ == module.__name__
    ]

    assert declaring
    assert [m.__name__ for m in declaring if not str(m.__file__).endswith(".py")] == []
