"""An account's fills with what each did to its position, newest first.

A fill does not carry the position that it met. The present position is known, and each fill says
what it changed, so that walking back from now tells it exactly.
"""

from collections.abc import AsyncIterator
from typing import Any, Final

from msgspec import Struct

from openvenue.engine.orders import BUY
from openvenue.engine.queries import GetAccount
from openvenue.engine.units import AccountId, Nanos, Symbol
from openvenue.gateways.pacifica.desk import Desk
from openvenue.gateways.pacifica.encode_market import CAUSES, average_text
from openvenue.gateways.pacifica.listing import Market
from openvenue.gateways.pacifica.times import millis
from openvenue.history.port import Fill

PAGE: Final = 500
Row = dict[str, Any]


class Step(Struct, frozen=True):
    """A fill, or the part of one that closed a position or opened one."""

    fill: Fill
    history_id: int
    side: str
    lots: int
    entry: str
    fee: int
    profit: int  # after the fee


class Walk:
    """Positions, going back in time."""

    def __init__(self, held: dict[Symbol, tuple[int, int]]) -> None:
        self._held = held  # quantity (signed) and cost, after the fill that comes next

    def back(self, fill: Fill, market: Market) -> list[Step]:
        """Go back past `fill`: what it did, the last part first."""
        sign = 1 if fill.side is BUY else -1
        first_id = 2 * fill.exec_id
        if market.is_spot:
            word = "open_long" if fill.side is BUY else "close_long"
            entry = market.prices.text(fill.price)
            return [Step(fill, first_id, word, fill.quantity, entry, fill.fee, -fill.fee)]
        quantity, cost = self._held.get(fill.symbol, (0, 0))
        value = market.contract.signed_value(sign, fill.quantity, fill.price)
        before = quantity - sign * fill.quantity
        cost_before = cost - value - fill.realized
        self._held[fill.symbol] = (before, cost_before)
        closing = min(fill.quantity, max(-sign * before, 0))
        opening = fill.quantity - closing
        steps: list[Step] = []
        fee: int = fill.fee + fill.liquidation_fee  # what is liquidated closes, and opens nothing
        if closing and opening:
            fee = fill.fee * closing // fill.quantity
        if opening:
            word = "open_long" if fill.side is BUY else "open_short"
            paid = fill.fee - fee if closing else fee
            entry = average_text(abs(cost), abs(quantity), market)
            place = first_id + (1 if closing else 0)
            steps.append(Step(fill, place, word, opening, entry, paid, -paid))
        if closing:
            word = "close_short" if fill.side is BUY else "close_long"
            entry = average_text(abs(cost_before), abs(before), market)
            steps.append(Step(fill, first_id, word, closing, entry, fee, fill.realized - fee))
        return steps


async def steps_of(desk: Desk, account: AccountId) -> AsyncIterator[Step]:
    """What an account's fills did, newest first."""
    view = await desk.exchange.look(GetAccount(account))
    mark = desk.seq
    held = {} if view is None else {it.symbol: (it.quantity, it.cost) for it in view.positions}
    walk = Walk({symbol: (int(lots), int(cost)) for symbol, (lots, cost) in held.items()})
    async for fill in fills_of(desk, account):
        if desk.is_after(fill.seq, mark):
            continue  # the position that we saw is without it
        for step in walk.back(fill, desk.listing.of(fill.symbol)):
            yield step


async def fills_of(desk: Desk, account: AccountId) -> AsyncIterator[Fill]:
    """An account's fills, newest first, a page of history at a time."""
    before: Nanos | None = None
    last: int | None = None
    want = PAGE
    while True:
        page = await desk.history.fills(account, before=before, limit=want)
        fresh = [fill for fill in page if last is None or fill.exec_id < last]
        for fill in fresh:
            yield fill
        if len(page) < want:
            return
        if not fresh:
            want *= 2  # more of one moment than a page holds
            continue
        last = fresh[-1].exec_id
        before = Nanos(fresh[-1].time + 1)


def step_row(step: Step, market: Market) -> Row:
    """One row of the trade history."""
    fill = step.fill
    return {
        "history_id": step.history_id,
        "order_id": fill.order_id,
        "client_order_id": fill.cl_ord_id,
        "symbol": fill.symbol,
        "amount": market.sizes.text(step.lots),
        "price": market.prices.text(fill.price),
        "entry_price": step.entry,
        "fee": market.money.text(step.fee),
        "pnl": market.money.text(step.profit),
        "event_type": "fulfill_maker" if fill.is_maker else "fulfill_taker",
        "side": step.side,
        "created_at": millis(fill.time),
        "cause": CAUSES[fill.origin],
    }
