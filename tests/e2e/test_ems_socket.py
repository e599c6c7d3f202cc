"""The desk's WebSocket of the installed program, spoken to by a plain client.

Every message is held against the published ones before a test sees it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from openvenue.testing.server import Server
from tests.conformance.coinapi_ems_contract import check_message
from tests.e2e.signed_client import traceback_in
from tests.e2e.test_ems_served import SYMBOLS, at_venues, client_of

PATIENCE_S: Final = 40.0
SNAPSHOTS: Final = ("SYMBOLS_SNAPSHOT", "BALANCE_SNAPSHOT", "POSITION_SNAPSHOT")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """All of it in one process. Each test leaves it empty."""
    with Server(tmp_path_factory.mktemp("venue")) as running:
        yield running
        assert traceback_in(running) == ""


class Ear:
    """A connection, and what it has heard and nobody has asked for yet."""

    def __init__(self, wire: ClientConnection) -> None:
        self.wire = wire
        self.heard: list[dict[str, Any]] = []

    async def say(self, kind: str, **members: object) -> None:
        """One request."""
        await self.wire.send(json.dumps({"type": kind, **members}))

    async def place(self, exchange_id: str, name: str, **more: object) -> None:
        """An order far from the market."""
        order = {
            "exchange_id": exchange_id,
            "client_order_id": name,
            "symbol_id_coinapi": SYMBOLS[exchange_id],
            "amount_order": 0.01,
            "price": 20_000,
            "side": "BUY",
            "order_type": "LIMIT",
            "time_in_force": "GOOD_TILL_CANCEL",
        }
        await self.say("ORDER_NEW_SINGLE_REQUEST", **{**order, **more})

    async def hear(self, kind: str, **has: object) -> dict[str, Any]:
        """The first message of a kind with these members; later ones stay for later."""
        at = 0
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    for message in self.heard[at:]:
                        if message["type"] == kind and has.items() <= message.items():
                            self.heard.remove(message)
                            return message
                    at = len(self.heard)
                    message = json.loads(await self.wire.recv())
                    check_message(message)
                    self.heard.append(message)
        except TimeoutError as error:
            shown = ("type", "exchange_id", "client_order_id", "status", "message")
            others = [
                [str(it[name]) for name in shown if name in it]
                for it in self.heard
                if it["type"] != "SERVER_INFO"
            ]
            raise AssertionError(f"no {kind} {has}, but {others}") from error

    async def order(self, name: str, status: str) -> dict[str, Any]:
        """An update of an order."""
        return await self.hear("ORDER_EXEC_REPORT_UPDATE", client_order_id=name, status=status)


@asynccontextmanager
async def ear_of(
    server: Server, account: str = "primary", path: str = "/v1", query: str = ""
) -> AsyncIterator[Ear]:
    """With an account's own key."""
    keys = server.key_file.accounts[account].coinapi_ems
    assert keys is not None
    url = server.base_url.replace("http", "ws", 1) + path + query
    head = {"X-CoinAPI-Key": keys.api_key}
    async with connect(url, additional_headers=head, max_queue=None) as wire:
        yield Ear(wire)


@pytest.mark.parametrize("exchange_id", SYMBOLS)
async def test_orders_live_and_die_over_the_socket_at_every_exchange(
    server: Server, exchange_id: str
) -> None:
    """The updates tell each step, and the venue's own list agrees."""
    async with ear_of(server, query="?acknowledge=true") as ear:
        named: dict[str, object] = {"exchange_id": exchange_id}
        name = f"socket {exchange_id}"
        told = [await ear.hear(kind, **named) for kind in SNAPSHOTS]
        await ear.place(exchange_id, name)
        await ear.order(name, "RECEIVED")
        await ear.order(name, "ROUTING")
        new = await ear.order(name, "NEW")
        (listed,) = (await at_venues(server))[exchange_id]
        await ear.say("ORDER_CANCEL_SINGLE_REQUEST", **named, client_order_id=name)
        canceled = await ear.order(name, "CANCELED")
        await ear.place(exchange_id, name)
        again = await ear.hear("MESSAGE_REJECT", **named)
        for n in range(3):
            await ear.place(exchange_id, f"{name} {n}", price=19_000 + n)
        await ear.order(f"{name} 2", "NEW")
        await ear.say("ORDER_CANCEL_ALL_REQUEST", **named)
        for n in range(3):
            await ear.order(f"{name} {n}", "CANCELED")
        ok = await ear.hear("MESSAGE", **named)

        symbols = {it["symbol_id_coinapi"] for it in told[0]["data"] if "symbol_id_coinapi" in it}
        assert SYMBOLS[exchange_id] in symbols
        assert {it["asset_id_coinapi"] for it in told[1]["data"]} >= {"USD"}
        assert told[2]["data"] == []
        assert new["exchange_order_id"] == listed.order_id == canceled["exchange_order_id"]
        assert again["reject_reason"] == "OTHER"
        assert ok["message"] == "Ok"
        assert (await at_venues(server))[exchange_id] == []


@pytest.mark.parametrize("exchange_id", SYMBOLS)
async def test_a_trade_is_heard_by_both_sides_with_money_and_position(
    server: Server, exchange_id: str
) -> None:
    """Whoever was taken from has asked for nothing, and hears of it all the same."""
    async with ear_of(server, path="/") as ann, ear_of(server, "secondary") as bob:
        for ear in (ann, bob):
            await ear.hear("POSITION_SNAPSHOT", exchange_id=exchange_id)
        name = f"trade {exchange_id}"
        await ann.place(exchange_id, name, price=94_000)
        await ann.order(name, "NEW")
        await bob.place(exchange_id, f"taker {name}", price=94_000, side="SELL")
        taken = await bob.order(f"taker {name}", "FILLED")
        filled = await ann.order(name, "FILLED")
        money = await ann.hear("BALANCE_UPDATE", exchange_id=exchange_id)

        assert (taken["amount_filled"], filled["amount_open"]) == (0.01, 0)
        assert filled["avg_px"] == 94_000
        assert money["data"]
        if exchange_id != "KRAKEN":
            held = await ann.hear("POSITION_UPDATE", exchange_id=exchange_id)
            assert [(it["side"], it["quantity"]) for it in held["data"]] == [("BUY", 0.01)]


async def test_the_heart_beats_once_a_second_for_each_exchange(server: Server) -> None:
    """All of one instance."""
    async with ear_of(server) as ear:
        await ear.hear("SERVER_INFO", exchange_id="KRAKEN", is_running=True)
        infos = [await ear.hear("SERVER_INFO", exchange_id=it, is_running=True) for it in SYMBOLS]

        assert len({it["instance_guid"] for it in infos}) == 1
        assert all(it["dns_name"] == f"127.0.0.1:{server.port}" for it in infos)


async def test_strangers_are_turned_away_and_the_page_stays_where_it_is(server: Server) -> None:
    """A WebSocket at `/` takes nothing from whoever asks for `/` as a page."""
    url = server.base_url.replace("http", "ws", 1)
    with pytest.raises(InvalidStatus) as turned_away:
        async with connect(f"{url}/v1"):
            pass
    keys = server.key_file.accounts["primary"].coinapi_ems
    assert keys is not None
    async with connect(f"{url}/?apikey={keys.api_key}") as wire:
        await Ear(wire).hear("SYMBOLS_SNAPSHOT")
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{server.base_url}/") as page:
            plain = page.status
        async with session.get(f"{server.base_url}/v1") as page:
            versioned = page.status

    assert turned_away.value.response.status_code == 401
    assert json.loads(turned_away.value.response.body or b"") == {"message": "Invalid API key"}
    assert (plain, versioned) == (404, 426)


async def test_orders_end_with_a_connection_that_wished_so(server: Server) -> None:
    """Also when it is cut without a goodbye; nobody else's orders do."""
    async with ear_of(server, query="?cancel_on_disconnect=true") as ear, client_of(server) as rest:
        await rest.place("KRAKENFTS", "stays", price=19_000)
        for exchange_id in SYMBOLS:
            await ear.place(exchange_id, f"ends {exchange_id}")
            await ear.order(f"ends {exchange_id}", "NEW")

        ear.wire.transport.abort()

        for exchange_id in SYMBOLS:
            name = f"ends {exchange_id}"
            await rest.order_when(name, lambda it: it["status"] == "CANCELED")
        listed = await at_venues(server)
        assert [len(listed[it]) for it in SYMBOLS] == [1, 0, 0]
        assert (await rest.cancel_all("KRAKENFTS"))[0] == 200


async def test_a_kill_of_everything_ends_connections_and_their_orders(server: Server) -> None:
    """A client that connects again hears at once where its orders stand."""
    async with ear_of(server) as ear, ear_of(server, query="?cancel_on_disconnect=1") as bound:
        await ear.place("KRAKENFTS", "survives")
        await bound.place("KRAKENFTS", "does not", price=19_000)
        await ear.order("survives", "NEW")
        await ear.order("does not", "NEW")

        server.restart()

    async with ear_of(server) as ear:
        known = await ear.hear("ORDER_EXEC_REPORT_SNAPSHOT", client_order_id="survives")
        async with client_of(server) as rest:
            await rest.order_when("does not", lambda it: it["status"] == "CANCELED")
            await rest.order_when("survives", lambda it: "error_message" not in it)
            assert len((await at_venues(server))["KRAKENFTS"]) == 1
            assert (await rest.cancel_all("KRAKENFTS"))[0] == 200
        await ear.order("survives", "CANCELED")

        assert known["status"] == "NEW"
