"""Orders of the socket in the words that both doors share.

What is missing is said in the socket's own words. Source: Kraken Spot WebSocket v2, "Add order".
"""

from openvenue.gateways.kraken_spot import errors, frames
from openvenue.gateways.kraken_spot.decode import Asked, read_moment_text
from openvenue.gateways.kraken_spot.listing import Listing, Market
from openvenue.gateways.kraken_spot.prices import relative_text
from openvenue.gateways.kraken_spot.terms import (
    LIMITED,
    TRAILING,
    TRIGGERS,
    CloseTerms,
    Terms,
)
from openvenue.gateways.wire import WireError


def read_terms(
    asked: frames.AddOrder,
    quantity: str | None,
    limit: str | None,
    when: Asked,
    listing: Listing,
    symbol: str | None = None,
) -> tuple[Terms, Market, tuple[str, ...]]:
    """What an order asks for, of which pair, and what is said about deprecated members.

    `quantity` and `limit` are the digits of those members; a batch has one `symbol` for all.
    Raises: WireError.
    """
    kind = needed(asked.order_type, "Order_type")
    side = needed(asked.side, "Side")
    symbol = needed(asked.symbol if symbol is None else symbol, "Symbol")
    market = find_market(symbol, listing)
    if asked.sender_sub_id is not None:
        raise WireError(errors.LATER)
    if asked.margin:
        raise WireError(errors.NO_MARGIN)
    if asked.reduce_only:
        raise WireError(errors.NO_REDUCING)
    cash = frames.digits(asked.cash_order_qty, "cash_order_qty")
    if quantity is None and cash is None:
        raise WireError("Order_qty(s) not found")
    if quantity is not None and cash is not None:
        raise errors.invalid("cash_order_qty", "with a quantity beside it")
    trigger, signal, warnings = read_triggers(asked)
    limit = limit_text(kind, limit, asked.limit_price_type)
    if limit is None and kind in LIMITED:
        raise WireError("Limit_price(s) not found")
    if trigger is None and TRIGGERS.get(kind) is not None:
        raise WireError("Stop_price(s) not found")
    terms = Terms(
        kind=kind,
        side=side,
        quantity=quantity or cash or "",
        limit=limit,
        trigger=trigger,
        signal=signal,
        time_in_force=asked.time_in_force,
        post_only=asked.post_only,
        self_trade=asked.stp_type,
        cl_ord_id=asked.cl_ord_id,
        user_ref=frames.integer(asked.order_userref, "order_userref"),
        expires=read_moment_text(asked.expire_time, when, "expire_time"),
        starts=read_moment_text(asked.effective_time, when, "effective_time"),
        display=frames.digits(asked.display_qty, "display_qty"),
        is_cash=cash is not None,
        close=None if asked.conditional is None else read_conditional(asked.conditional),
    )
    return terms, market, warnings


def find_market(symbol: str, listing: Listing) -> Market:
    """The pair of a symbol. Raises: WireError: it is not listed."""
    market = listing.symbol(symbol)
    if market is None:
        raise WireError(why_no_market(symbol))
    return market


def limit_text(kind: str, limit: str | None, price_type: str | None) -> str | None:
    """A limit as REST words it; that of a trailing stop is so far from its trigger.

    Raises: WireError: a type that it cannot have.
    """
    if limit is None:
        return None
    if kind not in TRAILING:
        if price_type not in (None, "static"):
            raise errors.invalid("limit_price_type", str(price_type)[:100])
        return limit
    price_type = "quote" if price_type is None else price_type
    if price_type == "static":
        raise errors.invalid("limit_price_type", "it is so far from the trigger's price")
    return relative_text(limit, price_type, "limit_price_type")


def read_conditional(asked: frames.Conditional) -> CloseTerms:
    """What each fill is to bring. Raises: WireError."""
    kind = needed(asked.order_type, "Order_type")
    trigger = frames.digits(asked.trigger_price, "trigger_price")
    if trigger is None:
        trigger = frames.digits(asked.stop_price, "stop_price")
    if trigger is not None:
        trigger = relative_text(trigger, asked.trigger_price_type, "trigger_price_type")
    limit = frames.digits(asked.limit_price, "limit_price")
    if limit is not None:
        usual = "quote" if kind in TRAILING else "static"
        price_type = asked.limit_price_type or usual
        limit = relative_text(limit, price_type, "limit_price_type")
    if limit is None and kind in LIMITED:
        raise WireError("Limit_price(s) not found")
    if trigger is None and TRIGGERS.get(kind) is not None:
        raise WireError("Stop_price(s) not found")
    return CloseTerms(kind=kind, limit=limit, trigger=trigger)


def needed(value: str | None, name: str) -> str:
    """What has to be there. Raises: WireError: it is not."""
    if value is None:
        raise WireError(f"{name}(s) not found")
    return value


def why_no_market(symbol: str) -> str:
    """The words for a symbol that is not listed."""
    if "/" not in symbol:
        return f"Currency pair not in ISO 4217-A3 format {symbol[:100]}"
    return f"Currency pair not supported {symbol[:100]}"


def read_triggers(asked: frames.AddOrder) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Price and signal of a trigger, and what is said about deprecated members. Raises: WireError.

    Source: Kraken Spot WebSocket v2, "Add order", the warnings seen on subscriptions.
    """
    price = signal = None
    if asked.triggers is not None:
        price = frames.digits(asked.triggers.price, "price")
        if price is not None and asked.triggers.price_type != "static":
            price = relative_text(price, asked.triggers.price_type, "price_type")
        signal = asked.triggers.reference
    if asked.stop_price is frames.NONE and asked.trigger is None and asked.no_mpp is None:
        return price, signal, ()
    warnings = []
    old = frames.digits(asked.stop_price, "stop_price")
    if old is not None:
        price = old if price is None else price
        warnings.append("stop_price is deprecated, use triggers.price")
    if asked.trigger is not None:
        signal = asked.trigger if signal is None else signal
        warnings.append("trigger is deprecated use triggers.reference")
    if asked.no_mpp is not None:
        warnings.append("no_mpp is deprecated")
    return price, signal, tuple(warnings)
