"""Names of what is traded: an exchange's own, ccxt's, and one over all exchanges.

Source: CoinAPI, symbol identifiers; the ending of two of one name tells what they are settled in.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from openvenue.ems.connectors.ccxt.abilities import market_type, takes_time
from openvenue.ems.connectors.fitting import POST_ONLY
from openvenue.ems.orders import Terms, TimeInForce

KINDS: Final = {"spot": "SPOT", "swap": "PERP", "future": "FTS", "option": "OPT"}
# Where ccxt says nothing of an exchange's times in force, only the first is sure.
TIMES: Final = {TimeInForce.GTC: "", TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"}


class Markets:
    """What an exchange lists. Empty until its markets are loaded."""

    def __init__(self, exchange: Any, prefix: str) -> None:
        self._exchange = exchange
        self._prefix = prefix
        self._common: dict[str, str] = {}  # by ccxt's symbol
        self._own: dict[str, str] = {}  # the other way round
        self._named_from: object = None

    def find(self, own: str) -> Mapping[str, Any] | None:
        """The market of an exchange's own name, or of ccxt's. One id may mean several markets."""
        if not self._exchange.markets:
            return None
        by_id = self._exchange.markets_by_id.get(own) or []
        kind = market_type(self._exchange)
        for market in (*(it for it in by_id if it["type"] == kind), *by_id):
            found: Mapping[str, Any] = market
            return found
        return self._exchange.markets.get(own)  # type: ignore[no-any-return]

    def own_name(self, symbol: str | None) -> str:
        """The exchange's own name of ccxt's `symbol`; ccxt's, where its own means another."""
        market = (self._exchange.markets or {}).get(symbol)
        if market is None:
            return symbol or ""
        back = self.find(market["id"])
        is_same = back is not None and back["symbol"] == market["symbol"]
        return str(market["id"] if is_same else market["symbol"])

    def common_of(self, own: str) -> str:
        """The name over all exchanges; "" if there is no such market."""
        market = self.find(own)
        self._name_all()
        return "" if market is None else self._common.get(market["symbol"], "")

    def own_of(self, common: str) -> str:
        """The other way round."""
        self._name_all()
        symbol = self._own.get(common.upper())
        return "" if symbol is None else self.own_name(symbol)

    def _name_all(self) -> None:
        markets = self._exchange.markets or {}
        if self._named_from is markets:
            return
        self._named_from = markets
        self._common, self._own = {}, {}
        for market in sorted(markets.values(), key=_place):
            name = common_name(market, self._prefix)
            if name.upper() in self._own:
                name = f"{name}_{market.get('settle') or market['id']}"
            if name and name.upper() not in self._own:
                self._common[market["symbol"]] = name
                self._own[name.upper()] = market["symbol"]

    def why_unfit(self, terms: Terms) -> str:
        """Why an order cannot be sent as it stands: nothing is rounded here."""
        market = self.find(terms.symbol)
        if market is None:
            return f"This exchange has no symbol {terms.symbol}."
        if terms.time_in_force not in TIMES:
            return f"This exchange does not take {terms.time_in_force} orders."
        word = TIMES[terms.time_in_force]
        if word and not takes_time(self._exchange, word):
            return f"This exchange does not take {terms.time_in_force} orders."
        for instruction in terms.instructions:
            if instruction != POST_ONLY or not takes_time(self._exchange, "PO"):
                return f"This exchange does not take {instruction}."
        if terms.instructions and word:
            return f"{POST_ONLY} goes with {TimeInForce.GTC} only."
        if terms.reduce_only and not market.get("contract"):
            return "This exchange takes reduce-only orders in contracts only."
        return self._why_off_grid(market["symbol"], terms)

    def _why_off_grid(self, symbol: str, terms: Terms) -> str:
        grids = (
            ("Quantity", terms.quantity, self._exchange.amount_to_precision),
            ("Price", terms.price, self._exchange.price_to_precision),
        )
        for what, value, to_grid in grids:
            try:
                nearest = Decimal(to_grid(symbol, format(value, "f")))
            except (ArithmeticError, InvalidOperation, self._exchange_errors()):
                return f"{what} {value} is too small for this exchange."
            if nearest != value:
                return f"{what} {value} is not on this exchange's grid: next to it is {nearest}."
        return ""

    def _exchange_errors(self) -> type[Exception]:
        import ccxt

        return ccxt.BaseError  # type: ignore[no-any-return]


def common_name(market: Mapping[str, Any], prefix: str) -> str:
    """As CoinAPI would call it; "" of kinds that it has no pattern for here."""
    kind = KINDS.get(market["type"])
    base, quote = market.get("base"), market.get("quote")
    if kind is None or not base or not quote:
        return ""
    name = f"{prefix}_{kind}_{base}_{quote}"
    if kind in ("FTS", "OPT"):
        date = str(market.get("expiryDatetime") or "")[2:10].replace("-", "")
        name = f"{name}_{date}"
    if kind == "OPT":
        name = f"{name}_{market.get('strike')}_{str(market.get('optionType') or '?')[0].upper()}"
    return name


def _place(market: Mapping[str, Any]) -> tuple[bool, str]:
    """Linear before inverse, and then by name: so the same market always has the short name."""
    return bool(market.get("inverse")), str(market["symbol"])
