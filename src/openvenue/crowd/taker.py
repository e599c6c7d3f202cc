"""What impatient traders do: buy or sell a little at the best price, and go home flat."""

from random import Random

from openvenue.engine.commands import PlaceOrder
from openvenue.engine.orders import BUY, IOC, SELL
from openvenue.engine.queries import MarketView
from openvenue.engine.units import AccountId, Lots


def plan_trade(
    account: AccountId, market: MarketView, size: Lots, held: Lots, bound: Lots, rng: Random
) -> PlaceOrder | None:
    """An order that takes up to about half of `size` from the best level; None if nobody is there.

    The larger the position `held` (signed), the likelier is an order that reduces it; from `bound`
    on it is certain.
    """
    side = BUY if rng.randrange(2 * bound) < bound - held else SELL
    price = market.ask if side is BUY else market.bid
    if price is None:
        return None
    share = rng.randint(10, 100)
    quantity = size * share * share // 20_000  # mostly small, sometimes half of the level
    return PlaceOrder(
        account=account,
        symbol=market.instrument.symbol,
        side=side,
        quantity=Lots(max(market.instrument.min_quantity, quantity)),
        limit_price=price,
        time_in_force=IOC,
    )
