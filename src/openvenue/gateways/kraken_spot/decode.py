"""This API's words for orders and cancels, as commands. REST and the socket ask in one shape.

A value that cannot be read, or is not on the pair's grid, raises a `WireError` and never becomes a
command. Source: Kraken Spot REST, "Add order", "Cancel order"; WebSocket v2, the same.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from openvenue.engine.commands import PlaceOrder, SetDeadMansSwitch
from openvenue.engine.orders import (
    BUY,
    FOK,
    GTC,
    IOC,
    SELL,
    Direction,
    Extras,
    SelfTrade,
    Side,
    Signal,
    Trigger,
    TriggerKind,
)
from openvenue.engine.units import SECOND, AccountId, Lots, Nanos, Ticks
from openvenue.gateways.kraken_spot import errors
from openvenue.gateways.kraken_spot.arguments import Arguments
from openvenue.gateways.kraken_spot.listing import Listing, Market
from openvenue.gateways.kraken_spot.profile import Profile
from openvenue.gateways.kraken_spot.times import read_time
from openvenue.gateways.numbers import Grid, OffGrid
from openvenue.gateways.wire import WireError

TIMEOUT_MAX: Final = 86_400  # seconds; less than this
FREE_ID_MAX: Final = 18  # characters of a client's id that is no UUID
DEADLINE_MAX: Final = 60 * SECOND
LEAST_LIFE: Final = 5 * SECOND
MONTH: Final = 31 * 86_400 * SECOND

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
TRIGGERS: Final[Mapping[str, TriggerKind | None]] = {  # of the order types that are served
    "limit": None,
    "market": None,
    "stop-loss": TriggerKind.STOP,
    "stop-loss-limit": TriggerKind.STOP,
    "take-profit": TriggerKind.TAKE_PROFIT,
    "take-profit-limit": TriggerKind.TAKE_PROFIT,
}
LIMITED: Final = ("limit", "stop-loss-limit", "take-profit-limit")
LATER: Final = ("iceberg", "trailing-stop", "trailing-stop-limit")
UUID: Final = re.compile(
    "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}"
)
STRICT_ID: Final = re.compile("[a-z0-9]{1,18}")

# Of AddOrder: what is served, what changes nothing here, and what is not served yet.
REST_LATER: Final = ("displayvol", "close", "close[ordertype]")


class Asked(Struct, frozen=True):
    """Who asks, and when: what a command takes from its request besides arguments."""

    account: AccountId
    now: Nanos  # market time
    offset: Nanos  # of market time from the machine's clock, which clients have


class Terms(Struct, kw_only=True):
    """An order as a client words it: digits are text still."""

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


def build_order(terms: Terms, market: Market, account: AccountId, profile: Profile) -> PlaceOrder:
    """The order that `terms` ask for. Its fields are named as REST names them, as in production.

    The order of the checks is visible to clients, who only ever see the first failure.
    Raises: WireError: something is missing, unreadable, contradictory, or off the grid.
    """
    kind = terms.kind
    if kind not in TRIGGERS:
        if kind in LATER:
            raise WireError(errors.LATER, why=f"{kind} orders are not served")
        if kind == "settle-position":
            raise WireError(errors.NO_MARGIN, why="there is no margin trading")
        raise errors.invalid("ordertype", kind[:100])
    side = SIDES.get(terms.side)
    if side is None:
        raise errors.invalid("type", terms.side[:100])
    word = terms.time_in_force
    time_in_force = GTC
    if word is not None and word != "gtc":
        word = word.lower()
        if word == "ioc":
            time_in_force = IOC
        elif word == "fok" and kind == "limit":
            time_in_force = FOK
        elif word == "gtd":
            if terms.expires is None:
                raise errors.invalid("expiretm", "missing")
        elif word != "gtc":
            raise errors.invalid("timeinforce", word[:100])
    has_limit = kind in LIMITED
    if terms.post_only and (not has_limit or time_in_force is not GTC):
        raise errors.invalid("post_only", "only with a limit price, and only if it may rest")
    cl_ord_id = terms.cl_ord_id
    if cl_ord_id is not None:
        check_cl_ord_id(cl_ord_id, profile)
        if terms.user_ref is not None:
            raise errors.invalid("cl_ord_id", "with a user reference beside it")
    self_trade = SelfTrade.CANCEL_NEWEST
    if terms.self_trade is not None:
        found = SELF_TRADES.get(terms.self_trade)
        if found is None:
            raise errors.invalid("stptype", terms.self_trade[:100])
        self_trade = found
    quantity = market.size_grid.read(terms.quantity)
    if quantity is None or isinstance(quantity, OffGrid) or quantity <= 0:
        raise errors.invalid("volume", terms.quantity[:100])
    if quantity < market.instrument.min_quantity:
        raise WireError(profile.below_minimum, why=terms.quantity[:100])
    limit = None
    if has_limit:
        if terms.limit is None:
            raise errors.invalid("price2" if terms.trigger is not None else "price", "missing")
        limit = read_price(market.price_grid, terms.limit, market)
    trigger = None
    trigger_kind = TRIGGERS[kind]
    if trigger_kind is not None:
        trigger = read_trigger(terms, trigger_kind, side, market)
    if limit is None:
        time_in_force = IOC
    extras = None
    if terms.expires is not None or terms.starts is not None:
        if time_in_force is not GTC and terms.expires is not None and trigger is None:
            raise errors.invalid("timeinforce", "what does not wait has no end")
        extras = Extras(expires=terms.expires, starts=terms.starts)
    return PlaceOrder(
        account=account,
        symbol=market.symbol,
        side=side,
        quantity=Lots(quantity),
        limit_price=limit,
        time_in_force=time_in_force,
        cl_ord_id=cl_ord_id,
        post_only=terms.post_only,
        trigger=trigger,
        deadline=terms.deadline,
        user_ref=terms.user_ref,
        self_trade=self_trade,
        extras=extras,
    )


def read_price(grid: Grid, text: str, market: Market) -> Ticks:
    """A price on the pair's grid.

    Raises: WireError: it is none, has too many decimals, or stands between two ticks.
    """
    price = grid.read(text)
    if isinstance(price, int):
        if price > 0:
            return Ticks(price)
        raise WireError(errors.INVALID_PRICE, why=text[:100])
    if text[:1] in "+-#" or text[-1:] == "%":
        raise WireError(errors.LATER, why="relative prices are not served")
    if price is None:
        raise errors.invalid("price", text[:100])
    _, _, part = text.partition(".")
    is_fine = len(part.rstrip("0")) > market.pair_decimals
    raise WireError(errors.INVALID_PRICE if is_fine else errors.TICK_SIZE, why=text[:100])


def read_trigger(terms: Terms, kind: TriggerKind, side: Side, market: Market) -> Trigger:
    """When the order is to act. Raises: WireError."""
    if terms.trigger is None:
        raise errors.invalid("price", "the trigger's price is missing")
    signal = SIGNALS.get(terms.signal or "last")
    if signal is None:
        raise errors.invalid("trigger", str(terms.signal)[:100])
    price = read_price(market.price_grid, terms.trigger, market)
    # A stop buys above its price and sells below; a take-profit the other way round.
    is_above = (side is BUY) == (kind is TriggerKind.STOP)
    return Trigger(kind, price, signal, Direction.ABOVE if is_above else Direction.BELOW)


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


def read_deadline(text: str | None, asked: Asked, least: int) -> Nanos | None:
    """The market time after which an order must not be processed; `least` away at the least.

    One that has passed is the engine's to refuse. Raises: WireError.
    """
    if text is None:
        return None
    moment = read_time(text)
    if moment is None:
        raise errors.invalid("deadline", text[:100])
    deadline = moment + asked.offset
    if deadline > asked.now + DEADLINE_MAX or asked.now < deadline < asked.now + least:
        raise errors.invalid("deadline", text[:100])
    return Nanos(max(deadline, 0))


def read_moment(text: str | None, asked: Asked, name: str) -> Nanos | None:
    """A start or an end as REST says it: 0 is none, `+n` seconds from now, or seconds since 1970.

    Raises: WireError: none of these; an end less than five seconds away, or over a month.
    """
    if text is None or text == "0":
        return None
    digits = text.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 10:
        raise errors.invalid(name, text[:100])
    moment = int(digits) * SECOND
    moment += asked.now if text.startswith("+") else asked.offset
    return check_moment(moment, asked, name)


def read_moment_text(text: str | None, asked: Asked, name: str) -> Nanos | None:
    """The same as the socket says it, as a time. Raises: WireError."""
    if text is None:
        return None
    moment = read_time(text)
    if moment is None:
        raise errors.invalid(name, text[:100])
    return check_moment(moment + asked.offset, asked, name)


def check_moment(moment: int, asked: Asked, name: str) -> Nanos:
    """A start or an end that is not too far away. One that has passed is the engine's to refuse.

    Raises: WireError.
    """
    least = LEAST_LIFE if name.startswith("expire") else 0
    if moment > asked.now + MONTH or asked.now < moment < asked.now + least:
        raise errors.invalid(name)
    return Nanos(max(moment, 0))


def decode_add_order(
    arguments: Arguments, asked: Asked, listing: Listing, profile: Profile
) -> PlaceOrder:
    """The order that AddOrder asks for. What is not known is ignored, as the service does.

    Raises: WireError.
    """
    for name in REST_LATER:
        value = arguments.text(name)
        if name in arguments.nested or (value is not None and value != "0"):
            raise WireError(errors.LATER, why=f"{name} is not served")
    kind = arguments.needed("ordertype")
    side = arguments.needed("type")
    market = find_market(arguments.needed("pair"), listing)
    quantity = arguments.needed("volume")
    if arguments.text("leverage") not in (None, "none", "0"):
        raise WireError(errors.NO_MARGIN, why="there is no margin trading")
    if arguments.flag("reduce_only"):
        raise WireError(errors.NO_REDUCING, why="there are no positions")
    flags = arguments.many("oflags")
    if "viqc" in flags:
        raise WireError(errors.LATER, why="volumes in the quote asset are not served")
    price, second = arguments.text("price"), arguments.text("price2")
    is_triggered = TRIGGERS.get(kind) is not None
    has_limit = kind in LIMITED
    terms = Terms(
        kind=kind,
        side=side,
        quantity=quantity,
        limit=(second if is_triggered else price) if has_limit else None,
        trigger=price if is_triggered else None,
        signal=arguments.text("trigger"),
        time_in_force=arguments.text("timeinforce"),
        post_only="post" in flags,
        self_trade=arguments.text("stptype"),
        cl_ord_id=arguments.text("cl_ord_id"),
        user_ref=arguments.integer("userref"),
        deadline=read_deadline(arguments.text("deadline"), asked, 2 * SECOND),
        expires=read_moment(arguments.text("expiretm"), asked, "expiretm"),
        starts=read_moment(arguments.text("starttm"), asked, "starttm"),
    )
    return build_order(terms, market, asked.account, profile)


def find_market(name: str, listing: Listing) -> Market:
    """The pair that a client of REST names. Raises: WireError."""
    market = listing.find(name)
    if market is None:
        raise WireError(errors.UNKNOWN_PAIR, why=f"nothing is listed as {name[:100]!r}")
    return market


def decode_timeout(text: str, account: AccountId) -> SetDeadMansSwitch:
    """The dead man's switch of an account; a timeout of 0 disarms it.

    Raises: WireError: no whole number of seconds, or a day and more.
    """
    if not (text.isascii() and text.isdigit()):
        raise errors.invalid("timeout", text[:100])
    if len(text) > 10 or int(text) >= TIMEOUT_MAX:
        raise WireError("EGeneral:Invalid timeout argument:above max", why=text[:100])
    return SetDeadMansSwitch(account=account, timeout=Nanos(int(text) * SECOND))
