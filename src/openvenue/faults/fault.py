"""What can be made to go wrong, with whom, when and how often."""

import re
from collections.abc import Sequence
from enum import StrEnum
from math import isfinite
from typing import Final

from msgspec import Struct

APIS: Final = ("kraken_futures", "kraken_spot", "pacifica", "coinapi_ems")
DELAY_MAX_SECONDS: Final = 3_600.0
WINDOW_MAX_SECONDS: Final = 10.0 * 366 * 86_400
STATUSES: Final = (429, 500, 502, 503, 504)  # that every API has words for
NO_GOODBYE: Final = 1006  # what a WebSocket client calls a connection that just ends


class FaultError(Exception):
    """A fault that makes no sense; the message says what."""


class Kind(StrEnum):
    """What goes wrong. `delay_seconds` passes first, except where it is said what it means."""

    DELAY = "delay"  # handled late; on a WebSocket what follows waits, too
    REFUSE = "refuse"  # the connection is reset and nothing is handled
    HANG = "hang"  # taken, never handled, never answered; the connection stays
    CLOSE = "close"  # the connection closes and nothing is handled
    STATUS = "status"  # not handled, and answered with `status` in the API's words, or with `body`
    RATE_LIMIT = "rate_limit"  # not handled: the API says that it was asked too often
    MAINTENANCE = "maintenance"  # not handled: the API says that it is closed for a while
    REVOKED_KEY = "revoked_key"  # not handled where a key or a token is shown: it is none any more

    LATE_REPLY = "late_reply"  # done at once; the reply and what follows it come later
    LOSE_REPLY = "lose_reply"  # done, and never told; over HTTP the connection closes
    CUT_REPLY = "cut_reply"  # done, and the connection closes in the middle of the telling
    REPEAT_REPLY = "repeat_reply"  # done once, told twice
    REORDER = "reorder"  # a message comes after the one that follows it
    STALE = "stale"  # a message comes late, behind all that is newer
    BAD_CHECKSUM = "bad_checksum"  # a message's checksum is not that of what it tells

    CLOSED_PORT = "closed_port"  # nobody listens for `for_seconds`: connections are refused

    IGNORE_CANCEL = "ignore_cancel"  # told as canceled, and not: done after `delay_seconds`, if any
    LATE_ACK = "late_ack"  # done at once; whoever asked is told after `delay_seconds`
    FALSE_REJECT = "false_reject"  # an order that stands is told as refused
    PARTIAL = "partial"  # of a batch or of a cancel of all, only every other one is done
    REAPPEAR = "reappear"  # a canceled order is placed again, after `delay_seconds`
    GHOST = "ghost"  # a canceled order stays among the open ones for `delay_seconds`


# At the door before anybody handles a request, and on its way out when it was done; the third where
# messages have an order: on a WebSocket. The last between a gateway and its exchange.
BEFORE: Final = (
    Kind.DELAY,
    Kind.REFUSE,
    Kind.HANG,
    Kind.CLOSE,
    Kind.STATUS,
    Kind.RATE_LIMIT,
    Kind.MAINTENANCE,
)
OF_KEYS: Final = (Kind.REVOKED_KEY,)  # the same, of requests and messages that show a key
AFTER: Final = (Kind.LATE_REPLY, Kind.LOSE_REPLY, Kind.CUT_REPLY, Kind.REPEAT_REPLY)
IN_ORDER: Final = (Kind.REORDER, Kind.STALE)
AT_PORT: Final = (Kind.CLOSED_PORT,)  # of the whole door, by the machine's clock
CHECKED: Final = (Kind.BAD_CHECKSUM,)  # of messages that have a checksum
CHECKING: Final = "kraken_spot"  # the API whose messages have
AT_VENUE: Final = (
    Kind.IGNORE_CANCEL,
    Kind.LATE_ACK,
    Kind.FALSE_REJECT,
    Kind.PARTIAL,
    Kind.REAPPEAR,
    Kind.GHOST,
)
NEEDS_DELAY: Final = (Kind.DELAY, Kind.LATE_REPLY, Kind.STALE, Kind.LATE_ACK, Kind.GHOST)


class Fault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing that goes wrong with whatever all its selectors match; None matches anything."""

    kind: Kind
    api: str | None = None
    account: str | None = None  # as the world names it; before a signature is checked: as claimed
    path: str | None = None  # a regular expression that the whole path must match
    method: str | None = None  # of HTTP; or what a message or a command is called, see the docs

    count: int = 1  # 0: as often as it matches
    probability: float = 1.0  # that it strikes what it matches
    seed: int = 0  # of its own chance: the same requests meet the same faults
    from_seconds: float = 0.0  # market time from its planning to its beginning
    for_seconds: float = 0.0  # and from there to its end; 0: none

    delay_seconds: float = 0.0  # of the machine's time
    delay_max_seconds: float = 0.0  # if higher: by chance, anything up to this
    status: int = 503
    body: str | None = None  # instead of the API's own words
    content_type: str = "text/plain"
    close_code: int = NO_GOODBYE  # with which a WebSocket closes


def check(fault: Fault, apis: Sequence[str] = APIS) -> None:
    """Nothing, if `fault` makes sense. Raises: FaultError."""
    for why in _mistakes(fault, apis):
        raise FaultError(why)


def _mistakes(it: Fault, apis: Sequence[str]) -> list[str]:
    wrong = []
    if it.api is not None and it.api not in apis:
        wrong.append(f"api must be one of {', '.join(apis)}, not {it.api!r}")
    if it.path is not None:
        try:
            re.compile(it.path)
        except re.error as error:
            wrong.append(f"path is not a regular expression: {it.path!r} ({error})")
    if it.kind in AT_VENUE:
        if it.path is not None:
            wrong.append(f"{it.kind} happens behind the door, where there are no paths")
        if it.api == "coinapi_ems":
            wrong.append("coinapi_ems has no exchange of its own: name the API behind it")
    if it.kind in AT_PORT:
        if (it.api, it.account, it.path, it.method) != (None, None, None, None):
            wrong.append(f"{it.kind} is for everybody: one port serves all APIs; refuse is for one")
        if it.count != 1 or it.probability != 1:
            wrong.append(f"{it.kind} happens once, in its window")
        if not it.for_seconds:
            wrong.append(f"{it.kind} needs for_seconds: nobody could open it again")
    if it.kind is Kind.BAD_CHECKSUM and it.api not in (None, CHECKING):
        wrong.append(f"no message of {it.api} has a checksum: {CHECKING} has them")
    if not 0 <= it.count <= 10**9:
        wrong.append("count must be from 1, or 0 for as often as it matches")
    if not 0 < it.probability <= 1:
        wrong.append("probability must be above 0, and 1 at most")
    for name in ("from_seconds", "for_seconds"):
        seconds: float = getattr(it, name)
        if not (isfinite(seconds) and 0 <= seconds <= WINDOW_MAX_SECONDS):
            wrong.append(f"{name} must be from 0 to {WINDOW_MAX_SECONDS:.0f}")
    for name in ("delay_seconds", "delay_max_seconds"):
        seconds = getattr(it, name)
        if not (isfinite(seconds) and 0 <= seconds <= DELAY_MAX_SECONDS):
            wrong.append(f"{name} must be from 0 to {DELAY_MAX_SECONDS:.0f}")
    if it.delay_max_seconds and it.delay_max_seconds < it.delay_seconds:
        wrong.append("delay_max_seconds is below delay_seconds")
    if it.kind in NEEDS_DELAY and not (it.delay_seconds or it.delay_max_seconds):
        wrong.append(f"{it.kind} needs delay_seconds")
    if it.body is None and it.status not in STATUSES:
        said = ", ".join(map(str, STATUSES))
        wrong.append(f"status must be one of {said}, unless body says what is answered")
    if not 200 <= it.status <= 599:
        wrong.append("status must be from 200 to 599")
    if it.content_type.isprintable() is False or not it.content_type.isascii():
        wrong.append("content_type must be plain text")
    if not (it.close_code == NO_GOODBYE or it.close_code == 1000 or 3000 <= it.close_code <= 4999):
        if it.close_code not in (1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013):
            wrong.append("close_code must be one that a server may send, or 1006 for none")
    return wrong
