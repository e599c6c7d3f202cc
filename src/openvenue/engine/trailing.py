"""Trailing stops and relative limits: prices that follow other prices, cut to the grid.

A trailing stop is rounded away from the signal, so that a new one never fires at once.
Source: Kraken Futures REST, "Send order", orderType trailing_stop, limitPriceOffsetValue.
"""

from typing import Final

from openvenue.engine.contracts import Contract
from openvenue.engine.orders import Direction, Distance, Trigger
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import PPB_ONE, Ticks

ABOVE: Final = Direction.ABOVE
OFFSET_TOO_HIGH: Final = RejectReason.OFFSET_TOO_HIGH
OFFSET_TOO_LOW: Final = RejectReason.OFFSET_TOO_LOW


def is_behind(trail: Distance) -> bool:
    """Whether a trailing stop can follow at this distance: behind its signal, and above zero."""
    return trail.ticks >= 0 and 0 <= trail.share < PPB_ONE


def trail_price(trigger: Trigger, trail: Distance, signal: int, contract: Contract) -> Ticks:
    """Where a trailing stop fires, if the best price of its signal is the fine price `signal`.

    Below it for a sell, above it for a buy. The result may be no price at all (0 or less).
    """
    tick = contract.tick_fine
    if trigger.direction is ABOVE:
        return Ticks(-(-signal * (PPB_ONE + trail.share) // (PPB_ONE * tick)) + trail.ticks)
    return Ticks(signal * (PPB_ONE - trail.share) // (PPB_ONE * tick) - trail.ticks)


def moves_at(trigger: Trigger, trail: Distance, contract: Contract) -> int:
    """The fine price of its signal nearest to now at which a trailing stop moves by a tick."""
    one = PPB_ONE * contract.tick_fine
    if trigger.direction is ABOVE:
        return (trigger.price - 1 - trail.ticks) * one // (PPB_ONE + trail.share)
    return -(-(trigger.price + 1 + trail.ticks) * one // (PPB_ONE - trail.share))


def limit_of(trigger: Trigger, offset: Distance) -> Ticks:
    """The limit of an order whose trigger fires at its price; may be off all bounds.

    A share is rounded towards zero. Source: as above; the sign is the owner's.
    """
    return away(trigger.price, offset)


def away(price: Ticks, distance: Distance) -> Ticks:
    """The price that is so far from another; may be off all bounds, as a share rounded to zero."""
    part = abs(price * distance.share) // PPB_ONE
    return Ticks(price + distance.ticks + (part if distance.share >= 0 else -part))


def why_offset_refuses(trigger: Trigger, contract: Contract) -> RejectReason | None:
    """Whether a relative limit would be no price, were its trigger to fire where it is."""
    if trigger.offset is None:
        return None
    limit = limit_of(trigger, trigger.offset)
    if limit > contract.max_price:
        return OFFSET_TOO_HIGH
    return OFFSET_TOO_LOW if limit <= 0 else None
