"""Compiles the engine and the order path with mypyc where a C compiler is found.

Where there is none it says so, and goes on.

The environment variable OPENVENUE_COMPILE chooses: `auto` (the default), `no` (plain Python, for
development: a compiled module beside its source would hide every later edit), or `require` (fail
rather than go on plain).
"""

import os
import re
import sys
from pathlib import Path
from typing import Final

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CCompilerError, ExecError, PlatformError

PACKAGE: Final = Path("src/openvenue")
ENGINE: Final = PACKAGE / "engine"

# Modules that declare msgspec Structs stay plain. Structs are C already, and mypyc would build them
# without their keywords (frozen, array_like, tag) and with bare lists for typed ones: they would
# look the same, and be written to the journal in another way.
DECLARES_STRUCTS: Final = re.compile(r"^class \w+\(.*\bStruct\b", re.MULTILINE)

# The order path outside the engine. What these import is not compiled with them and need not be
# there when they are: types of other packages are then unknown, which changes nothing at run time.
ALSO: Final = (
    "exchange/clock.py",
    "exchange/engine_machine.py",
    "exchange/exchange.py",
    "exchange/feed.py",
    "exchange/ticket.py",
    "exchange/writer.py",
    "gateways/histogram.py",
    "gateways/http.py",
    "gateways/metrics.py",
    "gateways/numbers.py",
    "gateways/replies.py",
    "gateways/request_log.py",
    "gateways/request_reader.py",
    "gateways/serve.py",
    "gateways/kraken_futures/arguments.py",
    "gateways/kraken_futures/auth.py",
    "gateways/kraken_futures/books.py",
    "gateways/kraken_futures/decode.py",
    "gateways/kraken_futures/desk.py",
    "gateways/kraken_futures/encode.py",
    "gateways/kraken_futures/feeds.py",
    "gateways/kraken_futures/ids.py",
    "gateways/kraken_futures/listing.py",
    "gateways/kraken_futures/private.py",
    "gateways/kraken_futures/rest.py",
    "gateways/kraken_futures/story.py",
    "gateways/kraken_futures/times.py",
    "journal/files.py",
)
LENIENT: Final = (
    "--follow-imports=silent",
    "--ignore-missing-imports",
    "--allow-subclassing-any",
    "--allow-untyped-calls",
    "--allow-untyped-decorators",
    "--no-warn-return-any",
    "--no-warn-unused-ignores",
)

MODES: Final = ("auto", "no", "require")


def modules() -> list[str]:
    """The source files to compile, in a stable order."""
    engine = [ENGINE, ENGINE / "rules", ENGINE / "evolve"]
    found = [path for folder in engine for path in folder.glob("*.py") if path.stem != "__init__"]
    hot = [path for path in found if not DECLARES_STRUCTS.search(path.read_text())]
    return [*sorted(str(path) for path in hot), *(str(PACKAGE / name) for name in ALSO)]


def extensions(mode: str) -> list[Extension]:
    """The extension modules to build; none when plain Python is asked for.

    A type error found here is a fault of ours, not of the machine, and stops the build.
    """
    only_describes = {"egg_info", "dist_info"} & set(sys.argv)  # pip asks twice before it builds
    if mode == "no" or only_describes:
        return []
    from mypyc.build import mypycify  # plain builds do without

    built = mypycify([*LENIENT, *modules()], group_name="openvenue", opt_level="3")
    return [extension for extension in built if isinstance(extension, Extension)]


class BuildOrGoPlain(build_ext):
    """Builds all extensions or none: half of a compiled group could not be imported."""

    mode = "auto"

    def run(self) -> None:
        """Build; on a missing or failing compiler say so, and leave plain Python to be installed.

        Raises: the compiler's error, when compiling is required.
        """
        try:
            super().run()
        except (CCompilerError, ExecError, PlatformError, OSError) as error:
            if self.mode == "require":
                raise
            self._discard()
            print(f"openvenue: the engine runs as plain Python (not compiled: {error})")

    def _discard(self) -> None:
        for extension in self.extensions:
            built = Path(self.get_ext_fullpath(extension.name))
            built.unlink(missing_ok=True)
        self.extensions = []


def main() -> None:
    """Read the mode, then build."""
    mode = os.environ.get("OPENVENUE_COMPILE", "auto")
    if mode not in MODES:
        sys.exit(f"OPENVENUE_COMPILE must be one of {', '.join(MODES)}, not {mode!r}")
    BuildOrGoPlain.mode = mode
    setup(ext_modules=extensions(mode), cmdclass={"build_ext": BuildOrGoPlain})


main()
