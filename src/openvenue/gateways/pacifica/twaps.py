"""TWAPs: what is asked of them, and what is asked about them.

Source: Pacifica, REST "TWAP": create, cancel, open orders, history, history by ID.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from openvenue.engine.commands import CancelTwap, PlaceOrder, PlaceTwap
from openvenue.engine.events import TwapAccepted, TwapRejected
from openvenue.engine.orders import IOC, SelfTrade, Side
from openvenue.engine.queries import GetTwaps
from openvenue.engine.units import SECOND, AccountId, Lots, Nanos, OrderId
from openvenue.gateways.pacifica import codec, encode_twaps, errors
from openvenue.gateways.pacifica.arguments import encode_cursor, read_arguments
from openvenue.gateways.pacifica.decode import HUNDRED, read_slippage
from openvenue.gateways.pacifica.desk import Desk
from openvenue.gateways.pacifica.fields import Fields
from openvenue.gateways.pacifica.listing import Market
from openvenue.gateways.pacifica.numbers import on_grid
from openvenue.gateways.pacifica.profile import Profile
from openvenue.gateways.pacifica.refusals import refusal
from openvenue.gateways.pacifica.results import Named
from openvenue.gateways.wire import Request, Response
from openvenue.history.past import Page, TwapChange

PAGE: Final = 500
SECONDS_MAX: Final = 10**9  # more is no duration of anything


class TwapDraft(Struct, frozen=True, kw_only=True):
    """A TWAP of a readable body; its numbers are still text."""

    symbol: str
    side: Side
    amount: str
    reduce_only: bool
    slippage: str
    seconds: int
    client_order_id: str | None
    builder_code: str | None


def decode_twap(body: Mapping[str, Any]) -> TwapDraft:
    """POST /orders/twap/create. Raises: Failure."""
    fields = Fields(body, codec.INVALID_ORDER)
    seconds = fields.count("duration_in_seconds")
    if seconds > SECONDS_MAX:
        raise fields.wrong("duration_in_seconds")
    return TwapDraft(
        symbol=fields.text("symbol"),
        side=fields.side(),
        amount=fields.decimal("amount"),
        reduce_only=fields.flag("reduce_only"),
        slippage=read_slippage(fields),
        seconds=seconds,
        client_order_id=fields.client_order_id(),
        builder_code=fields.maybe("builder_code"),
    )


def place_twap(draft: TwapDraft, account: AccountId, market: Market, profile: Profile) -> PlaceTwap:
    """The command of a draft. Raises: Failure: a number off the grid."""
    return PlaceTwap(
        account=account,
        symbol=market.symbol,
        side=draft.side,
        quantity=Lots(on_grid(draft.amount, market.sizes, "amount", "lot size", profile)),
        slippage=Decimal(draft.slippage) / HUNDRED,
        duration=Nanos(draft.seconds * SECOND),
        cl_ord_id=draft.client_order_id,
        reduce_only=draft.reduce_only,
        self_trade=SelfTrade.CANCEL_OLDEST,
    )


async def create_twap_order(desk: Desk, body: dict[str, Any], note: dict[str, str]) -> Named:
    """An amount in market orders over time."""
    draft = decode_twap(body)
    who = await desk.who(body, "create_twap_order", note, codec.INVALID_ORDER)
    market = desk.market(draft.symbol)
    if draft.builder_code is not None:
        text = f"Builder code not approved: {draft.builder_code[:16]}"
        raise errors.Failure(text, status=403)
    if draft.reduce_only and market.is_spot:
        text = "Reduce-only orders are not supported for spot"
        raise errors.refused(text, errors.REDUCE_ONLY_SPOT)
    command = place_twap(draft, who.account, market, desk.profile)
    outcome = await desk.exchange.submit(command, who.envelope)
    for event in outcome.entry.events:
        if isinstance(event, TwapAccepted):
            twap = event.view.twap
            return Named(market.symbol, twap.order_id, twap.cl_ord_id, is_new=True)
        if isinstance(event, TwapRejected):
            raise await refusal(desk, event.reason, _whole(command), market, who.address)
    raise AssertionError("a TWAP is answered")


def _whole(command: PlaceTwap) -> PlaceOrder:
    """All of a TWAP as one order: what a refusal's text speaks of."""
    return PlaceOrder(
        account=command.account,
        symbol=command.symbol,
        side=command.side,
        quantity=command.quantity,
        limit_price=None,
        time_in_force=IOC,
        cl_ord_id=command.cl_ord_id,
        reduce_only=command.reduce_only,
    )


async def cancel_twap_order(desk: Desk, body: dict[str, Any], note: dict[str, str]) -> Named:
    """The rest of one is not traded. One that does not run is no failure."""
    draft = codec.decode_cancel(body)
    who = await desk.who(body, "cancel_twap_order", note)
    market = desk.market(draft.symbol)
    for view in await desk.exchange.look(GetTwaps(who.account)):
        twap = view.twap
        name = twap.order_id if draft.order_id is not None else twap.cl_ord_id
        if twap.symbol == market.symbol and name == (draft.order_id or draft.client_order_id):
            command = CancelTwap(account=who.account, order_id=twap.order_id)
            await desk.exchange.submit(command, who.envelope)
    by_client = draft.client_order_id if draft.order_id is None else None
    return Named(market.symbol, draft.order_id, by_client)


async def open_twaps(desk: Desk, request: Request) -> Response:
    """GET /orders/twap: those that run, oldest first."""
    owner, _ = desk.owner(read_arguments(request).text("account"))
    views = await desk.exchange.look(GetTwaps(owner))
    return desk.told([encode_twaps.open_row(it, desk.listing.of(it.twap.symbol)) for it in views])


async def twap_history(desk: Desk, request: Request) -> Response:
    """GET /orders/twap/history: one row for each, in its latest state, the newest first."""
    arguments = read_arguments(request)
    owner, _ = desk.owner(arguments.text("account"))
    cursor, offset, limit = arguments.cursor(), arguments.offset(), arguments.limit()
    latest: dict[OrderId, TwapChange] = {}
    for change in await _changes(desk, owner):
        latest[change.view.twap.order_id] = change
    ids = sorted((it for it in latest if cursor is None or it < cursor), reverse=True)[offset:]
    rows = []
    for order_id in ids[:limit]:
        change = latest[order_id]
        _, status = encode_twaps.words_of(change)
        market = desk.listing.of(change.view.twap.symbol)
        rows.append(encode_twaps.history_row(change.view, market, status, change.time))
    return desk.paged(rows, encode_cursor(ids[limit - 1]) if len(ids) > limit else None)


async def twap_history_by_id(desk: Desk, request: Request) -> Response:
    """GET /orders/twap/history_by_id: what happened to one, newest first; nothing of none."""
    number = read_arguments(request).count("order_id")
    if number is None:
        raise errors.invalid(why="order_id is missing")
    for owner in desk.keys.accounts():
        mine = [it for it in await _changes(desk, owner) if it.view.twap.order_id == number]
        if mine:
            market = desk.listing.of(mine[0].view.twap.symbol)
            return desk.told(encode_twaps.event_rows(mine, market))
    return desk.told([])


async def _changes(desk: Desk, owner: AccountId) -> list[TwapChange]:
    """All that became of an account's TWAPs, oldest first."""
    found: list[TwapChange] = []
    page = Page(PAGE, is_ascending=True)
    while True:
        some = await desk.history.twap_changes(owner, page)
        found += some.things
        if some.cursor is None:
            return found
        page = Page(PAGE, is_ascending=True, cursor=some.cursor)
