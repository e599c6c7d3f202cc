"""What is told of the book is the book, whatever happened in one outcome."""

import json
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from openvenue.engine.commands import (
    AmendOrder,
    Batch,
    CancelOrder,
    CancelOrders,
    Command,
    PlaceOrder,
    SetMarkPrice,
)
from openvenue.engine.orders import (
    BUY,
    FOK,
    GTC,
    IOC,
    SELL,
    Direction,
    Signal,
    Trigger,
    TriggerKind,
)
from openvenue.engine.queries import GetBook, GetOpenOrders
from openvenue.engine.units import AccountId, Lots, OrderId, Symbol, Ticks
from openvenue.gateways.kraken_futures.auth import Signer
from openvenue.gateways.kraken_futures.ids import order_uuid
from tests.conformance.scene import SECRETS, Scene, Wire

PERP = Symbol("PF_XBTUSD")
PEOPLE = [AccountId("ann"), AccountId("bob")]


@st.composite
def place(draw: st.DrawFn) -> PlaceOrder:
    """An order near the others."""
    side = draw(st.sampled_from([BUY, SELL]))
    is_trigger = draw(st.integers(0, 5)) == 0
    price = draw(st.integers(49_990, 50_010))
    return PlaceOrder(
        account=draw(st.sampled_from(PEOPLE)),
        symbol=PERP,
        side=side,
        quantity=Lots(draw(st.integers(10, 50))),
        limit_price=Ticks(price),
        time_in_force=GTC if is_trigger else draw(st.sampled_from([GTC, GTC, GTC, IOC, FOK])),
        reduce_only=draw(st.integers(0, 4)) == 0,
        trigger=Trigger(
            TriggerKind.STOP,
            Ticks(price),
            draw(st.sampled_from([Signal.LAST, Signal.MARK])),
            Direction.ABOVE if side is BUY else Direction.BELOW,
        )
        if is_trigger
        else None,
    )


def cancel() -> st.SearchStrategy[CancelOrder]:
    """One of the first orders, whoever's."""
    return st.builds(
        lambda account, number: CancelOrder(account=account, order_id=OrderId(number)),
        st.sampled_from(PEOPLE),
        st.integers(1, 30),
    )


@st.composite
def amend(draw: st.DrawFn) -> AmendOrder:
    """One of the first orders, whoever's, near the others: it may shrink, move, or cross."""
    sizes = st.one_of(st.none(), st.integers(1, 60).map(Lots))
    prices = st.one_of(st.none(), st.integers(49_990, 50_010).map(Ticks))
    return AmendOrder(
        account=draw(st.sampled_from(PEOPLE)),
        order_id=OrderId(draw(st.integers(1, 20))),
        quantity=draw(sizes),
        leaves=draw(sizes),
        limit_price=draw(prices),
        trigger_price=draw(prices) if draw(st.integers(0, 3)) == 0 else None,
    )


commands: st.SearchStrategy[Command] = st.one_of(
    place(),
    place(),
    place(),
    amend(),
    amend(),
    cancel(),
    st.builds(
        lambda account, members: Batch(account=account, members=tuple(members)),
        st.sampled_from(PEOPLE),
        st.lists(st.one_of(place(), amend(), cancel()), max_size=5),
    ),
    st.builds(
        lambda account, side: CancelOrders(account=account, side=side),
        st.sampled_from(PEOPLE),
        st.sampled_from([None, BUY, SELL]),
    ),
    st.builds(
        lambda price: SetMarkPrice(symbol=PERP, price=Decimal(price)), st.integers(49_990, 50_010)
    ),
)


@settings(max_examples=60)
@given(script=st.lists(commands, max_size=40))
async def test_who_folds_the_feeds_has_the_book_and_the_open_orders(script: list[Command]) -> None:
    """Levels: absolute totals, numbered without gaps. Orders: each comes and goes as it does."""
    scene = await Scene.open()
    try:
        half = len(script) // 2
        for command in script[:half]:
            await scene.tell(command)
        session, wire = scene.socket("ann")
        await hear(wire, "info")
        session.receive(b'{"event":"subscribe","feed":"book","product_ids":["PF_XBTUSD"]}')
        await hear(wire, "subscribed")
        snapshot = await hear(wire, "book_snapshot")
        session.receive(b'{"event":"challenge","api_key":"key-ann"}')
        challenge = (await hear(wire, "challenge"))["message"]
        session.receive(
            json.dumps(
                {
                    "event": "subscribe",
                    "feed": "open_orders",
                    "api_key": "key-ann",
                    "original_challenge": challenge,
                    "signed_challenge": Signer(SECRETS["ann"]).sign(challenge.encode()).decode(),
                }
            ).encode()
        )
        await hear(wire, "subscribed")
        opened = await hear(wire, "open_orders_snapshot")

        for command in script[half:]:
            await scene.tell(command)

        levels = {
            side: {level["price"]: level["qty"] for level in snapshot[side]}
            for side in ("bids", "asks")
        }
        orders = {order["order_id"]: order["qty"] for order in opened["orders"]}
        seq = snapshot["seq"]
        while not wire.frames.empty():
            message = json.loads(wire.frames.get_nowait(), parse_float=Decimal)
            if message["feed"] == "book":
                seq += 1
                assert message["seq"] == seq
                side = "bids" if message["side"] == "buy" else "asks"
                levels[side][message["price"]] = message["qty"]
                if not message["qty"]:
                    del levels[side][message["price"]]
            elif message["is_cancel"]:
                name = message["order"]["order_id"] if "order" in message else message["order_id"]
                assert name in orders, "only what was there leaves, and it leaves once"
                del orders[name]
            else:
                orders[message["order"]["order_id"]] = message["order"]["qty"]

        book = await scene.exchange.look(GetBook(PERP))
        assert book is not None
        lot = Decimal("0.0001")
        assert levels["bids"] == {price: quantity * lot for price, quantity in book.bids}
        assert levels["asks"] == {price: quantity * lot for price, quantity in book.asks}
        views = await scene.exchange.look(GetOpenOrders(AccountId("ann")))
        assert orders == {order_uuid(it.order.order_id): it.leaves * lot for it in views}
    finally:
        await scene.close()


async def hear(wire: Wire, what: str) -> Any:
    """The next frame, which must be this one."""
    message = json.loads(await wire.frames.get(), parse_float=Decimal)
    assert what in (message.get("event"), message.get("feed")), message
    return message


async def test_a_heartbeat_reaches_those_who_asked() -> None:
    """With the machine's time, in milliseconds."""
    scene = await Scene.open()
    try:
        session, wire = scene.socket("ann")
        await hear(wire, "info")
        session.receive(b'{"event":"subscribe","feed":"heartbeat"}')
        await hear(wire, "subscribed")

        scene.gateway.feeds.beat()

        assert await hear(wire, "heartbeat") == {"feed": "heartbeat", "time": 1_767_225_600_000}
        session.receive(b'{"event":"unsubscribe","feed":"heartbeat"}')
        await hear(wire, "unsubscribed")
        scene.gateway.feeds.beat()
        assert wire.frames.empty()
    finally:
        await scene.close()


async def test_a_client_that_left_is_forgotten() -> None:
    """Even in the middle of its subscription."""
    scene = await Scene.open()
    try:
        session, wire = scene.socket("ann")
        session.receive(b'{"event":"subscribe","feed":"trade","product_ids":["PF_XBTUSD"]}')
        session.receive(b'{"event":"subscribe","feed":"book","product_ids":["PF_XBTUSD"]}')
        session.closed()
        other, ears = scene.socket("bob")
        other.receive(b'{"event":"subscribe","feed":"book","product_ids":["PF_XBTUSD"]}')
        for expected in ("info", "subscribed", "book_snapshot"):
            await hear(ears, expected)

        feeds = scene.gateway.feeds
        assert not feeds.trade_listeners
        assert list(feeds.book_listeners) == [PERP]
        assert len(feeds.book_listeners[PERP]) == 1
        assert not wire.is_closed
    finally:
        await scene.close()
