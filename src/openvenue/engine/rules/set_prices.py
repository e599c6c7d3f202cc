"""Index and mark prices.

The mark follows the index at a smoothed premium: what the contract's impact mid price was above or
below the index, averaged over a time that the instrument says. Source: Kraken Futures, "Mark
price"; how long it is there is unpublished. Where a market has another rule it is looked at at the
same moments: when an index moves. Source: Pacifica, "Oracle price and mark price".
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
    FinePrice,
    fine_price,
    is_workable,
)

PREMIUM_MAX: Final = 10**18  # in parts per billion; no market has it, and a journal can hold it


def set_index_price(state: State, command: SetIndexPrice) -> list[Event]:
    """IndexPriceSet, then the mark price of each contract on the index."""
    price = _read(command.price)
    markets = state.indexes.get(command.index, [])
    others = state.elsewhere.get(command.index, [])
    is_known = bool(markets) or bool(others) or command.index in state.collateral
    least = max([_least(market) for market in markets + others], default=1)
    if not is_known or not least <= price <= FINE_PRICE_MAX:
        return [Refused(reason=RejectReason.INVALID, detail=command.index)]
    events: list[Event] = [IndexPriceSet(index=command.index, price=FinePrice(price))]
    for market in markets:
        if not market.is_mark_pinned:
            elsewhere = price if market in others else market.elsewhere
            events.append(_mark_at(market, price, elsewhere, state.now))
    for market in others:
        if market not in markets and market.index and not market.is_mark_pinned:
            events.append(_mark_at(market, market.index, price, state.now))
    return events


def _mark_at(market: Market, index: int, elsewhere: int, now: int) -> Event:
    """The mark by the market's own rule, at an index and a price elsewhere that it may not know."""
    if market.contract.instrument.mark is None:
        return _mark(market, index, premium_after(market, index, now))
    return _mark(market, median_mark(market, index, elsewhere), 0)


def median_mark(market: Market, index: int, elsewhere: int) -> int:
    """The middle one of the index, what the book says, and a price elsewhere (0: as the index).

    An empty book without a trade says nothing, and the index stands for it.
    """
    return sorted([index, _book_price(market) or index, elsewhere or index])[1]


def _book_price(market: Market) -> int:
    """The middle one of best bid, best ask and last trade; of two their mean; 0: there is none."""
    bid, ask = market.book.bids.best(), market.book.asks.best()
    told = [] if bid is None else [bid.price]
    if ask is not None:
        told.append(ask.price)
    if market.last:
        told.append(market.last)
    told.sort()
    tick = market.contract.tick_fine
    if not told:
        return 0
    if len(told) == 2:
        return (told[0] + told[1]) * tick // 2
    return told[len(told) // 2] * tick


def set_mark_price(state: State, command: SetMarkPrice) -> list[Event]:
    """A pinned mark price, or the rule's own again."""
    market = state.markets.get(command.symbol)
    if market is None:
        return [Refused(reason=RejectReason.MARKET_NOT_FOUND, detail=command.symbol)]
    if command.price is None:
        if market.index == 0:
            return [Refused(reason=RejectReason.INVALID, detail="index")]  # nothing to follow
        if market.contract.instrument.mark is None:
            return [_mark(market, market.index, 0)]
        return [_mark_at(market, market.index, market.elsewhere, state.now)]
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
    smoothing = market.contract.instrument.mark_smoothing
    passed = min(now - market.marked, smoothing)
    return market.premium + (sample - market.premium) * passed // smoothing


def _mark(market: Market, index: int, premium: int) -> Event:
    price = min(max(index + index * premium // PPB_ONE, _least(market)), FINE_PRICE_MAX)
    return MarkPriceSet(
        symbol=market.symbol, price=FinePrice(price), premium=premium, is_pinned=False
    )
