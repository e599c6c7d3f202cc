"""The desk against a real venue in another process: faults, kills, and the venue's own word for it.

Every claim that a venue is empty is checked by asking that venue directly, past the desk.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import pytest

from openvenue.ems.config import Credentials, EmsConfig, VenueAccount
from openvenue.ems.desk import Ems
from openvenue.ems.orders import ExchangeId
from openvenue.engine.units import AccountId
from openvenue.gateways.coinapi_ems import CoinApiEms
from openvenue.gateways.serve import Door
from openvenue.testing.server import Server
from tests.e2e.door_scene import Wire, post
from tests.e2e.ems_process import EmsProcess, Plan
from tests.e2e.signed_client import Line, Trader

KEY: Final = "73034021-THIS-IS-SAMPLE-KEY"
KEYS: Final = {KEY: AccountId("primary")}
PATIENCE_S: Final = 20.0
SENDORDER: Final = "/derivatives/api/v3/sendorder"
OPENORDERS: Final = "/derivatives/api/v3/openorders"
BUY: Final = {
    "exchange_id": "KRAKENFTS",
    "client_order_id": "one",
    "symbol_id_coinapi": "KRAKENFTS_PERP_BTC_USD",
    "amount_order": 0.01,
    "price": 20_000,
    "side": "BUY",
    "order_type": "LIMIT",
    "time_in_force": "GOOD_TILL_CANCEL",
}

Answer = tuple[int, Any]


class Client:
    """A client of the desk, and of the venue behind it."""

    def __init__(self, port: int, server: Server) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.port = port
        self.server = server
        self.session = aiohttp.ClientSession(headers={"X-CoinAPI-Key": KEY})

    async def ask(self, method: str, path: str, body: object = None) -> Answer:
        """Status and JSON of an answer of the desk."""
        async with self.session.request(method, self.base + path, json=body) as response:
            return response.status, await response.json(content_type=None)

    async def place(self, name: str = "one", **more: object) -> Answer:
        """An order that rests."""
        return await self.ask("POST", "/v1/orders", {**BUY, "client_order_id": name, **more})

    async def cancel_all(self) -> Answer:
        """The call that it is all about."""
        return await self.ask("POST", "/v1/orders/cancel/all", {"exchange_id": "KRAKENFTS"})

    async def order_when(self, name: str, is_so: Callable[[dict[str, Any]], bool]) -> Any:
        """An order's report, once something is the case."""
        until = time.monotonic() + PATIENCE_S
        report: Any = None
        while time.monotonic() < until:
            status, report = await self.ask("GET", f"/v1/orders/status/{name}")
            if status == 200 and is_so(report):
                return report
        raise AssertionError(f"it never was: {report}")

    async def at_venue(self) -> list[dict[str, Any]]:
        """The venue's own list of open orders."""
        answer = await self.past_the_desk("GET", "openorders")
        orders: list[dict[str, Any]] = answer["openOrders"]
        return orders

    async def past_the_desk(
        self, method: str, name: str, account: str = "primary", **arguments: object
    ) -> dict[str, Any]:
        """The venue's answer to a request of an account."""
        body = urlencode(arguments).encode()
        nonce = str(time.time_ns() // 1_000)  # of the same key as the desk's, so as high as its
        line = await Line.to(self.server)
        try:
            request = Trader(self.server, account).signed(method, name, body, nonce=nonce)
            return await line.success(request)
        finally:
            line.wire.writer.close()
            await line.wire.writer.wait_closed()

    async def fault(self, **fault: object) -> None:
        """One thing that goes wrong at the venue's door."""
        await self._admin("POST", {"faults": [fault]})

    async def until_faults_are_done(self) -> None:
        """Every planned fault has met its request."""
        until = time.monotonic() + PATIENCE_S
        while any(it["stage"] != "over" for it in (await self._admin("GET"))["faults"]):
            assert time.monotonic() < until

    async def _admin(self, method: str, body: object = None) -> Any:
        url = f"{self.server.base_url}/admin/faults"
        headers = {"X-Admin-Key": self.server.admin_key}
        async with self.session.request(method, url, json=body, headers=headers) as response:
            assert response.status == 200, await response.text()
            return await response.json()


def config(server: Server) -> EmsConfig:
    """One account at one venue, and little patience."""
    keys = server.keys()
    futures = VenueAccount(
        owner=AccountId("primary"),
        exchange_id=ExchangeId("KRAKENFTS"),
        api="kraken_futures",
        base_url=server.base_url,
        credentials=Credentials(keys.api_key, keys.api_secret),
    )
    return EmsConfig(
        accounts=(futures,), settling_seconds=0.1, deadline_seconds=3.0, retry_seconds=0.05
    )


@asynccontextmanager
async def open_desk(server: Server, directory: Path) -> AsyncIterator[Client]:
    """A desk in this process, behind a door."""
    desk = await Ems.open(directory, config(server))
    door = Door([CoinApiEms(desk, KEYS)])
    await door.start("127.0.0.1", 0, None, None)
    client = Client(door.port, server)
    try:
        yield client
    finally:
        await client.session.close()
        await door.stop(PATIENCE_S)
        await desk.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A venue that all tests here use, one after the other; each leaves it empty."""
    with Server(tmp_path_factory.mktemp("venue")) as running:
        yield running


@pytest.fixture
async def client(server: Server, tmp_path: Path) -> AsyncIterator[Client]:
    """A new desk in front of the venue, which is empty at the end."""
    async with open_desk(server, tmp_path / "ems") as client:
        yield client
        assert await client.at_venue() == []


async def test_the_documented_request_is_answered_with_ok_once_the_venue_is_empty(
    client: Client,
) -> None:
    """The request of the published page, byte for byte: one member, one header."""
    await client.place("one")
    await client.place("two", side="SELL", price=90_000)
    assert len(await client.at_venue()) == 2

    wire = Wire(*await asyncio.open_connection("127.0.0.1", client.port))
    head = ("Content-Type: application/json", f"X-CoinAPI-Key: {KEY}")
    wire.send(post("/v1/orders/cancel/all", b'{"exchange_id":"KRAKENFTS"}', *head))
    reply = await wire.reply()
    await wire.close()
    await wire.writer.wait_closed()

    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert json.loads(reply.body) == {
        "type": "MESSAGE",
        "exchange_id": "KRAKENFTS",
        "message": "Ok",
    }
    assert await client.at_venue() == []
    for name in ("one", "two"):
        _, report = await client.ask("GET", f"/v1/orders/status/{name}")
        assert report["status"] == "CANCELED"


async def test_an_order_in_flight_is_caught(client: Client) -> None:
    """It arrives at the venue after the mass cancel, and is gone before the desk says Ok."""
    await client.fault(path=SENDORDER, kind="delay", delay_seconds=0.7)
    placing = asyncio.create_task(client.place())
    await client.order_when("one", lambda report: report["status"] == "ROUTING")
    await client.until_faults_are_done()

    status, answer = await client.cancel_all()
    at_venue = await client.at_venue()
    _, placed = await placing

    assert (status, answer["message"]) == (200, "Ok")
    assert at_venue == []
    assert placed["client_order_id"] == "one"
    report = await client.order_when("one", lambda it: it["status"] == "CANCELED")
    path = [status for status, _ in report["status_history"]]
    assert path == ["RECEIVED", "ROUTING", "ROUTED", "NEW", "CANCELED"]


async def test_an_order_of_somebody_else_goes_too(client: Client) -> None:
    """Placed at the venue past the desk: it is on the account."""
    order = {"orderType": "stp", "symbol": "PF_XBTUSD", "side": "sell", "size": "0.01"}
    await client.past_the_desk("POST", "sendorder", stopPrice=30_000, **order)

    status, listed = await client.ask("GET", "/v1/orders?exchange_id=KRAKENFTS")
    killed, _ = await client.cancel_all()

    assert (status, killed) == (200, 200)
    assert [order["status"] for order in listed] == ["NEW"]
    assert await client.at_venue() == []


async def test_a_reply_lost_after_the_effect_is_unknown_and_then_known(client: Client) -> None:
    """504 means: nobody knows. The order is found, and there is one of it."""
    await client.fault(path=SENDORDER, kind="lose_reply")

    status, rejected = await client.place()
    report = await client.order_when("one", lambda it: it["status"] == "NEW")

    assert status == 504
    assert rejected["type"] == "MESSAGE_REJECT"
    assert rejected["reject_reason"] == "EXCHANGE_RESPONSE_TIMEOUT"
    assert json.loads(rejected["rejected_message"])["type"] == "ORDER_NEW_SINGLE_REQUEST"
    (listed,) = await client.at_venue()
    assert listed["order_id"] == report["exchange_order_id"]
    assert listed["cliOrdId"] == report["client_order_id_format_exchange"]
    assert (await client.cancel_all())[0] == 200


async def test_a_request_lost_before_the_effect_ends_as_rejected(client: Client) -> None:
    """The venue never had it; only two looks at the venue can tell."""
    await client.fault(path=SENDORDER, kind="close")

    status, _ = await client.place("never")
    report = await client.order_when("never", lambda it: it["status"] == "REJECTED")

    assert status == 504
    assert "never arrived" in report["error_message"]


@pytest.mark.parametrize("harm", ["lose_reply", "close", "status"])
async def test_a_fault_in_the_mass_cancel_is_overcome(client: Client, harm: str) -> None:
    """Cancels may be sent again; what counts is the venue's list."""
    await client.place()
    await client.fault(path="/derivatives/api/v3/cancelallorders", kind=harm)

    status, answer = await client.cancel_all()

    assert (status, answer["message"]) == (200, "Ok")
    assert await client.at_venue() == []


async def test_a_venue_that_is_killed_on_the_way_is_not_called_empty(tmp_path: Path) -> None:
    """504 with a report; when the venue is back, the same call proves it."""
    with Server(tmp_path / "venue") as server:
        async with open_desk(server, tmp_path / "ems") as client:
            await client.place()
            await client.fault(path=OPENORDERS, kind="delay", delay_seconds=30)
            killing = asyncio.create_task(client.cancel_all())
            await client.until_faults_are_done()  # the mass cancel is done, the list is awaited
            server.kill()

            status, rejected = await killing
            down, unreachable = await client.cancel_all()
            refused, _ = await client.place("two")
            server.start()
            proven, _ = await client.cancel_all()

            assert status == 504
            assert rejected["reject_reason"] == "EXCHANGE_RESPONSE_TIMEOUT"
            assert "Report CA-000001" in rejected["message"]
            assert down == 490
            assert unreachable["reject_reason"] == "EXCHANGE_UNREACHABLE"
            assert unreachable["rejected_message"] == (
                '{"exchange_id":"KRAKENFTS","type":"ORDER_CANCEL_ALL_REQUEST"}'
            )
            assert refused == 490
            assert proven == 200
            assert await client.at_venue() == []
            report = await client.order_when("one", lambda it: it["status"] == "CANCELED")
            assert report["amount_filled"] == 0


async def test_a_desk_that_is_killed_with_an_order_on_its_way_finds_it_again(
    server: Server, tmp_path: Path
) -> None:
    """The intent was on the disk before the order left; the order is looked for, not sent again."""
    plan = Plan(tmp_path / "ems", config(server), KEYS)
    process = EmsProcess(tmp_path / "plan.json", plan)
    process.start()
    client = Client(process.port, server)
    try:
        await client.place("stands")
        await client.fault(path=SENDORDER, kind="delay", delay_seconds=0.7)
        placing = asyncio.create_task(client.place("lost"))
        await client.order_when("lost", lambda report: report["status"] == "ROUTING")
        await client.until_faults_are_done()
        process.kill()
        with pytest.raises(aiohttp.ClientError):
            await placing
        await client.session.close()
        while len(await client.at_venue()) < 2:
            pass  # what was on its way arrives without the desk

        process.start()
        client = Client(process.port, server)
        reports = [
            await client.order_when(name, lambda it: it["status"] == "NEW")
            for name in ("stands", "lost")
        ]
        at_venue = await client.at_venue()
        again, _ = await client.place("lost")
        status, _ = await client.cancel_all()

        listed = {it["order_id"] for it in at_venue}
        assert listed == {report["exchange_order_id"] for report in reports}
        assert len(at_venue) == 2
        assert again == 400
        assert status == 200
        assert await client.at_venue() == []
    finally:
        process.kill()
        await client.session.close()


async def test_an_order_trades_and_is_told_with_its_fills(client: Client) -> None:
    """Fills that happen after the answer are seen when somebody asks."""
    ticker = await client.past_the_desk("GET", "tickers/PF_XBTUSD")
    price = int(ticker["ticker"]["markPrice"])
    await client.place("maker", price=price)
    taker = {"orderType": "ioc", "symbol": "PF_XBTUSD", "side": "sell", "size": "0.004"}
    sent = await client.past_the_desk("POST", "sendorder", "secondary", limitPrice=price, **taker)
    assert sent["sendStatus"]["status"] == "placed"

    report = await client.order_when("maker", lambda it: it["amount_filled"] > 0)
    _, positions = await client.ask("GET", "/v1/positions?exchange_id=KRAKENFTS")
    status, canceled = await client.ask(
        "POST", "/v1/orders/cancel", {"exchange_id": "KRAKENFTS", "client_order_id": "maker"}
    )

    assert report["status"] == "PARTIALLY_FILLED"
    assert (report["amount_filled"], report["amount_open"]) == (0.004, 0.006)
    assert report["avg_px"] == price
    assert [(it["price"], it["amount"]) for it in report["fills"]] == [(price, 0.004)]
    assert positions[0]["data"][0]["symbol_id_coinapi"] == "KRAKENFTS_PERP_BTC_USD"
    assert (status, canceled["status"], canceled["amount_filled"]) == (200, "CANCELED", 0.004)
