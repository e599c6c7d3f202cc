"""What it would cost to trade a given depth of a book now: the prices behind mark and funding."""

from openvenue.engine.book import Ladder
from openvenue.engine.markets import Market


def impact_mid(market: Market) -> int:
    """Half-way between what the impact size costs to buy and to sell, as a FinePrice; 0: too thin.

    Source: Kraken Futures, "Contract specifications", impact mid size.
    """
    size = int(market.contract.instrument.impact_size)
    buy = _cost(market.book.asks, size)
    sell = _cost(market.book.bids, size)
    if buy == 0 or sell == 0:
        return 0
    return (buy + sell) * market.contract.tick_fine // (2 * size)


def impact_price(market: Market, sign: int, notional: int) -> int:
    """The average price at which so much notional would trade against one side, as a FinePrice.

    `sign` is the side of the book that is met: 1 for its bids. `notional` is in lots times ticks.
    0: that side has less. Source: Pacifica, "Funding rates", impact price.
    """
    left = notional
    lots = 0
    for level in (market.book.bids if sign > 0 else market.book.asks).best_first():
        if level.quantity * level.price >= left:
            # The last lots are a fraction of one: left / price.
            tick = market.contract.tick_fine
            return notional * level.price * tick // (lots * level.price + left)
        left -= level.quantity * level.price
        lots += level.quantity
    return 0


def _cost(ladder: Ladder, size: int) -> int:
    """Ticks times lots of the best `size` lots; 0 if there are fewer."""
    left = size
    paid = 0
    for level in ladder.best_first():
        taken = min(left, level.quantity)
        paid += taken * level.price
        left -= taken
        if left == 0:
            return paid
    return 0
