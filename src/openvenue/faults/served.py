"""What a fault can be about: a name that nothing here answers to would never strike, and pass.

A rehearsal whose faults never struck looks like one that went well.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import product
from typing import Final

from msgspec import Struct

from openvenue.faults.exchange import KINDS
from openvenue.faults.fault import AT_VENUE, Fault, FaultError

PLACE: Final = re.compile(r"\{[^}]*\}")  # in a path: what names something
BEFORE_PLACE: Final = re.compile(r"([^/{}]+/(?:v\d+/)?)\{")
WORD: Final = re.compile(r"[\w%:.-]+")
FILLER: Final = "x"
WORDS_MAX: Final = 8  # of a pattern, to put in such places
SHOWN: Final = 5


class UnknownName(FaultError):
    """A fault about something that is not here; the message says what is."""


class Served(Struct, frozen=True):
    """What there is to strike."""

    paths: Mapping[str, Collection[str]]  # of each API, as its page writes them: "tickers/{symbol}"
    accounts: Collection[str]

    def check(self, fault: Fault) -> None:
        """Nothing, if `fault` can strike something. Raises: UnknownName."""
        for why in self._strangers(fault):
            raise UnknownName(why)

    def _strangers(self, it: Fault) -> Iterator[str]:
        if it.api is not None and it.api not in self.paths:
            yield f"api {it.api!r} is not served here: there is {', '.join(self.paths)}"
        if it.account is not None and it.account not in self.accounts:
            known = ", ".join(sorted(self.accounts)) or "none"
            yield f"no account is called {it.account!r}: there is {known}"
        if it.kind in AT_VENUE:
            names = [kind.__name__ for kind, able in KINDS.items() if it.kind in able]
            if it.method is not None and it.method not in names:
                yield f"{it.kind} strikes {', '.join(names)}, not {it.method!r}"
        elif it.path is not None:
            apis = self.paths if it.api is None else [it.api]
            paths = [path for api in apis for path in self.paths[api]]
            if not any(_matches(it.path, path) for path in paths):
                whose = "of any API here" if it.api is None else f"of {it.api}"
                near = sorted(paths, key=lambda path: _differ(it.path or "", path))[:SHOWN]
                yield f"no path {whose} matches {it.path!r}: there is {', '.join(near)}, …"


def _matches(pattern: str, path: str) -> bool:
    """Whether a path that is written so can match.

    Its places take the words of the pattern. A pattern that goes on behind the word before a place
    may mean any name there: which ones there are is not known here.
    """
    places = PLACE.findall(path)
    whole = re.compile(pattern)
    words = [FILLER, "1", *WORD.findall(pattern)[-WORDS_MAX:]]
    form = PLACE.sub("{}", path)
    if any(whole.fullmatch(form.format(*fill)) for fill in product(words, repeat=len(places))):
        return True
    if pattern[:1].isalnum():  # every path begins with a slash
        return False
    return any(pattern.partition(before)[2] for before in BEFORE_PLACE.findall(path))


def _differ(pattern: str, path: str) -> tuple[int, str]:
    """How far apart two names are: by how many pieces of three characters they do not share."""
    pieces = {pattern[at : at + 3] for at in range(len(pattern) - 2)}
    return -sum(path[at : at + 3] in pieces for at in range(len(path) - 2)), path
