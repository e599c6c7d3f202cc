"""Take-profits and stop-losses: attached to an order, or guarding a position.

Source: Pacifica, "Create order", take_profit, stop_loss; "Create position TP/SL".
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from openvenue.engine.orders import BUY, Direction, Leg, Side, Signal, Trigger, TriggerKind
from openvenue.engine.units import Lots, Ticks
from openvenue.gateways.pacifica import errors
from openvenue.gateways.pacifica.fields import Fields
from openvenue.gateways.pacifica.listing import Market
from openvenue.gateways.pacifica.numbers import on_grid
from openvenue.gateways.pacifica.profile import Profile

SIGNALS: Final = {
    "mark_price": Signal.MARK,
    "last_trade_price": Signal.LAST,
    "mid_price": Signal.MID,
}
SIGNAL_WORDS: Final = {signal: word for word, signal in SIGNALS.items()}
KINDS: Final = {"take_profit": TriggerKind.TAKE_PROFIT, "stop_loss": TriggerKind.STOP}


class LegDraft(Struct, frozen=True, kw_only=True):
    """A take-profit or a stop-loss of a readable body; its numbers are still text."""

    kind: TriggerKind
    stop_price: str
    signal: Signal
    limit_price: str | None
    client_order_id: str | None
    amount: str | None


class TpslDraft(Struct, frozen=True):
    """What is to guard a position; `side` is the side that closes it."""

    symbol: str
    side: Side
    legs: tuple[LegDraft, ...]


def decode_legs(fields: Fields, profile: Profile) -> tuple[LegDraft, ...]:
    """Those that are there, the take-profit first. Raises: Failure."""
    return tuple(
        _decode_leg(fields.inner(name), kind, profile)
        for name, kind in KINDS.items()
        if fields.has(name)
    )


def decode_tpsl(body: Mapping[str, Any], profile: Profile) -> TpslDraft:
    """POST /positions/tpsl. Raises: Failure."""
    fields = Fields(body, errors.INVALID_PARAMETERS)
    legs = decode_legs(fields, profile)
    if not legs:
        raise fields.wrong("take_profit or stop_loss")
    return TpslDraft(fields.text("symbol"), fields.side(), legs)


def _decode_leg(fields: Fields, kind: TriggerKind, profile: Profile) -> LegDraft:
    signal = SIGNALS.get(fields.maybe("trigger_price_type") or profile.default_trigger)
    if signal is None:
        raise fields.wrong("trigger_price_type")
    return LegDraft(
        kind=kind,
        stop_price=fields.decimal("stop_price"),
        signal=signal,
        limit_price=fields.decimal("limit_price") if fields.has("limit_price") else None,
        client_order_id=fields.client_order_id(),
        amount=fields.decimal("amount") if fields.has("amount") else None,
    )


def build_leg(draft: LegDraft, side: Side, market: Market, profile: Profile) -> Leg:
    """The leg of a draft, on the side that closes. Raises: Failure: a number off the grid.

    A take-profit sells above its price and buys below; a stop-loss the other way round.
    """
    prices = market.prices
    stop = on_grid(draft.stop_price, prices, "stop price", "tick size", profile)
    limit = quantity = None
    if draft.limit_price is not None:
        limit = Ticks(on_grid(draft.limit_price, prices, "price", "tick size", profile))
    if draft.amount is not None:
        quantity = Lots(on_grid(draft.amount, market.sizes, "amount", "lot size", profile))
        if quantity == 0:
            text = f"Invalid stop order amount: {draft.amount}"
            raise errors.refused(text, errors.INVALID_STOP_AMOUNT)
    is_above = (side is BUY) == (draft.kind is TriggerKind.STOP)
    direction = Direction.ABOVE if is_above else Direction.BELOW
    return Leg(
        Trigger(draft.kind, Ticks(stop), draft.signal, direction),
        limit,
        quantity,
        draft.client_order_id,
        profile.stop_slippage if limit is None else None,
    )
