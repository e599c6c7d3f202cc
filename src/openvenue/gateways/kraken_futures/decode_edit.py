"""This API's words for the change of an order, as a command.

A change names its order and not its market, whose grid its numbers are read on: who decodes it has
looked the order up. Source: Kraken Futures REST, "Edit order", "Batch order management".
"""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from openvenue.engine.commands import AmendOrder
from openvenue.engine.orders import OrderView
from openvenue.engine.units import Lots, Nanos, OrderId, Ticks
from openvenue.gateways.kraken_futures import errors
from openvenue.gateways.kraken_futures.arguments import Arguments
from openvenue.gateways.kraken_futures.asking import Asked, NotSent
from openvenue.gateways.kraken_futures.decode import CLOSED, NO_ORDER, decode_deadline
from openvenue.gateways.kraken_futures.decode_distance import TRAIL, decode_trail
from openvenue.gateways.kraken_futures.ids import is_uuid, read_order_uuid
from openvenue.gateways.kraken_futures.listing import Market
from openvenue.gateways.kraken_futures.numbers import Grid, OffGrid
from openvenue.gateways.kraken_futures.profile import Profile

ANY: Final = Grid(Decimal(1))  # tells numbers from other texts where no market is known


class EditName(Struct, frozen=True):
    """How a change names its order: one of the two."""

    order_id: OrderId | None = None
    cl_ord_id: str | None = None


class EditTarget(Struct, frozen=True):
    """The order that a change is about, as far as it is known before the change is decided."""

    market: Market
    name: EditName  # by number where it has one already
    view: OrderView | None = None  # as it was when it was looked up


def decode_edit_name(arguments: Arguments, profile: Profile) -> EditName:
    """Which order is to be changed; of two names the id wins, spelled as here or as in a batch.

    Raises: WireError: neither is there, or the id is unreadable.
    """
    order_id = arguments.text("orderId") or arguments.text("order_id")
    cl_ord_id = arguments.text("cliOrdId")
    if order_id is None:
        if cl_ord_id is None:
            raise errors.missing("orderId or cliOrdId")
        return EditName(cl_ord_id=cl_ord_id)
    if is_uuid(order_id):
        return EditName(read_order_uuid(order_id) or NO_ORDER)
    if profile.malformed_order_id == "invalidArgument":
        raise errors.invalid("orderId", "not a UUID")
    return EditName(NO_ORDER)


def decode_edit(
    arguments: Arguments,
    asked: Asked,
    target: EditTarget | None,
    profile: Profile,
    *,
    deadline: Nanos | None = None,
) -> AmendOrder | NotSent:
    """The change asked for; `target` is None where the account has no such order.

    That is a change of nothing, which the venue refuses and remembers.
    `size` is what is left to trade, or with `qtyMode=ABSOLUTE` all of the order.
    Raises: WireError: an argument is unreadable.
    """
    mode = arguments.text("qtyMode") or "RELATIVE"
    if mode not in ("RELATIVE", "ABSOLUTE"):
        raise errors.invalid("qtyMode")
    sizes, prices = (ANY, ANY) if target is None else (target.market.sizes, target.market.prices)
    size = _read(sizes, arguments, "size")
    limit = _read(prices, arguments, "limitPrice")
    stop = _read(prices, arguments, "stopPrice")
    trail = None
    if any(arguments.text(name) is not None for name in TRAIL):
        trail = decode_trail(arguments, prices)
    if deadline is None:
        deadline = decode_deadline(arguments, asked)
    cl_ord_id = arguments.text("cliOrdId")
    if target is None:
        name = decode_edit_name(arguments, profile)
        return AmendOrder(
            account=asked.account,
            order_id=name.order_id,
            cl_ord_id=name.cl_ord_id,
            deadline=deadline,
            must_change=True,
        )
    refused = None
    if isinstance(size, OffGrid) or (size is not None and size <= 0):
        refused = "invalidSize"
    elif any(isinstance(it, OffGrid) or (it is not None and it <= 0) for it in (limit, stop)):
        refused = "invalidPrice"
    elif isinstance(trail, NotSent):
        refused = trail.status
    if refused is not None:
        if deadline is not None and deadline < asked.now:
            refused = "wouldProcessAfterSpecifiedTime"
        else:
            refused = CLOSED.get(target.market.mode, refused)
        return NotSent(refused, cl_ord_id, trail.error if isinstance(trail, NotSent) else "")
    assert not isinstance(size, OffGrid)
    assert not isinstance(limit, OffGrid)
    assert not isinstance(stop, OffGrid)
    assert not isinstance(trail, NotSent)
    lots = None if size is None else Lots(size)
    return AmendOrder(
        account=asked.account,
        order_id=target.name.order_id,
        cl_ord_id=target.name.cl_ord_id,
        quantity=lots if mode == "ABSOLUTE" else None,
        leaves=lots if mode == "RELATIVE" else None,
        limit_price=None if limit is None else Ticks(limit),
        trigger_price=None if stop is None else Ticks(stop),
        deadline=deadline,
        trail=trail,
        must_change=profile.edit_without_effect == "refused",
        loses_place=profile.edit_place == "always_lost",
    )


def _read(grid: Grid, arguments: Arguments, name: str) -> int | OffGrid | None:
    """None: it was not sent."""
    text = arguments.text(name)
    if text is None:
        return None
    number = grid.read(text)
    if number is None:
        raise errors.invalid(name)
    return number
