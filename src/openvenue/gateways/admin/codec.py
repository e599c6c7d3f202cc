"""What the operator writes, turned into commands, and back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import IntEnum
from typing import Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from openvenue.engine.commands import (
    Announce,
    RetractNotice,
    SetConditions,
    SetIndexPrice,
    SetMarkPrice,
    SetMode,
)
from openvenue.engine.events import Announced, Refused
from openvenue.engine.instruments import Dislocation, IndexId, Mode
from openvenue.engine.notices import NoticeKind, Priority
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import SECOND, Nanos, Symbol
from openvenue.exchange.port import Outcome
from openvenue.faults.fault import Fault
from openvenue.gateways.request_log import KEPT
from openvenue.gateways.wire import Response, WireError

PRICE_MAX: Final = Decimal(10) ** 9  # the engine's own bound, FINE_PRICE_MAX
PRICE_DIGITS_MAX: Final = 20  # after the point
DOWN_MAX_SECONDS: Final = 3_600
ADVANCE_MAX_SECONDS: Final = Decimal(10 * 366 * 86_400)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)

T = TypeVar("T")
W = TypeVar("W", bound=IntEnum)


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """What a POST carries; a field too many is a mistake worth telling."""


class IndexPrice(Body, frozen=True):
    index: str
    price: Decimal


class MarkPrice(Body, frozen=True):
    symbol: str
    price: Decimal | None


class MarketMode(Body, frozen=True):
    symbol: str
    mode: str


class Announcement(Body, frozen=True):
    kind: str
    priority: str
    text: str
    effective: datetime | None = None
    downtime_minutes: int | None = None
    closes: str | None = None
    symbols: list[str] = []


class Retraction(Body, frozen=True):
    notice_id: int


class Conditions(Body, frozen=True):
    symbol: str
    dislocation: str = "none"
    margin_multiplier: int = 1


class Advance(Body, frozen=True):
    seconds: Decimal


class Restart(Body, frozen=True):
    down_seconds: float
    venue: str | None = None


class Faults(Body, frozen=True):
    faults: list[Fault]


def decode_index_price(body: bytes) -> SetIndexPrice:
    """POST …/index-price. Raises: WireError."""
    asked = _decode(body, IndexPrice)
    return SetIndexPrice(index=IndexId(asked.index), price=_price(asked.price))


def decode_mark_price(body: bytes) -> SetMarkPrice:
    """POST …/mark-price; null lets the price follow its rule again. Raises: WireError."""
    asked = _decode(body, MarkPrice)
    price = None if asked.price is None else _price(asked.price)
    return SetMarkPrice(symbol=Symbol(asked.symbol), price=price)


def decode_market_mode(body: bytes) -> SetMode:
    """POST …/market-mode. Raises: WireError."""
    asked = _decode(body, MarketMode)
    return SetMode(symbol=Symbol(asked.symbol), mode=_named(Mode, asked.mode, "mode"))


def decode_announcement(body: bytes) -> Announce:
    """POST …/announce. Raises: WireError."""
    asked = _decode(body, Announcement)
    effective = asked.effective
    if effective is not None and effective.tzinfo is None:
        raise WireError("effective must have a time zone", status=400)
    return Announce(
        kind=_named(NoticeKind, asked.kind, "kind"),
        priority=_named(Priority, asked.priority, "priority"),
        text=asked.text,
        effective=None if effective is None else Nanos((effective - EPOCH) // MICROSECOND * 1_000),
        downtime_minutes=asked.downtime_minutes,
        closes=None if asked.closes is None else _named(Mode, asked.closes, "closes"),
        symbols=tuple([Symbol(each) for each in asked.symbols]),
    )


def decode_retraction(body: bytes) -> RetractNotice:
    """POST …/retract-notice. Raises: WireError."""
    return RetractNotice(notice_id=_decode(body, Retraction).notice_id)


def decode_conditions(body: bytes) -> SetConditions:
    """POST …/market-conditions; what is left out is as usual. Raises: WireError."""
    asked = _decode(body, Conditions)
    return SetConditions(
        symbol=Symbol(asked.symbol),
        dislocation=_named(Dislocation, asked.dislocation, "dislocation"),
        margin_multiplier=asked.margin_multiplier,
    )


def decode_advance(body: bytes) -> int:
    """POST /admin/clock/advance, in nanoseconds. Raises: WireError."""
    seconds = _decode(body, Advance).seconds
    if not seconds.is_finite() or not 0 <= seconds <= ADVANCE_MAX_SECONDS:
        raise WireError(f"seconds must be from 0 to {ADVANCE_MAX_SECONDS}", status=400)
    return int(seconds * SECOND)


def decode_restart(body: bytes) -> tuple[float, str | None]:
    """POST /admin/restart: for how long, and which venue. Raises: WireError."""
    asked = _decode(body, Restart)
    if not 0 <= asked.down_seconds <= DOWN_MAX_SECONDS:
        raise WireError(f"down_seconds must be from 0 to {DOWN_MAX_SECONDS}", status=400)
    return asked.down_seconds, asked.venue


def decode_faults(body: bytes) -> list[Fault]:
    """POST /admin/faults. Raises: WireError."""
    return _decode(body, Faults).faults


def decode_listing(query: bytes) -> tuple[int, bool]:
    """GET /admin/requests: how many, and whether only refused ones. Raises: WireError."""
    asked = arguments(query)
    limit = asked.get("limit", str(KEPT))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= KEPT):
        raise WireError(f"limit must be from 1 to {KEPT}", status=400)
    return int(limit), asked.get("refused", "0").lower() in ("1", "true", "yes")


def arguments(query: bytes) -> dict[str, str]:
    """A query string; of a repeated name the last counts."""
    return dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))


def encode_outcome(outcome: Outcome) -> Response:
    """The journal's answer to a command."""
    for event in outcome.entry.events:
        if isinstance(event, Refused):
            status = 404 if event.reason is RejectReason.MARKET_NOT_FOUND else 409
            why = event.reason.name.lower().replace("_", " ")
            return encode_error(f"{why}: {event.detail}" if event.detail else why, status)
    told = {"seq": outcome.entry.seq, "events": len(outcome.entry.events)}
    for event in outcome.entry.events:
        if isinstance(event, Announced):
            told["notice_id"] = event.notice.notice_id
    return encode(told)


def encode_error(text: str, status: int) -> Response:
    """A plain no."""
    return encode({"error": text}, status)


def encode(answer: object, status: int = 200) -> Response:
    """Any answer."""
    return Response(status, msgspec.json.encode(answer))


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:  # ValidationError is one
        raise WireError(str(error), status=400) from None
    except UnicodeDecodeError:
        raise WireError("the body is not UTF-8", status=400) from None


def _named(words: type[W], name: str, what: str) -> W:
    """The member of an enumeration, by its name in any case. Raises: WireError."""
    try:
        return words[name.upper().replace("-", "_")]
    except KeyError:
        names = ", ".join(word.name.lower() for word in words)
        raise WireError(f"{what} must be one of {names}", status=400) from None


def _price(price: Decimal) -> Decimal:
    exponent = price.as_tuple().exponent
    if not isinstance(exponent, int) or not 0 < price < PRICE_MAX or exponent < -PRICE_DIGITS_MAX:
        raise WireError(
            "price must be above 0 and below 10 ** 9, with 20 places at most", status=400
        )
    return price
