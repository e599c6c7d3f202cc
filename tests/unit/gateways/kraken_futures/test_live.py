"""Feeds that tell a state, to many who come and go while it changes."""

import asyncio
import hashlib
import hmac
import json
from base64 import b64encode
from typing import Any

from openvenue.gateways.kraken_futures.profile import Profile
from openvenue.gateways.wire import Request, Session
from openvenue.testing.clock import START
from tests.conformance.scene import SECRETS, Scene, Wire
from tests.unit.gateways.kraken_futures.test_account_log import trade

SOON = Profile(ticker_ms=0)
PATIENCE_SECONDS = 5


class Client:
    """One connection, and what it heard."""

    def __init__(self, scene: Scene) -> None:
        self.wire = Wire()
        request = Request("GET", "/ws/v1", b"", {}, b"", "127.0.0.1", START, {})
        opened = scene.gateway.socket("/ws/v1")
        assert opened is not None
        self.session: Session = opened(request, self.wire)
        self.challenge = ""

    def send(self, **frame: Any) -> None:
        """Say something."""
        self.session.receive(json.dumps(frame).encode())

    async def hear(self) -> dict[str, Any]:
        """The next frame."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            heard: dict[str, Any] = json.loads(await self.wire.frames.get())
            return heard

    async def subscribe(self, feed: str) -> dict[str, Any]:
        """Listen to one of Ann's feeds; its first message."""
        if not self.challenge:
            await self.hear()
            self.send(event="challenge", api_key="key-ann")
            self.challenge = (await self.hear())["message"]
        signature = signed(self.challenge)
        self.send(
            event="subscribe",
            feed=feed,
            api_key="key-ann",
            original_challenge=self.challenge,
            signed_challenge=signature,
        )
        confirmed = await self.hear()
        assert confirmed["event"] == "subscribed", confirmed
        return await self.hear()


def signed(challenge: str) -> str:
    """The answer to a challenge with Ann's secret."""
    digest = hashlib.sha256(challenge.encode()).digest()
    return b64encode(hmac.digest(SECRETS["ann"], digest, "sha512")).decode()


async def test_every_row_of_the_log_is_heard_once_by_all_whenever_they_came() -> None:
    """From the snapshot on, in order, though rows are looked up for each of them."""
    scene = await Scene.open(profile=SOON)
    try:
        clients = []
        known: list[list[int]] = []
        for _ in range(3):
            client = Client(scene)
            snapshot = await client.subscribe("account_log")
            clients.append(client)
            known.append([row["id"] for row in reversed(snapshot["logs"])])
            for _ in range(3):
                await trade(scene)
        for client, ids in zip(clients, known, strict=True):
            while ids[-1] < 20:
                ids.append((await client.hear())["new_entry"]["id"])
            assert ids == list(range(1, 21))
            assert client.wire.frames.empty()
    finally:
        await scene.close()


async def test_who_has_left_hears_nothing_more() -> None:
    """Closed connections are forgotten; others go on."""
    scene = await Scene.open(profile=SOON)
    try:
        gone, stays = Client(scene), Client(scene)
        for client in (gone, stays):
            for feed in ("open_positions", "balances", "account_log", "open_orders_verbose"):
                await client.subscribe(feed)
            client.send(event="subscribe", feed="ticker", product_ids=["PF_XBTUSD"])
            assert (await client.hear())["event"] == "subscribed"
            assert (await client.hear())["feed"] == "ticker"
        gone.session.closed()
        await trade(scene)

        feeds: set[str] = set()
        while feeds != {"open_positions", "balances", "account_log", "ticker"}:
            feeds.add((await stays.hear())["feed"])
        assert gone.wire.frames.empty()
    finally:
        await scene.close()


async def test_a_position_that_is_closed_is_told_as_an_empty_list() -> None:
    """Clients take a missing position for an unchanged one, but a whole list for what it is."""
    scene = await Scene.open(profile=SOON)
    try:
        client = Client(scene)
        first = await client.subscribe("open_positions")
        assert first["positions"] == []
        await trade(scene)
        opened = await client.hear()
        await trade(scene, ann="sell", bob="buy")
        closed = await client.hear()
        while closed["positions"]:
            closed = await client.hear()
    finally:
        await scene.close()

    (position,) = opened["positions"]
    assert (position["balance"], position["entry_price"]) == (0.3, 50_000)
    assert closed["seq"] > opened["seq"] > first["seq"]


async def test_a_ticker_is_asked_for_again_and_of_nothing() -> None:
    """Told again after an alert; a market that does not exist is refused."""
    scene = await Scene.open(profile=SOON)
    try:
        client = Client(scene)
        await client.hear()
        for _ in range(2):
            client.send(event="subscribe", feed="ticker_lite", product_ids=["PI_XBTUSD"])
        heard = [await client.hear() for _ in range(4)]
        client.send(event="subscribe", feed="ticker", product_ids=["NOTHING"])
        refused = await client.hear()
    finally:
        await scene.close()

    assert [it.get("event", it.get("feed")) for it in heard] == [
        "subscribed",
        "ticker_lite",
        "alert",
        "ticker_lite",
    ]
    assert refused == {"event": "error", "message": "Invalid product id"}
