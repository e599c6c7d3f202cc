"""From a readable order to a command: what the market and the account add, and refuse at once."""

from openvenue.engine.commands import PlaceOrder
from openvenue.engine.orders import BUY
from openvenue.gateways.pacifica import codec, errors
from openvenue.gateways.pacifica.desk import Desk, Who
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
