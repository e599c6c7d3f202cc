"""An order as a client words it, as a command. REST and the socket ask in one shape.

A value that cannot be read, or is not on the pair's grid, raises a `WireError` and never becomes a
command. Source: Kraken Spot REST, "Add order"; WebSocket v2, the same.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from openvenue.engine.commands import PlaceOrder
from openvenue.engine.orders import (
    BUY,
    FOK,
    GTC,
    IOC,
    SELL,
    Close,
    Direction,
    Distance,
    Extras,
    SelfTrade,
    Side,
    Signal,
    TimeInForce,
    Trigger,
    TriggerKind,
)
from openvenue.engine.units import AccountId, Atoms, Lots, Nanos, Ticks
from openvenue.gateways.kraken_spot import errors
from openvenue.gateways.kraken_spot.listing import Market
from openvenue.gateways.kraken_spot.prices import (
    is_relative,
    read_distance,
    read_price,
    read_trail,
)
from openvenue.gateways.kraken_spot.profile import Profile
from openvenue.gateways.numbers import OffGrid
from openvenue.gateways.wire import WireError

FREE_ID_MAX: Final = 18  # characters of a client's id that is no UUID
SIDES: Final = {"buy": BUY, "sell": SELL}
SIGNALS: Final = {"last": Signal.LAST, "index": Signal.INDEX}
SELF_TRADES: Final = {
    "cancel-newest": SelfTrade.CANCEL_NEWEST,
    "cancel-oldest": SelfTrade.CANCEL_OLDEST,
    "cancel-both": SelfTrade.CANCEL_BOTH,
    "cancel_newest": SelfTrade.CANCEL_NEWEST,
    "cancel_oldest": SelfTrade.CANCEL_OLDEST,
    "cancel_both": SelfTrade.CANCEL_BOTH,
}
TRIGGERS: Final[Mapping[str, TriggerKind | None]] = {
    "limit": None,
    "market": None,
    "iceberg": None,
    "stop-loss": TriggerKind.STOP,
    "stop-loss-limit": TriggerKind.STOP,
    "take-profit": TriggerKind.TAKE_PROFIT,
    "take-profit-limit": TriggerKind.TAKE_PROFIT,
    "trailing-stop": TriggerKind.STOP,
    "trailing-stop-limit": TriggerKind.STOP,
}
LIMITED: Final = ("limit", "iceberg", "stop-loss-limit", "take-profit-limit", "trailing-stop-limit")
TRAILING: Final = ("trailing-stop", "trailing-stop-limit")
UUID: Final = re.compile(
    "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}"
)
STRICT_ID: Final = re.compile("[a-z0-9]{1,18}")
UNSIZED: Final = 1  # lots of an order whose size is worked out from money


class CloseTerms(Struct, kw_only=True):
    """What fills are to bring, in the same words as an order."""

    kind: str
    limit: str | None = None
    trigger: str | None = None


class Terms(Struct, kw_only=True):
    """An order as a client words it: digits are text still, and prices are as REST has them."""

    kind: str
    side: str
    quantity: str
    limit: str | None = None
    trigger: str | None = None
    signal: str | None = None
    time_in_force: str | None = None
    post_only: bool = False
    self_trade: str | None = None
    cl_ord_id: str | None = None
    user_ref: int | None = None
    deadline: Nanos | None = None  # market time
    expires: Nanos | None = None  # market time, as all of them
    starts: Nanos | None = None
    display: str | None = None
    is_cash: bool = False  # the quantity is money to buy for
    close: CloseTerms | None = None


class Priced(Struct):
    """Prices of an order or a close, absolute or relative."""

    limit: Ticks | None = None
    trigger: Trigger | None = None
    limit_from: Distance | None = None
    trigger_from: Distance | None = None


def build_order(terms: Terms, market: Market, account: AccountId, profile: Profile) -> PlaceOrder:
    """The order that `terms` ask for. Its fields are named as REST names them, as in production.

    The order of the checks is visible to clients, who only ever see the first failure.
    Raises: WireError: something is missing, unreadable, contradictory, or off the grid.
    """
    kind = terms.kind
    if kind not in TRIGGERS:
        if kind == "settle-position":
            raise WireError(errors.NO_MARGIN, why="there is no margin trading")
        raise errors.invalid("ordertype", kind[:100])
    side = SIDES.get(terms.side)
    if side is None:
        raise errors.invalid("type", terms.side[:100])
    time_in_force = GTC
    if terms.time_in_force is not None and terms.time_in_force != "gtc":
        time_in_force = read_time_in_force(terms)
    has_limit = kind in LIMITED
    if terms.post_only and (not has_limit or time_in_force is not GTC):
        raise errors.invalid("post_only", "only with a limit price, and only if it may rest")
    cl_ord_id = terms.cl_ord_id
    if cl_ord_id is not None:
        check_cl_ord_id(cl_ord_id, profile)
        if terms.user_ref is not None:
            raise errors.invalid("cl_ord_id", "with a user reference beside it")
        if terms.close is not None:
            raise errors.invalid("cl_ord_id", "with a conditional close beside it")
    self_trade = SelfTrade.CANCEL_NEWEST
    if terms.self_trade is not None:
        found = SELF_TRADES.get(terms.self_trade)
        if found is None:
            raise errors.invalid("stptype", terms.self_trade[:100])
        self_trade = found
    cash = None
    quantity: int = UNSIZED
    if terms.is_cash:
        cash = read_cash(terms, market, side)
    else:
        quantity = read_quantity(terms.quantity, market, profile)
    display = None
    if kind == "iceberg" or terms.display is not None:
        display = read_display(terms, market, time_in_force)
    priced = read_prices(kind, terms.limit, terms.trigger, terms.signal, side, market)
    if not has_limit:
        time_in_force = IOC
    close = None if terms.close is None else build_close(terms.close, side.opposite, market)
    extras = None
    if terms.expires is not None and time_in_force is not GTC and priced.trigger is None:
        raise errors.invalid("timeinforce", "what does not wait has no end")
    if (
        terms.expires is not None
        or terms.starts is not None
        or display is not None
        or close is not None
        or cash is not None
        or priced.limit_from is not None
        or priced.trigger_from is not None
    ):
        extras = Extras(
            expires=terms.expires,
            starts=terms.starts,
            display=display,
            close=close,
            limit_from=priced.limit_from,
            trigger_from=priced.trigger_from,
            cash=cash,
        )
    return PlaceOrder(
        account=account,
        symbol=market.symbol,
        side=side,
        quantity=Lots(quantity),
        limit_price=priced.limit,
        time_in_force=time_in_force,
        cl_ord_id=cl_ord_id,
        post_only=terms.post_only,
        trigger=priced.trigger,
        deadline=terms.deadline,
        user_ref=terms.user_ref,
        self_trade=self_trade,
        extras=extras,
    )


def read_time_in_force(terms: Terms) -> TimeInForce:
    """How long an order may wait; that it ends by itself is its end's to say. Raises: WireError."""
    word = (terms.time_in_force or "gtc").lower()
    if word == "ioc":
        return IOC
    if word == "fok" and terms.kind == "limit":
        return FOK
    if word == "gtd" and terms.expires is None:
        raise errors.invalid("expiretm", "missing")
    if word not in ("gtc", "gtd"):
        raise errors.invalid("timeinforce", word[:100])
    return GTC


def read_quantity(text: str, market: Market, profile: Profile) -> int:
    """Lots. Raises: WireError: none, off the grid, or too few."""
    quantity = market.size_grid.read(text)
    if quantity is None or isinstance(quantity, OffGrid) or quantity <= 0:
        raise errors.invalid("volume", text[:100])
    if quantity < market.instrument.min_quantity:
        raise WireError(profile.below_minimum, why=text[:100])
    return quantity


def read_cash(terms: Terms, market: Market, side: Side) -> Atoms:
    """What a market order is to buy for. Raises: WireError: it is another order, or no amount."""
    if terms.kind != "market" or side is not BUY:
        raise errors.invalid("viqc", "only market orders buy for an amount of the quote asset")
    cash = market.cost_grid.read(terms.quantity)
    if not isinstance(cash, int) or cash <= 0:
        raise errors.invalid("volume", terms.quantity[:100])
    return Atoms(cash)


def read_display(terms: Terms, market: Market, time_in_force: TimeInForce) -> Lots:
    """What an iceberg shows. Raises: WireError: it is another order, or shows no such amount."""
    text = terms.display
    if terms.kind != "iceberg" or text is None:
        raise errors.invalid("displayvol", "icebergs have one, and nothing else")
    if time_in_force is not GTC:
        raise errors.invalid("timeinforce", "an iceberg waits")
    display = market.size_grid.read(text)
    if not isinstance(display, int) or display <= 0:
        raise errors.invalid("displayvol", text[:100])
    return Lots(display)


def build_close(terms: CloseTerms, side: Side, market: Market) -> Close:
    """What each fill is to bring, on `side`. Raises: WireError."""
    if terms.kind not in TRIGGERS or terms.kind in ("market", "iceberg"):
        raise errors.invalid("close[ordertype]", terms.kind[:100])
    priced = read_prices(terms.kind, terms.limit, terms.trigger, None, side, market)
    return Close(
        limit_price=priced.limit,
        trigger=priced.trigger,
        limit_from=priced.limit_from,
        trigger_from=priced.trigger_from,
    )


def read_prices(
    kind: str,
    limit: str | None,
    trigger: str | None,
    signal: str | None,
    side: Side,
    market: Market,
) -> Priced:
    """The prices that an order of a kind has. Raises: WireError: one is missing or unreadable."""
    priced = Priced()
    trigger_kind = TRIGGERS[kind]
    # A stop buys above its price and sells below; a take-profit, and a limit, the other way round.
    is_above = (side is BUY) == (trigger_kind is TriggerKind.STOP)
    way = 1 if is_above else -1
    if kind in LIMITED and kind not in TRAILING:
        if limit is None:
            raise errors.invalid("price2" if trigger_kind is not None else "price", "missing")
        if is_relative(limit):
            priced.limit_from = read_distance(market, limit, way)
        else:
            priced.limit = read_price(market, limit)
    if trigger_kind is None:
        return priced
    if trigger is None:
        raise errors.invalid("price", "the trigger's price is missing")
    listens = SIGNALS.get(signal or "last")
    if listens is None:
        raise errors.invalid("trigger", str(signal)[:100])
    above = Direction.ABOVE if is_above else Direction.BELOW
    price = Ticks(0)
    trail = offset = None
    if kind in TRAILING:
        trail = read_trail(market, trigger)
        if kind in LIMITED:
            if limit is None:
                raise errors.invalid("price2", "missing")
            if not is_relative(limit) and limit.strip("0.") != "":
                raise errors.invalid("price2", "it is so far from the trigger's price")
            offset = read_distance(market, limit, way)
    elif is_relative(trigger):
        priced.trigger_from = read_distance(market, trigger, way)
        price = Ticks(1)  # until there is one
    else:
        price = read_price(market, trigger)
    priced.trigger = Trigger(trigger_kind, price, listens, above, trail, offset)
    return priced


def check_cl_ord_id(text: str, profile: Profile) -> None:
    """Raises: WireError: neither a UUID nor up to eighteen printable characters."""
    if len(text) <= FREE_ID_MAX:
        if profile.strict_cl_ord_ids:
            is_good = STRICT_ID.fullmatch(text) is not None
        else:
            is_good = text.isascii() and text.isprintable() and text != ""
    else:
        is_good = UUID.fullmatch(text) is not None
    if not is_good:
        raise errors.invalid("cl_ord_id", text[:100])
