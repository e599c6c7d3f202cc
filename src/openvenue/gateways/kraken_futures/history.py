"""The history service: events of markets and of accounts, in pages.

Source: Kraken Futures History, "Market history", "Account history".
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from msgspec import UNSET, Struct, UnsetType

from openvenue.engine.units import Nanos, Symbol
from openvenue.gateways.kraken_futures import codec, errors
from openvenue.gateways.kraken_futures import encode_history as told
from openvenue.gateways.kraken_futures.asking import Who
from openvenue.gateways.kraken_futures.desk import Desk
from openvenue.gateways.kraken_futures.encode import ENCODER
from openvenue.gateways.kraken_futures.encode_history import ElementJson
from openvenue.gateways.kraken_futures.ids import account_uuid
from openvenue.gateways.kraken_futures.limits import COST_PAST
from openvenue.gateways.kraken_futures.listing import Market
from openvenue.gateways.kraken_futures.times import MS, millis
from openvenue.gateways.wire import Request, Response, WireError
from openvenue.history.past import (
    Found,
    FundingPosting,
    MoneyPosting,
    Page,
    Posting,
    SettlementPosting,
    Thing,
    TradePosting,
)

COUNT_MAX: Final = 1_000
DIGITS_MAX: Final = 18
TOKENS: Final = ("continuation_token", "continuationToken")  # now, and as old clients write it
CHANGES: Final = {  # of positions, by the argument that asks for them
    "opened": "open",
    "closed": "close",
    "increased": "increase",
    "decreased": "decrease",
    "reversed": "reverse",
    "no_change": "noChange",
}
REASONS: Final = ("trades", "funding_realization", "settlement")
T = TypeVar("T", bound=Thing)


class ElementsJson(Struct, rename="camel", kw_only=True):
    """One page of events."""

    account_uid: str | UnsetType = UNSET
    len: int
    server_time: str
    elements: Sequence[ElementJson]
    continuation_token: str | UnsetType = UNSET


async def market_executions(desk: Desk, request: Request, symbol: str) -> Response:
    """GET market/{tradeable}/executions."""
    market = _market(desk, symbol)
    found = await desk.history.executions(market.symbol, _page(desk, codec.read_arguments(request)))
    return _say(desk, found, lambda it: told.execution_element(it, market))


async def market_orders(desk: Desk, request: Request, symbol: str) -> Response:
    """GET market/{tradeable}/orders."""
    market = _market(desk, symbol)
    found = await desk.history.market_changes(
        market.symbol, _page(desk, codec.read_arguments(request))
    )
    return _say(desk, found, lambda it: told.order_element(it, desk.listing, is_public=True))


async def market_price(desk: Desk, request: Request, symbol: str) -> Response:
    """GET market/{tradeable}/price."""
    market = _market(desk, symbol)
    found = await desk.history.marks(market.symbol, _page(desk, codec.read_arguments(request)))
    return _say(desk, found, told.mark_element)


async def executions(desk: Desk, request: Request) -> Response:
    """GET executions: own ones."""
    who = signer(desk, request, COST_PAST["executions"])
    arguments = codec.read_arguments(request)
    wanted = TradesOf(_symbol(desk, arguments))
    found = await desk.history.postings(who.account, _page(desk, arguments), wanted=wanted)
    return _say(desk, _trades(found), lambda it: told.own_execution_element(it, desk.listing), who)


async def orders(desk: Desk, request: Request) -> Response:
    """GET orders: what became of own orders."""
    who = signer(desk, request, COST_PAST["orders"])
    arguments = codec.read_arguments(request)
    market = _tradeable(desk, arguments)
    found = await desk.history.order_changes(
        who.account,
        _page(desk, arguments),
        symbol=None if market is None else market.symbol,
    )
    return _say(desk, found, lambda it: told.order_element(it, desk.listing), who)


async def triggers(desk: Desk, request: Request) -> Response:
    """GET triggers: what became of own waiting orders, until they fired."""
    who = signer(desk, request, COST_PAST["triggers"])
    arguments = codec.read_arguments(request)
    market = _tradeable(desk, arguments)
    found = await desk.history.order_changes(
        who.account,
        _page(desk, arguments),
        are_waiting=True,
        symbol=None if market is None else market.symbol,
    )
    return _say(desk, found, lambda it: told.trigger_element(it, desk.listing), who)


async def positions(desk: Desk, request: Request) -> Response:
    """GET positions: what trades, settlements and funding did to own positions."""
    who = signer(desk, request, COST_PAST["positions"])
    arguments = codec.read_arguments(request)
    changes = {word for name, word in CHANGES.items() if read_flag(arguments, name)}
    reasons = {name for name in REASONS if read_flag(arguments, name)}
    wanted = UpdatesOf(_symbol(desk, arguments), tuple(sorted(changes)), tuple(sorted(reasons)))
    found = await desk.history.postings(who.account, _page(desk, arguments), wanted=wanted)
    updates = Found(
        [it for it in found.things if not isinstance(it, MoneyPosting)],
        found.cursor,
    )

    def encode(it: TradePosting | SettlementPosting | FundingPosting) -> ElementJson:
        if isinstance(it, TradePosting):
            return told.position_element(it, desk.listing)
        if isinstance(it, FundingPosting):
            return told.funding_element(it, who.account, desk.listing)
        return told.settlement_element(it, who.account, desk.listing)

    return _say(desk, updates, encode, who)


def signer(desk: Desk, request: Request, cost: int) -> Who:
    """Whoever signed `request`. Raises: WireError: 401, in this service's own shape; no tokens."""
    try:
        who = desk.who(request, 0)
    except WireError as error:
        raise WireError(errors.UNAUTHORIZED, status=401, why=error.why or error.word) from error
    desk.spend_past(who, cost)
    return who


def read_number(arguments: codec.Arguments, name: str) -> int | None:
    """A whole number that is not negative, None if absent. Raises: WireError: it is none."""
    text = arguments.text(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > DIGITS_MAX:
        raise refused(name)
    return int(text)


def read_moment(arguments: codec.Arguments, name: str) -> Nanos | None:
    """A time in milliseconds since 1970, None if absent. Raises: WireError: it is none."""
    number = read_number(arguments, name)
    return None if number is None else Nanos(min(number * MS, 2**63 - 1))


def read_before(desk: Desk, arguments: codec.Arguments) -> Nanos | None:
    """Where a page ends: what happened in the millisecond `before` itself may count."""
    before = read_moment(arguments, "before")
    if before is None or not desk.profile.before_inclusive:
        return before
    return Nanos(min(before + MS, 2**63 - 1))


def read_sort(arguments: codec.Arguments) -> bool:
    """Whether the oldest comes first. Raises: WireError: neither `asc` nor `desc`."""
    sort = (arguments.text("sort") or "desc").lower()
    if sort not in ("asc", "desc"):
        raise refused("sort")
    return sort == "asc"


def refused(name: str) -> WireError:
    """An argument that this service cannot read."""
    return WireError(f"invalidArgument: {name}", status=400)


def _page(desk: Desk, arguments: codec.Arguments) -> Page:
    """Raises: WireError: an argument cannot be read."""
    count = read_number(arguments, "count")
    token = next((text for name in TOKENS if (text := arguments.text(name)) is not None), None)
    return Page(
        count=COUNT_MAX if not count else min(count, COUNT_MAX),
        is_ascending=read_sort(arguments),
        since=read_moment(arguments, "since") or Nanos(0),
        before=read_before(desk, arguments),
        cursor=None if token is None else _read_token(token),
    )


def read_flag(arguments: codec.Arguments, name: str) -> bool:
    """Whether it is asked for. Raises: WireError: neither true nor false."""
    try:
        return arguments.flag(name)
    except WireError as error:
        raise refused(name) from error


def _token(time: Nanos, cursor: int) -> str:
    return b64encode(f"{millis(time)}/{cursor}".encode()).decode()


def _read_token(token: str) -> int:
    """Raises: WireError: no answer had this token."""
    try:
        number = b64decode(token, validate=True).decode().partition("/")[2]
    except (binascii.Error, UnicodeDecodeError) as error:
        raise refused(TOKENS[0]) from error
    if not (number.isascii() and number.isdigit()) or len(number) > DIGITS_MAX + 1:
        raise refused(TOKENS[0])
    return min(int(number), 2**63 - 1)


def _market(desk: Desk, symbol: str) -> Market:
    market = desk.listing.find(symbol)
    if market is None:
        raise refused("tradeable")
    return market


def _tradeable(desk: Desk, arguments: codec.Arguments) -> Market | None:
    symbol = arguments.text("tradeable")
    return None if symbol is None else _market(desk, symbol)


def _symbol(desk: Desk, arguments: codec.Arguments) -> Symbol | None:
    market = _tradeable(desk, arguments)
    return None if market is None else market.symbol


class TradesOf(Struct, frozen=True):
    """Trades of one market, or of all; with these effects on a position, or any."""

    market: Symbol | None = None
    changes: tuple[str, ...] = ()

    def __call__(self, posting: Posting) -> bool:
        """Whether a posting is one of them."""
        if not isinstance(posting, TradePosting):
            return False
        if self.market is not None and posting.order.symbol != self.market:
            return False
        if not self.changes:
            return True
        return told.position_change(posting.old_quantity, posting.new_quantity) in self.changes


class UpdatesOf(Struct, frozen=True):
    """Updates of positions in one market, or in all; of these effects and reasons, or of any."""

    market: Symbol | None = None
    changes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    def __call__(self, posting: Posting) -> bool:
        """Whether a posting is one of them."""
        if isinstance(posting, TradePosting):
            if self.reasons and "trades" not in self.reasons:
                return False
            return TradesOf(self.market, self.changes)(posting)
        if isinstance(posting, MoneyPosting):
            return False
        if self.market is not None and posting.symbol != self.market:
            return False
        reason, change = "settlement", "close"
        if isinstance(posting, FundingPosting):
            reason, change = "funding_realization", "noChange"
        is_reason = not self.reasons or reason in self.reasons
        return is_reason and (not self.changes or change in self.changes)


def _trades(found: Found[Posting]) -> Found[TradePosting]:
    """The same, where nothing but trades was wanted."""
    return Found([it for it in found.things if isinstance(it, TradePosting)], found.cursor)


def _say(
    desk: Desk, found: Found[T], encode: Callable[[T], ElementJson], who: Who | None = None
) -> Response:
    page = ElementsJson(
        len=len(found.things),
        server_time=desk.server_time(),
        elements=[encode(it) for it in found.things],
    )
    if who is not None:
        page.account_uid = account_uuid(who.account)
    headers = [("is-truncated", "false")]
    if found.cursor is not None:
        token = _token(found.things[-1].time, found.cursor)
        page.continuation_token = token
        headers = [("is-truncated", "true"), ("Next-Continuation-Token", token)]
    return Response(200, ENCODER.encode(page), headers=tuple(headers))
