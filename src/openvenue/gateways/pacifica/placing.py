"""From a readable order to a command: what the market and the account add, and refuse at once."""

from openvenue.engine.commands import PlaceOrder
from openvenue.engine.orders import BUY
from openvenue.gateways.pacifica import codec, errors
from openvenue.gateways.pacifica.desk import Desk, Who
from openvenue.gateways.pacifica.legs import TpslDraft, build_leg
from openvenue.gateways.pacifica.listing import Market


async def order_of(desk: Desk, draft: codec.OrderDraft, who: Who, market: Market) -> PlaceOrder:
    """The command of a draft. Raises: Failure: it can be refused before the venue is asked."""
    if draft.builder_code is not None:
        text = f"Builder code not approved: {draft.builder_code[:16]}"
        raise errors.Failure(text, status=403)
    if draft.legs and draft.reduce_only:
        text = "Invalid stop order reduce only"
        raise errors.refused(text, errors.INVALID_STOP_REDUCE_ONLY)
    if (draft.reduce_only or draft.legs) and market.is_spot:
        raise errors.refused(
            "Reduce-only orders are not supported for spot", errors.REDUCE_ONLY_SPOT
        )
    view = await desk.view(market)
    mark = view.mark if view.mark is not None else view.index
    if draft.slippage is not None and (view.ask if draft.side is BUY else view.bid) is None:
        raise errors.refused(errors.NO_PRICE, errors.NO_REASONABLE_PRICE)
    command = codec.place_order(draft, who.account, codec.Terms(market, mark), desk.profile)
    if command.quantity == 0 and command.trigger is not None:
        raise errors.refused(
            f"Invalid stop order amount: {draft.amount}", errors.INVALID_STOP_AMOUNT
        )
    return command


async def guards_of(
    desk: Desk, draft: TpslDraft, who: Who, market: Market, placed: int = 0
) -> list[PlaceOrder]:
    """What guards a position, the take-profit first.

    `placed` are signed lots that orders right before them may add to it. Raises: Failure: a number
    off the grid, or no such position.
    """
    legs = [build_leg(it, draft.side, market, desk.profile) for it in draft.legs]
    held = await _held(desk, who, market)
    expected = held or placed
    if expected == 0:
        raise errors.refused("Position not found", errors.NO_POSITION)
    if (expected > 0) is (draft.side is BUY):
        raise errors.refused("Invalid stop order side", errors.INVALID_STOP_SIDE)
    return [codec.guard_position(leg, draft.side, expected, who.account, market) for leg in legs]


async def why_no_guard(desk: Desk, who: Who, market: Market) -> errors.Failure:
    """What is said where there is nothing to guard from that side."""
    if await _held(desk, who, market) == 0:
        return errors.refused("Position not found", errors.NO_POSITION)
    return errors.refused("Invalid stop order side", errors.INVALID_STOP_SIDE)


async def _held(desk: Desk, who: Who, market: Market) -> int:
    view = await desk.account(who.account)
    return next((it.quantity for it in view.positions if it.symbol == market.symbol), 0)
