"""Bodies to drafts, and drafts to commands.

A body is read in two steps, because the service checks in that order: its shape before anybody
asks who signed it, prices and sizes against the grid after that. A draft is what lies between.
Source: Pacifica, "Create order", "Create market order", "Create stop order", "Cancel order",
"Cancel all orders", "Update leverage", "Update margin mode".
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from openvenue.engine.commands import CancelOrder, CancelOrders, PlaceOrder, ReplaceOrder
from openvenue.engine.orders import (
    BUY,
    FOK,
    GTC,
    IOC,
    Direction,
    Extras,
    Leg,
    SelfTrade,
    Side,
    TimeInForce,
    Trigger,
    TriggerKind,
)
from openvenue.engine.units import (
    AccountId,
    FinePrice,
    Lots,
    OrderId,
    Symbol,
    Ticks,
    is_workable,
)
from openvenue.gateways.numbers import DIGITS_MAX
from openvenue.gateways.pacifica import errors
from openvenue.gateways.pacifica.fields import Fields
from openvenue.gateways.pacifica.legs import SIGNALS, LegDraft, build_leg, decode_legs
from openvenue.gateways.pacifica.listing import Market
from openvenue.gateways.pacifica.numbers import on_grid
from openvenue.gateways.pacifica.profile import Profile

INVALID_ORDER: Final = "Invalid order parameters"
TIFS: Final = ("GTC", "IOC", "ALO", "TOB")
OLD_TIFS: Final = ("FOK", "PO")
HUNDRED: Final = Decimal(100)


class OrderDraft(Struct, frozen=True, kw_only=True):
    """An order of a readable body; its numbers are still text."""

    symbol: str
    side: Side
    amount: str
    reduce_only: bool
    client_order_id: str | None
    price: str | None = None
    tif: str = "GTC"
    slippage: str | None = None  # percent; set for market orders
    stop_price: str | None = None
    trigger: str = ""
    legs: tuple[LegDraft, ...] = ()  # that come with it
    builder_code: str | None = None


class CancelDraft(Struct, frozen=True):
    """A cancel of a readable body."""

    symbol: str
    order_id: int | None
    client_order_id: str | None


class EditDraft(Struct, frozen=True):
    """Another price and size for a resting order, of a readable body."""

    symbol: str
    price: str
    amount: str | None  # None: what is left
    order_id: int | None
    client_order_id: str | None


class CancelAllDraft(Struct, frozen=True):
    """A cancel of everything."""

    symbol: str | None  # None: of every symbol
    keep_reduce_only: bool


class Terms(Struct, frozen=True):
    """What of an order depends on the market: the grid, and where it stands now."""

    market: Market
    mark: FinePrice | None


def decode_create(body: Mapping[str, Any], profile: Profile) -> OrderDraft:
    """POST /orders/create. Raises: Failure."""
    fields = Fields(body, INVALID_ORDER)
    tif = fields.text("tif")
    if tif not in TIFS and not (profile.accepts_fok_and_po and tif in OLD_TIFS):
        raise fields.wrong("tif")
    return OrderDraft(
        symbol=fields.text("symbol"),
        side=fields.side(),
        amount=fields.decimal("amount"),
        reduce_only=fields.flag("reduce_only"),
        client_order_id=fields.client_order_id(),
        price=fields.decimal("price"),
        tif="ALO" if tif == "PO" else tif,
        legs=decode_legs(fields, profile),
        builder_code=fields.maybe("builder_code"),
    )


def decode_create_market(body: Mapping[str, Any], profile: Profile) -> OrderDraft:
    """POST /orders/create_market. Raises: Failure."""
    fields = Fields(body, INVALID_ORDER)
    slippage = read_slippage(fields)
    return OrderDraft(
        symbol=fields.text("symbol"),
        side=fields.side(),
        amount=fields.decimal("amount"),
        reduce_only=fields.flag("reduce_only"),
        client_order_id=fields.client_order_id(),
        tif="IOC",
        slippage=slippage,
        legs=decode_legs(fields, profile),
        builder_code=fields.maybe("builder_code"),
    )


def read_slippage(fields: Fields) -> str:
    """How far from mark a market order may trade, in percent. Raises: Failure."""
    slippage = fields.decimal("slippage_percent")
    is_short = len(slippage) <= DIGITS_MAX and is_workable(Decimal(slippage))
    if not is_short or not 0 <= Decimal(slippage) < HUNDRED:
        raise fields.wrong("slippage_percent")
    return slippage


def decode_create_stop(body: Mapping[str, Any], profile: Profile) -> OrderDraft:
    """POST /orders/stop/create. Raises: Failure."""
    fields = Fields(body, INVALID_ORDER)
    stop = fields.inner("stop_order")
    trigger = stop.maybe("trigger_price_type") or profile.default_trigger
    if trigger not in SIGNALS:
        raise stop.wrong("trigger_price_type")
    return OrderDraft(
        symbol=fields.text("symbol"),
        side=fields.side(),
        amount=stop.decimal("amount"),
        reduce_only=fields.flag("reduce_only"),
        client_order_id=stop.client_order_id(),
        price=stop.decimal("limit_price") if stop.has("limit_price") else None,
        stop_price=stop.decimal("stop_price"),
        trigger=trigger,
        builder_code=fields.maybe("builder_code"),
    )


def decode_cancel(body: Mapping[str, Any]) -> CancelDraft:
    """POST /orders/cancel and /orders/stop/cancel; of two names `order_id` counts.

    Raises: Failure.
    """
    fields = Fields(body, errors.INVALID_PARAMETERS)
    order_id = fields.count("order_id") if fields.has("order_id") else None
    client_order_id = fields.client_order_id()
    if order_id is None and client_order_id is None:
        raise fields.wrong("order_id or client_order_id")
    return CancelDraft(fields.text("symbol"), order_id, client_order_id)


def decode_edit(body: Mapping[str, Any]) -> EditDraft:
    """POST /orders/edit: exactly one of the two names. Raises: Failure."""
    fields = Fields(body, INVALID_ORDER)
    order_id = fields.count("order_id") if fields.has("order_id") else None
    client_order_id = fields.client_order_id()
    if (order_id is None) is (client_order_id is None):
        raise fields.wrong("order_id or client_order_id")
    return EditDraft(
        fields.text("symbol"),
        fields.decimal("price"),
        fields.decimal("amount") if fields.has("amount") else None,
        order_id,
        client_order_id,
    )


def replace_order(
    draft: EditDraft, account: AccountId, market: Market, profile: Profile
) -> ReplaceOrder:
    """The command of a draft. Raises: Failure: a number off the grid."""
    price = on_grid(draft.price, market.prices, "price", "tick size", profile)
    quantity = None
    if draft.amount is not None:
        quantity = Lots(on_grid(draft.amount, market.sizes, "amount", "lot size", profile))
    return ReplaceOrder(
        account=account,
        order_id=None if draft.order_id is None else OrderId(draft.order_id),
        cl_ord_id=draft.client_order_id,
        limit_price=Ticks(price),
        quantity=quantity,
    )


def decode_cancel_all(body: Mapping[str, Any]) -> CancelAllDraft:
    """POST /orders/cancel_all: `symbol` counts only where `all_symbols` is false.

    Raises: Failure.
    """
    fields = Fields(body, errors.INVALID_PARAMETERS)
    every = fields.flag("all_symbols")
    keep = fields.flag("exclude_reduce_only")
    symbol = fields.maybe("symbol")
    if not every and symbol is None:
        raise fields.wrong("symbol")
    return CancelAllDraft(None if every else symbol, keep)


def decode_leverage(body: Mapping[str, Any]) -> tuple[str, int]:
    """POST /account/leverage: symbol and leverage. Raises: Failure."""
    fields = Fields(body, "Invalid leverage")
    return fields.text("symbol"), fields.count("leverage")


def decode_margin(body: Mapping[str, Any]) -> tuple[str, bool]:
    """POST /account/margin: symbol, and whether positions are to be isolated. Raises: Failure."""
    fields = Fields(body, "Invalid margin mode")
    return fields.text("symbol"), fields.flag("is_isolated")


def decode_add_margin(body: Mapping[str, Any]) -> tuple[str, str]:
    """POST /positions/add_isolated_margin: symbol and amount, in dollars. Raises: Failure."""
    fields = Fields(body, "Invalid amount")
    return fields.text("symbol"), fields.decimal("amount")


def place_order(
    draft: OrderDraft, account: AccountId, terms: Terms, profile: Profile
) -> PlaceOrder:
    """The command of a draft. Raises: Failure: a number off the grid, or no price to start from.

    A market order is an IOC order with a limit: the mark price and what the client would lose
    against it, rounded to the tick that takes less. `market_cap` marks it as what it was.
    """
    market = terms.market
    quantity = Lots(on_grid(draft.amount, market.sizes, "amount", "lot size", profile))
    limit: int | None = None
    cap: Decimal | None = None
    trigger: Trigger | None = None
    if draft.price is not None:
        limit = on_grid(draft.price, market.prices, "price", "tick size", profile)
    if draft.slippage is not None:
        if not terms.mark:
            raise errors.refused(errors.NO_PRICE, errors.NO_REASONABLE_PRICE)
        cap = Decimal(draft.slippage) / HUNDRED
        limit = protection(draft.side, terms.mark, cap, market)
    if draft.stop_price is not None:
        stop = on_grid(draft.stop_price, market.prices, "stop price", "tick size", profile)
        trigger = Trigger(
            TriggerKind.STOP,
            Ticks(stop),
            SIGNALS[draft.trigger],
            Direction.ABOVE if draft.side is BUY else Direction.BELOW,
        )
        if limit is None:
            cap = profile.stop_slippage
    extras: Extras | None = None
    if draft.legs:
        closing = draft.side.opposite
        legs = tuple(build_leg(it, closing, market, profile) for it in draft.legs)
        extras = Extras(legs=legs)
    return PlaceOrder(
        account=account,
        symbol=market.symbol,
        side=draft.side,
        quantity=quantity,
        limit_price=None if limit is None else Ticks(limit),
        time_in_force=_time_in_force(draft, limit),
        cl_ord_id=draft.client_order_id,
        post_only=draft.tif in ("ALO", "TOB"),
        slides=draft.tif == "TOB",
        reduce_only=draft.reduce_only,
        trigger=trigger,
        market_cap=cap,
        self_trade=SelfTrade.CANCEL_OLDEST,
        extras=extras,
    )


def guard_position(
    leg: Leg, side: Side, held: int, account: AccountId, market: Market
) -> PlaceOrder:
    """The command of one leg that guards a position of `held` lots."""
    return PlaceOrder(
        account=account,
        symbol=market.symbol,
        side=side,
        quantity=Lots(abs(held)) if leg.quantity is None else leg.quantity,
        limit_price=leg.limit_price,
        time_in_force=IOC if leg.limit_price is None else GTC,
        cl_ord_id=leg.cl_ord_id,
        reduce_only=True,
        trigger=leg.trigger,
        market_cap=leg.market_cap,
        self_trade=SelfTrade.CANCEL_OLDEST,
        extras=Extras(guards=True, whole=leg.quantity is None),
    )


def protection(side: Side, mark: FinePrice, slippage: Decimal, market: Market) -> int:
    """The worst price, in ticks, of a market order: `slippage` (a fraction) away from mark."""
    worst = Decimal(mark) * (1 + side * slippage) / market.contract.tick_fine
    whole = int(worst)  # towards zero: less than asked for, for a buyer
    ticks = whole if side is BUY or whole == worst else whole + 1
    return min(max(ticks, 1), market.contract.max_price)


def cancel_order(draft: CancelDraft, account: AccountId) -> CancelOrder:
    """The command of a draft."""
    order_id = None if draft.order_id is None else OrderId(draft.order_id)
    return CancelOrder(account=account, order_id=order_id, cl_ord_id=draft.client_order_id)


def cancel_orders(
    draft: CancelAllDraft, account: AccountId, symbol: Symbol | None, *, takes_twaps: bool = False
) -> CancelOrders:
    """The command of a draft whose symbol is known."""
    return CancelOrders(
        account=account,
        symbol=symbol,
        keep_reduce_only=draft.keep_reduce_only,
        takes_twaps=takes_twaps,
    )


def _time_in_force(draft: OrderDraft, limit: int | None) -> TimeInForce:
    if draft.tif == "FOK":
        return FOK
    return IOC if draft.tif == "IOC" or limit is None else GTC
