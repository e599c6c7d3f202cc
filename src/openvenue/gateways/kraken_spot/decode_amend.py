"""Changes of orders in the words that both doors share, as commands.

Source: Kraken Spot REST, "Amend order"; WebSocket v2, the same.
"""

from msgspec import Struct

from openvenue.engine.commands import AmendOrder
from openvenue.engine.orders import Order
from openvenue.engine.units import AccountId, Lots, Nanos
from openvenue.gateways.kraken_spot import errors
from openvenue.gateways.kraken_spot.listing import Market
from openvenue.gateways.kraken_spot.prices import is_relative, read_price, read_trail
from openvenue.gateways.wire import WireError


class AmendTerms(Struct, kw_only=True):
    """What is to change: digits are text still, and prices are as REST has them."""

    quantity: str | None = None
    display: str | None = None
    limit: str | None = None
    trigger: str | None = None
    post_only: bool = False
    deadline: Nanos | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is."""
        return self.quantity is None and self.display is None and self.limit is self.trigger is None


def build_amend(terms: AmendTerms, order: Order, market: Market, account: AccountId) -> AmendOrder:
    """The change of a live order that `terms` ask for.

    Raises: WireError: nothing is to change, or to something unreadable.
    """
    if terms.is_empty:
        raise WireError(errors.NO_CHANGE)
    trigger = trail = None
    if terms.trigger is not None:
        if order.trigger is not None and order.trigger.trail is not None:
            trail = read_trail(market, terms.trigger)
        elif is_relative(terms.trigger):
            raise errors.invalid("trigger_price", "only a trailing stop has a relative one")
        else:
            trigger = read_price(market, terms.trigger)
    return AmendOrder(
        account=account,
        order_id=order.order_id,
        quantity=_lots(terms.quantity, market, "order_qty"),
        limit_price=None if terms.limit is None else read_price(market, terms.limit),
        trigger_price=trigger,
        deadline=terms.deadline,
        trail=trail,
        must_change=True,
        display=_lots(terms.display, market, "display_qty"),
        post_only=terms.post_only,
        may_end=True,
    )


def _lots(text: str | None, market: Market, name: str) -> Lots | None:
    if text is None:
        return None
    lots = market.size_grid.read(text)
    if not isinstance(lots, int) or lots <= 0:
        raise errors.invalid(name, text[:100])
    return Lots(lots)
