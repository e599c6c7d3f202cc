"""A message is made once, whoever listens to it; who reads slowly holds nobody up."""

import json

from openvenue.engine.commands import PlaceOrder
from openvenue.engine.orders import BUY, GTC, IOC, SELL, Side, TimeInForce
from openvenue.engine.units import AccountId, Lots, Symbol, Ticks
from openvenue.gateways.kraken_futures.auth import Signer
from openvenue.gateways.kraken_futures.profile import Profile
from openvenue.gateways.wire import Request, Session
from openvenue.testing.clock import START
from tests.conformance.scene import SECRETS, Scene, Wire

PERP = Symbol("PF_XBTUSD")
PUBLIC = ("book", "trade", "ticker", "ticker_lite")
PRIVATE = ("open_orders", "open_orders_verbose", "open_positions", "balances", "account_log")
MANY = 5


def order(account: str, side: Side, price: int, time_in_force: TimeInForce = GTC) -> PlaceOrder:
    """A hundredth of a coin."""
    return PlaceOrder(
        account=AccountId(account),
        symbol=PERP,
        side=side,
        quantity=Lots(100),
        limit_price=Ticks(price),
        time_in_force=time_in_force,
    )


async def listening(scene: Scene, feed: str) -> tuple[Session, Wire]:
    """A connection of Ann's that listens to one feed, its snapshot read."""
    wire = Wire()
    opened = scene.gateway.socket("/ws/v1")
    assert opened is not None
    session = opened(Request("GET", "/ws/v1", b"", {}, b"", "127.0.0.1", START, {}), wire)
    await wire.frames.get()
    frame: dict[str, object] = {"event": "subscribe", "feed": feed}
    if feed in PUBLIC:
        frame["product_ids"] = [PERP]
    else:
        session.receive(b'{"event":"challenge","api_key":"key-ann"}')
        text = json.loads(await wire.frames.get())["message"]
        frame |= {
            "api_key": "key-ann",
            "original_challenge": text,
            "signed_challenge": Signer(SECRETS["ann"]).sign(text.encode()).decode(),
        }
    session.receive(json.dumps(frame).encode())
    await wire.frames.get()  # subscribed
    await wire.frames.get()  # the snapshot, or the first state
    return session, wire


async def test_each_message_is_made_once_for_all_who_listen() -> None:
    """The very same bytes go to every socket, on every feed that does not count by socket."""
    scene = await Scene.open(profile=Profile(ticker_ms=0))
    feeds = [*PUBLIC, *PRIVATE]
    wires: dict[str, list[Wire]] = {feed: [] for feed in feeds}
    sessions: list[Session] = []
    for feed in feeds:
        for _ in range(MANY):
            session, wire = await listening(scene, feed)
            sessions.append(session)
            wires[feed].append(wire)

    await scene.tell(order("bob", SELL, 50_000))
    await scene.tell(order("ann", BUY, 50_000, IOC))
    await scene.tell(order("ann", BUY, 49_000))

    for feed, group in wires.items():
        first, *others = [await wire.frames.get() for wire in group]
        assert all(other is first for other in others), feed
    for session in sessions:
        session.closed()
    await scene.close()
