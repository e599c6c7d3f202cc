"""The account's orders and trades on the socket.

Source: Pacifica, WebSocket, "Account orders", "Account order updates", "Account trades".
"""

from decimal import Decimal
from typing import Final

from msgspec import Raw, Struct, field

from openvenue.ems.commands import Standing, Word
from openvenue.ems.connectors.http import Socket, read
from openvenue.ems.connectors.pacifica import twaps
from openvenue.ems.connectors.pacifica.replies import FeedOrder
from openvenue.ems.connectors.pacifica.twaps import TwapUpdate
from openvenue.ems.connectors.pacifica.words import SELF_TRADE, SIDES, STANDINGS, listed, waits
from openvenue.ems.connectors.port import Feed, Heard, Snapshot, VenueRefused
from openvenue.ems.connectors.symbols import common_pacifica
from openvenue.ems.orders import ZERO, Fill, Terms, TimeInForce, Waits
from openvenue.engine.units import SECOND, Nanos

PATH: Final = "/ws"
ORDERS: Final = "account_orders"
UPDATES: Final = "account_order_updates"
TRADES: Final = "account_trades"
TWAPS: Final = "account_twap_order_updates"
TRIGGERED: Final = "stop_triggered"
PING: Final = {"method": "ping"}


class Update(Struct):
    """A row of `account_order_updates`."""

    order_id: int = field(name="i")
    symbol: str = field(name="s")
    side: str = field(name="d")
    amount: Decimal = field(name="a")
    filled: Decimal = field(name="f")
    event: str = field(name="oe")
    status: str = field(name="os")
    average: Decimal = field(name="p", default=ZERO)
    price: Decimal = field(name="ip", default=ZERO)
    stop_price: Decimal | None = field(name="sp", default=None)
    client_order_id: str | None = field(name="I", default=None)
    reduce_only: bool = field(name="r", default=False)
    order_type: str = field(name="ot", default="")
    li: int = 0  # grows with whatever happens at the venue


class Trade(Struct):
    """A row of `account_trades`."""

    history_id: int = field(name="h")
    order_id: int = field(name="i")
    amount: Decimal = field(name="a")
    price: Decimal = field(name="p")
    time: int = field(name="t")  # ms
    client_order_id: str | None = field(name="I", default=None)


class Frame(Struct):
    """Any frame."""

    channel: str = ""
    data: Raw = Raw(b"null")
    err: str = ""
    li: int = 0


async def follow(socket: Socket, account: str) -> Feed:
    """What happens is asked for before what there is, so that nothing falls in between."""
    for source in (UPDATES, TRADES, TWAPS, ORDERS):
        await _ask(socket, "subscribe", source, account)
    early: list[Update | Trade | TwapUpdate] = []
    known: int | None = None  # the snapshot's place in all that happens
    while True:
        said = await (socket.hear() if known is None else socket.wait(PING))
        frame = read(said, Frame)
        if frame.err:
            raise VenueRefused(frame.err)
        rows: list[Update | Trade | TwapUpdate] = []
        if frame.channel == ORDERS and known is None:
            known = frame.li
            orders = read(bytes(frame.data), list[FeedOrder])
            yield Snapshot(tuple(listed(it) for it in orders))
            await _ask(socket, "unsubscribe", ORDERS, account)  # the list would come each time
            rows, early = early, rows
        elif frame.channel == UPDATES:
            rows.extend(read(bytes(frame.data), list[Update]))
        elif frame.channel == TRADES:
            rows.extend(read(bytes(frame.data), list[Trade]))
        elif frame.channel == TWAPS:
            rows.extend(read(bytes(frame.data), list[TwapUpdate]))
        if known is None:
            early.extend(rows)
            continue
        for row in rows:
            if isinstance(row, Trade):
                yield traded(row)
            elif isinstance(row, TwapUpdate):
                yield twaps.updated(row)
            elif not row.li or row.li > known:
                yield updated(row)


async def _ask(socket: Socket, method: str, source: str, account: str) -> None:
    await socket.say({"method": method, "params": {"source": source, "account": account}})


def updated(row: Update) -> Heard:
    """What became of an order."""
    order_id, name = str(row.order_id), row.client_order_id or ""
    standing = STANDINGS.get(row.status, Standing.CANCELED)
    if row.event == SELF_TRADE:
        standing = Standing.CANCELED  # told as `rejected`, of an order that stood
    word = Word(
        standing=standing,
        order_id=order_id,
        filled=row.filled,
        average=row.average if row.filled else None,
        message="" if standing in (Standing.OPEN, Standing.FILLED) else row.event,
        waits=(
            Waits.NO
            if row.event == TRIGGERED
            else waits(row.order_type, row.stop_price, row.filled)
        ),
    )
    terms = Terms(
        symbol=row.symbol,
        common_symbol=common_pacifica(row.symbol),
        side=SIDES[row.side],
        quantity=row.amount,
        price=row.price or row.stop_price or ZERO,
        time_in_force=TimeInForce.GTC,
        reduce_only=row.reduce_only,
    )
    return Heard(name, word, terms)


def traded(row: Trade) -> Heard:
    """A fill. How the order stands, its update tells."""
    fill = Fill(Nanos(row.time * SECOND // 1_000), row.price, row.amount, str(row.history_id))
    word = Word(standing=Standing.OPEN, order_id=str(row.order_id), fills=(fill,))
    return Heard(row.client_order_id or "", word)
