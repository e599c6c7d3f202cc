"""This API's words for orders and cancels, as commands.

A value that cannot be read raises a `WireError`. A value that can be read and is not on the
contract's grid never becomes a command either, but is answered like a refused order: `NotSent`.
Source: Kraken Futures REST, "Send order", "Cancel order", "Cancel all orders", "Batch order".
"""

from typing import Final

from openvenue.engine.commands import (
    Bounds,
    CancelOrder,
    CancelOrders,
    PlaceOrder,
    SetDeadMansSwitch,
)
from openvenue.engine.instruments import Mode
from openvenue.engine.orders import (
    BUY,
    FOK,
    GTC,
    IOC,
    SELL,
    Direction,
    Side,
    Signal,
    TimeInForce,
    Trigger,
    TriggerKind,
)
from openvenue.engine.units import SECOND, Lots, Nanos, OrderId, Ticks
from openvenue.gateways.kraken_futures import errors
from openvenue.gateways.kraken_futures.arguments import Arguments
from openvenue.gateways.kraken_futures.asking import Asked, NotSent
from openvenue.gateways.kraken_futures.decode_distance import OFFSET, decode_offset, decode_trail
from openvenue.gateways.kraken_futures.ids import is_uuid, read_order_uuid
from openvenue.gateways.kraken_futures.listing import Listing
from openvenue.gateways.kraken_futures.numbers import Grid, OffGrid
from openvenue.gateways.kraken_futures.profile import Profile
from openvenue.gateways.wire import WireError

CL_ORD_ID_MAX: Final = 100  # characters
TIMEOUT_MAX: Final = 2**32 - 1  # seconds
TRAILING_MAX: Final = 100  # of the venue
BROKER: Final = 16  # characters of an account number, in four groups
NO_ORDER: Final = OrderId(0)  # the name of no order: the engine counts from 1

SIDES: Final = {"buy": BUY, "sell": SELL}
SIGNALS: Final = {
    "last": Signal.LAST,
    "mark": Signal.MARK,
    "index": Signal.INDEX,
    "spot": Signal.INDEX,
}
TRAILING: Final = "trailing_stop"
TRIGGERS: Final = {
    "stp": TriggerKind.STOP,
    "take_profit": TriggerKind.TAKE_PROFIT,
    TRAILING: TriggerKind.STOP,
}
LIMITS: Final[dict[str, TimeInForce]] = {"lmt": GTC, "post": GTC, "ioc": IOC, "fok": FOK}
CLOSED: Final = {
    Mode.SUSPENDED: "marketSuspended",
    Mode.CANCEL_ONLY: "marketSuspended",
    Mode.MAINTENANCE: "marketSuspended",
    Mode.INACTIVE: "marketInactive",
}


def decode_send_order(
    arguments: Arguments,
    asked: Asked,
    listing: Listing,
    profile: Profile,
    *,
    deadline: Nanos | None = None,
    algo_id: str | None = None,
) -> PlaceOrder | NotSent:
    """The order asked for. `deadline` is one that holds for the whole request.

    The order of the checks is visible to clients, who only ever see the first failure.
    Raises: WireError: an argument is missing or unreadable.
    """
    kind = arguments.needed("orderType")
    symbol = arguments.needed("symbol")
    side_word = arguments.needed("side")
    size = arguments.needed("size")
    cl_ord_id = arguments.text("cliOrdId")
    time_in_force = LIMITS.get(kind)
    trigger_kind = TRIGGERS.get(kind)
    limit_text = stop_text = None
    if time_in_force is not None:
        limit_text = arguments.needed("limitPrice")
    elif kind == TRAILING:
        for name in ("limitPrice", "stopPrice"):
            if arguments.text(name) is not None:
                raise errors.invalid(name, "a trailing stop finds its own")
    elif trigger_kind is not None:
        limit_text = arguments.text("limitPrice")
        stop_text = arguments.needed("stopPrice")
    elif kind != "mkt":
        raise errors.invalid("orderType")
    side = SIDES.get(side_word)
    if side is None:
        raise errors.invalid("side")
    if trigger_kind is None:
        for name in OFFSET:
            if arguments.text(name) is not None:
                raise errors.invalid(name, "there is no trigger that a limit could be relative to")
    reduce_only = arguments.flag("reduceOnly")
    broker = _broker(arguments)
    signal = _signal(arguments, profile) if trigger_kind is not None else None
    if deadline is None:
        deadline = decode_deadline(arguments, asked)
    market = listing.find(symbol)
    if market is None:
        if profile.unknown_symbol == "marketInactive":
            return NotSent("marketInactive", cl_ord_id, is_trigger=trigger_kind is not None)
        raise WireError(profile.unknown_symbol, why=f"nothing is listed as {symbol[:100]!r}")
    quantity = _read(market.sizes, size, "size")
    limit = None if limit_text is None else _read(market.prices, limit_text, "limitPrice")
    stop = None if stop_text is None else _read(market.prices, stop_text, "stopPrice")
    trail = offset = None
    if trigger_kind is not None:
        trail = decode_trail(arguments, market.prices, cl_ord_id) if kind == TRAILING else None
        offset = decode_offset(arguments, market.prices, cl_ord_id)
    refused = _why_not_sent(cl_ord_id, quantity, limit, stop)
    if refused is None and trigger_kind is None and arguments.text("stopPrice") is not None:
        refused = "orderForEditNotAStop"
    if refused is not None:
        if deadline is not None and deadline < asked.now:
            refused = "wouldProcessAfterSpecifiedTime"
        status = CLOSED.get(market.mode, refused)
        return NotSent(status, cl_ord_id, is_trigger=trigger_kind is not None)
    for distance in (trail, offset):
        if isinstance(distance, NotSent):
            return distance
    trigger = None
    if trigger_kind is not None and signal is not None:
        assert not isinstance(stop, OffGrid)
        assert not isinstance(trail, NotSent) and not isinstance(offset, NotSent)
        trigger = Trigger(
            trigger_kind,
            Ticks(stop or 0),
            signal,
            _direction(trigger_kind, side),
            trail=trail,
            offset=offset,
        )
    if time_in_force is None:
        time_in_force = IOC if limit is None and offset is None else GTC
    assert not isinstance(quantity, OffGrid) and not isinstance(limit, OffGrid)
    return PlaceOrder(
        account=asked.account,
        symbol=market.symbol,
        side=side,
        quantity=Lots(quantity),
        limit_price=None if limit is None else Ticks(limit),
        time_in_force=time_in_force,
        cl_ord_id=cl_ord_id,
        post_only=kind == "post",
        reduce_only=reduce_only,
        trigger=trigger,
        market_cap=profile.market_cap if limit is None and offset is None else None,
        deadline=deadline,
        algo_id=algo_id,
        broker=broker,
        bounds=_bounds(profile),
    )


def decode_cancel_order(
    arguments: Arguments, asked: Asked, profile: Profile, *, deadline: Nanos | None = None
) -> CancelOrder:
    """The cancel of one order by one of its names; of two, `order_id` wins.

    An id that this venue never gave out becomes the name of no order, and is not found.
    Raises: WireError: neither is there, or one is unreadable.
    """
    order_id = arguments.text("order_id")
    cl_ord_id = arguments.text("cliOrdId")
    if order_id is None and cl_ord_id is None:
        raise errors.missing("order_id or cliOrdId")
    if deadline is None:
        deadline = decode_deadline(arguments, asked)
    if order_id is None:
        return CancelOrder(account=asked.account, cl_ord_id=cl_ord_id, deadline=deadline)
    number: OrderId | None = None
    if is_uuid(order_id):
        number = read_order_uuid(order_id)
    elif profile.malformed_order_id == "invalidArgument":
        raise errors.invalid("order_id", "not a UUID")
    return CancelOrder(account=asked.account, order_id=number or NO_ORDER, deadline=deadline)


def decode_cancel_all(
    arguments: Arguments, asked: Asked, listing: Listing, profile: Profile
) -> CancelOrders:
    """The cancel of all orders, of one contract, or of one margin account.

    Raises: WireError: the symbol is neither. A symbol that is there and empty is a mistake in a
    client, and must not turn into a cancel of everything.
    """
    if not arguments.has("symbol"):
        return CancelOrders(account=asked.account)
    symbol = arguments.text("symbol") or ""
    market = listing.find(symbol)
    if market is not None:
        return CancelOrders(account=asked.account, symbol=market.symbol)
    wallet = listing.wallets.get(symbol[:64].lower())
    if wallet is None:
        raise WireError(profile.unknown_symbol_error, why=f"nothing is listed as {symbol[:100]!r}")
    return CancelOrders(account=asked.account, wallet=wallet)


def decode_cancel_all_after(arguments: Arguments, asked: Asked) -> SetDeadMansSwitch:
    """The dead man's switch of an account; a timeout of 0, or none, disarms it.

    Raises: WireError: the timeout is not a whole number of seconds of 32 bits.
    """
    text = arguments.text("timeout") or "0"
    if len(text) > 10 or not (text.isascii() and text.isdigit()) or int(text) > TIMEOUT_MAX:
        raise errors.invalid("timeout")
    return SetDeadMansSwitch(account=asked.account, timeout=Nanos(int(text) * SECOND))


def decode_deadline(arguments: Arguments, asked: Asked) -> Nanos | None:
    """The market time after which a request must not be processed.

    Raises: WireError: it is not an ISO time.
    """
    name = "processBefore" if arguments.has("processBefore") else "ProcessBefore"
    moment = arguments.time(name)
    if moment is None:
        return None
    deadline = moment + asked.offset
    # A moment before 1970 is as over as 1970 itself, and one past the year 2262 never comes.
    return Nanos(min(max(deadline, 0), 2**63 - 1))


def decode_algo_id(text: str | None) -> str | None:
    """The name that a client gives its algorithm. Raises: WireError: too long or unprintable."""
    if not text:
        return None
    if len(text) > CL_ORD_ID_MAX or not text.isprintable():
        raise errors.invalid("algoId")
    return text


def _read(grid: Grid, text: str, name: str) -> int | OffGrid:
    number = grid.read(text)
    if number is None:
        raise errors.invalid(name)
    return number


def _why_not_sent(
    cl_ord_id: str | None,
    quantity: int | OffGrid,
    limit: int | OffGrid | None,
    stop: int | OffGrid | None,
) -> str | None:
    if cl_ord_id is not None:
        if len(cl_ord_id) > CL_ORD_ID_MAX:
            return "clientOrderIdTooBig"
        if not cl_ord_id.isprintable():
            return "clientOrderIdInvalid"
    if isinstance(quantity, OffGrid) or quantity <= 0:
        return "invalidSize"
    for price in (limit, stop):
        if price is not None and (isinstance(price, OffGrid) or price <= 0):
            return "invalidPrice"
    return None


def _bounds(profile: Profile) -> Bounds | None:
    """What the profile says of numbers of orders; None: what the venue says, too."""
    if profile.trailing_max == TRAILING_MAX and not profile.small_max:
        return None
    return Bounds(profile.trailing_max, profile.small_max)


def _broker(arguments: Arguments) -> str | None:
    """The account number of whoever brought the order, without its blanks."""
    text = arguments.text("broker")
    if text is None:
        return None
    number = text.replace(" ", "")
    if len(number) != BROKER or not (number.isascii() and number.isalnum()):
        raise errors.invalid("broker")
    return number


def _signal(arguments: Arguments, profile: Profile) -> Signal:
    signal = SIGNALS.get(arguments.text("triggerSignal") or profile.default_trigger_signal)
    if signal is None:
        raise errors.invalid("triggerSignal")
    return signal


def _direction(kind: TriggerKind, side: Side) -> Direction:
    """A stop buys above its price and sells below; a take-profit the other way round."""
    return Direction.ABOVE if (side is BUY) == (kind is TriggerKind.STOP) else Direction.BELOW
