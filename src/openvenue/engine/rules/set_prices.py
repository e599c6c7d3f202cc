"""Index and mark prices.

The mark follows the index at a smoothed premium: what the contract's impact mid price was above or
below the index, averaged over a minute. Source: Kraken Futures, "Mark price"; the length of the
average is unpublished.
"""

from decimal import Decimal
from typing import Final

from openvenue.engine.commands import SetIndexPrice, SetMarkPrice
from openvenue.engine.events import Event, IndexPriceSet, MarkPriceSet, Refused
from openvenue.engine.impact import impact_mid
from openvenue.engine.markets import Market
from openvenue.engine.reasons import RejectReason
from openvenue.engine.state import State
from openvenue.engine.units import (
    FINE_PRICE_MAX,
    PPB_ONE,
    SECOND,
    FinePrice,
    fine_price,
    is_workable,
)

SMOOTHING: Final = 60 * SECOND
PREMIUM_MAX: Final = 10**18  # in parts per billion; no market has it, and a journal can hold it


def set_index_price(state: State, command: SetIndexPrice) -> list[Event]:
    """IndexPriceSet, then the mark price of each contract on the index."""
    price = _read(command.price)
    markets = state.indexes.get(command.index, [])
    is_known = bool(markets) or command.index in state.collateral
    least = max([_least(market) for market in markets], default=1)
    if not is_known or not least <= price <= FINE_PRICE_MAX:
        return [Refused(reason=RejectReason.INVALID, detail=command.index)]
    events: list[Event] = [IndexPriceSet(index=command.index, price=FinePrice(price))]
    for market in markets:
        if not market.is_mark_pinned:
            events.append(_mark(market, price, premium_after(market, price, state.now)))
    return events


def set_mark_price(state: State, command: SetMarkPrice) -> list[Event]:
    """A pinned mark price, or the rule's own again."""
    market = state.markets.get(command.symbol)
    if market is None:
        return [Refused(reason=RejectReason.MARKET_NOT_FOUND, detail=command.symbol)]
    if command.price is None:
        if market.index == 0:
            return [Refused(reason=RejectReason.INVALID, detail="index")]  # nothing to follow
        return [_mark(market, market.index, 0)]
    price = FinePrice(_read(command.price))
    if not _least(market) <= price <= FINE_PRICE_MAX:
        return [Refused(reason=RejectReason.INVALID, detail="price")]
    return [MarkPriceSet(symbol=market.symbol, price=price, premium=market.premium, is_pinned=True)]


def _read(price: Decimal) -> int:
    """A price from outside on the fine grid; 0 where it is none."""
    return int(fine_price(price)) if is_workable(price) else 0


def _least(market: Market) -> int:
    """The lowest price that a market's positions can be valued at, and that be written down.

    An inverse one is worth the more the lower its price is, without end: a tick is where it stops.
    """
    return market.contract.tick_fine if market.contract.is_inverse else 1


def premium_after(market: Market, index: int, now: int) -> int:
    """The smoothed premium at `now`, in parts per billion of `index`.

    One sample moves it by the share of the smoothing time that has passed; a book without enough
    depth on both sides tells nothing, and leaves it.
    """
    mid = impact_mid(market)
    if mid == 0 or market.marked == 0:
        return market.premium
    sample = min((mid - index) * PPB_ONE // index, PREMIUM_MAX)
    passed = min(now - market.marked, SMOOTHING)
    return market.premium + (sample - market.premium) * passed // SMOOTHING


def _mark(market: Market, index: int, premium: int) -> Event:
    price = min(max(index + index * premium // PPB_ONE, _least(market)), FINE_PRICE_MAX)
    return MarkPriceSet(
        symbol=market.symbol, price=FinePrice(price), premium=premium, is_pinned=False
    )
