"""What ccxt knows of an exchange, as capabilities. Nothing is asked over the wire.

`has` tells which methods there are, `features` which arguments they take. Whether a mass cancel
needs a symbol, or knows what to do with one, is in neither: it is read from the method's own text.
"""

import inspect
import re
from collections.abc import Mapping
from typing import Any, Final

from openvenue.ems.connectors.port import Capabilities

OTHER_SYMBOLS: Final = "symbols that are not configured"
_NEEDS_SYMBOL: Final = re.compile(
    r"requires a symbol|check_required_symbol|check_required_argument\([^)]*symbol"
)
_USES_SYMBOL: Final = re.compile(r"\.market\(symbol\)|\.market_id\(symbol\)")

# Where waiting orders are in the same list as the others, though ccxt does not say so.
# Source: Binance Spot API, "Current open orders"; Kraken Spot REST, "Get open orders"; Kraken
# Futures REST, "Get open orders"; Pacifica, "Get open orders".
ONE_LIST: Final = (
    *(("binance", "spot"), ("binanceus", "spot"), ("kraken", "spot")),
    *(("krakenfutures", "swap"), ("krakenfutures", "future"), ("pacifica", "swap")),
)


def market_type(exchange: Any) -> str:
    """The kind of markets that the account is for: spot, swap, future, …"""
    chosen = exchange.options.get("defaultType")
    if chosen:
        return str(chosen)
    return "spot" if exchange.has.get("spot") or not exchange.has.get("swap") else "swap"


def feature(exchange: Any, *names: str) -> Any:
    """What ccxt says of a method for the account's markets; None: nothing."""
    found: Any = (exchange.features or {}).get(market_type(exchange))
    if isinstance(found, Mapping) and "linear" in found:
        found = found.get("linear") or found.get("inverse")
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def can(exchange: Any, method: str) -> bool:
    """Whether there is such a method, done by the exchange itself."""
    return exchange.has.get(method) is True


def needs_symbol(exchange: Any) -> bool:
    """Whether open orders are listed for one symbol at a time only."""
    return bool(feature(exchange, "fetchOpenOrders", "symbolRequired"))


def lists_triggers_apart(exchange: Any) -> bool:
    """Whether waiting orders have a list of their own."""
    return bool(feature(exchange, "fetchOpenOrders", "trigger"))


def takes_time(exchange: Any, word: str) -> bool:
    """Whether orders can be sent with a time in force: `IOC`, `FOK`, `PO` (makers only).

    Some exchanges' features claim it, and their code then drops the argument: an order that was to
    be gone at once would stay. So the code has to speak of it, too.
    """
    if not feature(exchange, "createOrder", "timeInForce", word):
        return False
    text = _placing(exchange)
    return "timeInForce" in text or (word == "PO" and "postOnly" in text)


def _placing(exchange: Any) -> str:
    """The text of whatever makes an order, in the exchange's own classes."""
    own = (it for it in type(exchange).__mro__ if it.__name__ not in ("Exchange", "object"))
    return "".join(
        inspect.getsource(method)
        for cls in own
        for name, method in vars(cls).items()
        if name.startswith("create_") and inspect.isfunction(method)
    )


def finds_by_name(exchange: Any) -> bool:
    """Whether fetchOrder takes the client's name of an order."""
    if not can(exchange, "fetchOrder"):
        return False
    return "clientOrderId" in inspect.getsource(type(exchange).fetch_order)


def capabilities(exchange: Any, *, is_live: bool) -> Capabilities:
    """As far as ccxt tells. What it leaves open counts as not there."""
    lists: tuple[str, ...] = ()
    unlistable: tuple[str, ...] = ()
    if can(exchange, "fetchOpenOrders"):
        lists = ("limit",)
    else:
        unlistable = ("limit",)
    name = (exchange.id, market_type(exchange))
    if lists and (lists_triggers_apart(exchange) or name in ONE_LIST):
        lists = (*lists, "trigger")
    elif feature(exchange, "createOrder", "triggerPrice") or not feature(exchange, "createOrder"):
        unlistable = (*unlistable, "trigger")
    if needs_symbol(exchange):
        unlistable = (*unlistable, OTHER_SYMBOLS)
    return Capabilities(
        mass_cancel=_mass_cancels(exchange),
        lists=lists,
        unlistable=unlistable,
        dead_mans_switch="native" if can(exchange, "cancelAllOrdersAfter") else "emulated",
        has_private_feed=False,
        is_live=is_live,
    )


def _mass_cancels(exchange: Any) -> tuple[str, ...]:
    if not can(exchange, "cancelAllOrders"):
        return ()
    text = inspect.getsource(type(exchange).cancel_all_orders)
    whole = () if _NEEDS_SYMBOL.search(text) else ("account",)
    return (*whole, "symbol") if _USES_SYMBOL.search(text) else whole
