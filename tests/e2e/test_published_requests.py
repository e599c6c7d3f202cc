"""The cancel requests of the published pages, sent as they stand there, with real keys filled in.

No library stands between: headers, member order and white space are those of the pages. Answers are
held to the pages' own examples, member by member; values that belong to a moment are held to their
form. Source: Kraken Futures REST, "Cancel all orders", "Cancel order"; Kraken Spot WebSocket v2,
"Cancel All"; CoinAPI EMS REST, "Cancel all orders request"; Pacifica REST, "Cancel all orders".
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final, Literal
from urllib.parse import quote

import pytest
import requests

from openvenue.testing.server import Server
from tests.e2e.api import Api, Kind, Wish
from tests.e2e.api_futures import Futures
from tests.e2e.api_pacifica import Pacifica, signed
from tests.e2e.api_spot import Spot
from tests.e2e.apis import SERVED
from tests.e2e.door_scene import Wire, frame
from tests.e2e.signed_client import authent
from tests.e2e.test_one_venue_stops import resting

MILLIS: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
MICROS: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
BASE: Final = "/derivatives/api/v3/"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """All venues, for all tests here; each test leaves them empty."""
    with Server(tmp_path_factory.mktemp("published")) as running:
        yield running


@pytest.fixture
async def wire(server: Server) -> AsyncIterator[Wire]:
    """A client's socket."""
    wire = Wire(*await asyncio.open_connection("127.0.0.1", server.port))
    yield wire
    wire.writer.transport.abort()


async def place(api: Api, count: int, kind: Kind = "limit") -> list[str]:
    """Orders that rest."""
    number = time.time_ns() // 1_000 % 10**11
    wishes = [resting(type(api), number + turn) for turn in range(count)]
    side: Literal["buy", "sell"] = "sell" if kind == "stop" else "buy"
    return [
        await api.place(Wish(it.symbol, side, it.size, it.price, kind, it.name)) for it in wishes
    ]


# ---- Kraken Futures


def curl(server: Server, name: str, query: str = "") -> bytes:
    """`curl --request POST --url … --header 'APIKey: …' --header 'Authent: …'`: no body, no length,
    no nonce.
    """
    keys = server.keys()
    signature = authent(keys.api_secret, query.encode(), "", BASE + name)
    target = f"{BASE}{name}" + (f"?{query}" if query else "")
    return (
        f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUser-Agent: curl/8.5.0\r\n"
        f"Accept: */*\r\nAPIKey: {keys.api_key}\r\nAuthent: {signature}\r\n\r\n"
    ).encode()


def hold_event(event: dict[str, Any], order: str, more: dict[str, object]) -> None:
    """One `orderEvents` entry of the pages' examples."""
    terms = event["order"]
    for name in ("timestamp", "lastUpdateTimestamp"):
        assert MILLIS.fullmatch(terms.pop(name))
    assert event["type"] == "CANCEL" and event["uid"] == order
    expected: dict[str, object] = {
        "orderId": order,
        "type": "lmt",
        "symbol": "PF_XBTUSD",
        "side": "buy",
        "quantity": 0.02,
        "filled": 0,
        "limitPrice": 47_500,
        "reduceOnly": False,
    }
    assert terms.items() >= (expected | more).items()


@pytest.mark.parametrize("query", ["", "symbol=PF_XBTUSD"])
async def test_cancel_all_orders_of_kraken_futures(server: Server, wire: Wire, query: str) -> None:
    """`cancelallorders`, with and without its one query parameter."""
    futures = Futures(server, "primary")
    placed = await place(futures, 3)

    reply = await wire.send(curl(server, "cancelallorders", query)).reply()
    again = await wire.send(curl(server, "cancelallorders", query)).reply()

    answer = json.loads(reply.body)
    assert reply.status == 200 and reply.headers["content-type"].startswith("application/json")
    assert answer["result"] == "success" and MILLIS.fullmatch(answer["serverTime"])
    status = answer["cancelStatus"]
    assert MILLIS.fullmatch(status["receivedTime"])
    assert status["cancelOnly"] == ("PF_XBTUSD" if query else "all")
    assert status["status"] == "cancelled"
    assert [set(it) >= {"order_id"} for it in status["cancelledOrders"]] == [True] * 3
    assert [it["order_id"] for it in status["cancelledOrders"]] == placed
    for event, order in zip(status["orderEvents"], placed, strict=True):
        hold_event(event, order, {})
    nothing = json.loads(again.body)["cancelStatus"]
    assert nothing["status"] == "noOrdersToCancel"
    assert nothing["cancelledOrders"] == nothing["orderEvents"] == []
    assert await futures.open_orders() == set()
    await futures.leave()


async def test_cancel_order_of_kraken_futures(server: Server, wire: Wire) -> None:
    """`cancelorder`, by either name, with a deadline ahead and one that has passed."""
    futures = Futures(server, "primary")
    name = resting(Futures, 77).name
    (first,) = await place(futures, 1)
    second = await futures.place(resting(Futures, 77))
    ahead = quote(f"{time.gmtime().tm_year + 1}-11-08T19:56:35.441899Z")
    for query, order in (
        (f"processBefore={ahead}&order_id={first}", first),
        (f"processBefore={ahead}&cliOrdId={name}", second),
    ):
        late = quote("2023-11-08T19:56:35.441899Z")
        refused = await wire.send(curl(server, "cancelorder", query.replace(ahead, late))).reply()
        assert order in await futures.open_orders(), refused.body

        reply = await wire.send(curl(server, "cancelorder", query)).reply()
        again = await wire.send(curl(server, "cancelorder", query)).reply()

        answer = json.loads(reply.body)
        assert reply.status == 200 and answer["result"] == "success", answer
        assert MILLIS.fullmatch(answer["serverTime"])
        status = answer["cancelStatus"]
        assert MILLIS.fullmatch(status["receivedTime"])
        assert (status["status"], status["order_id"]) == ("cancelled", order)
        (event,) = status["orderEvents"]
        hold_event(event, order, {"cliOrdId": name} if order == second else {})
        assert json.loads(again.body)["cancelStatus"]["status"] == "notFound"
    await futures.leave()


# ---- Kraken Spot

PUBLISHED_TOKEN: Final = "weeBxllys/7kHy/zHpkATSDIS42BvDgWS2b04ZSZHZ5"
CANCEL_ALL: Final = """{
    "method": "cancel_all",
    "params": {
        "token": "%s"
    },
    "req_id": 1234567890
}"""


async def test_cancel_all_of_kraken_spot(server: Server, wire: Wire) -> None:
    """The frame of the page, indented as it is there, on a socket that has asked for nothing."""
    spot = Spot(server, "primary")
    await place(spot, 1)
    assert (await wire.upgraded("/v2")).status == 101
    await wire.frame()  # status

    async def press() -> tuple[str, dict[str, Any]]:
        wire.send(frame((CANCEL_ALL % await spot.token()).encode()))
        while True:
            _, payload = await wire.frame()
            if json.loads(payload).get("method") == "cancel_all":
                return payload.decode(), json.loads(payload)

    _, answer = await press()
    text, nothing = await press()
    wire.send(frame((CANCEL_ALL % PUBLISHED_TOKEN).encode()))
    _, refused = await wire.frame()
    await spot.leave()

    for told, count in ((answer, 1), (nothing, 0)):
        assert MICROS.fullmatch(told.pop("time_in")) and MICROS.fullmatch(told.pop("time_out"))
        assert told == {
            "method": "cancel_all",
            "req_id": 1234567890,
            "result": {"count": count},
            "success": True,
        }
    assert re.fullmatch(r'\{"method":"cancel_all","req_id":.*,"time_out":"[^"]*"\}', text)
    failed = json.loads(refused)
    assert failed["success"] is False and isinstance(failed["error"], str)
    assert "result" not in failed and failed["req_id"] == 1234567890


# ---- CoinAPI EMS


@pytest.mark.parametrize("api", SERVED, ids=lambda api: api.exchange_id)
async def test_cancel_all_orders_of_coinapi_ems(server: Server, wire: Wire, api: type[Api]) -> None:
    """One member, for every exchange that is served; and the two refusals of the page."""
    venue = api(server, "primary")
    await place(venue, 2)
    bearer = server.key_file.accounts["primary"].coinapi_ems
    assert bearer is not None

    async def ask(body: str) -> tuple[int, str, dict[str, Any]]:
        head = (
            f"POST /v1/orders/cancel/all HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
            f"X-CoinAPI-Key: {bearer.api_key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        reply = await wire.send((head + body).encode()).reply()
        return reply.status, reply.headers["content-type"], json.loads(reply.body)

    ok = await ask(f'{{\n  "exchange_id": "{api.exchange_id}"\n}}')
    unknown = await ask('{\n  "exchange_id": "BINANCE"\n}')
    invalid = await ask("{}")
    left = await venue.open_orders()
    await venue.leave()

    message = {"type": "MESSAGE", "exchange_id": api.exchange_id, "message": "Ok"}
    assert ok == (200, "application/json", message)
    assert left == set()
    status, kind, rejected = unknown
    assert (status, kind) == (490, "application/json")
    assert rejected.keys() == {
        *("type", "reject_reason", "exchange_id", "message", "rejected_message"),
    }
    assert (rejected["type"], rejected["exchange_id"]) == ("MESSAGE_REJECT", "BINANCE")
    assert rejected["reject_reason"] == "EXCHANGE_UNREACHABLE"
    assert json.loads(rejected["rejected_message"]) == {
        "exchange_id": "BINANCE",
        "type": "ORDER_CANCEL_ALL_REQUEST",
    }
    status, _, problem = invalid
    assert status == 400
    assert problem.keys() == {"type", "title", "status", "traceId", "errors"}
    assert problem["type"] == "https://tools.ietf.org/html/rfc7231#section-6.5.1"
    assert problem["title"] == "One or more validation errors occurred."
    assert problem["status"] == 400 and isinstance(problem["errors"], str)
    assert re.fullmatch("[0-9a-f]{8}-[0-9a-f]{16}", problem["traceId"])


# ---- Pacifica


def press_pacifica(url: str, payload: Any) -> tuple[int, Any]:
    """The Python example, from its `response` on."""
    response = requests.post(
        url + "/api/v1/orders/cancel_all",
        json=payload,
        headers={"Content-Type": "application/json"},
        timeout=10,
    )

    data = response.json()
    return response.status_code, data


async def test_cancel_all_orders_of_pacifica(server: Server) -> None:
    """The example's four members, then those of the whole body; a client that reads the count."""
    pacifica = Pacifica(server, "primary")
    wallet = server.key_file.accounts["primary"].pacifica
    assert wallet is not None

    async def press(data: Mapping[str, object], **header: object) -> tuple[int, Any]:
        body = signed(wallet.private_key, wallet.account, "cancel_all_orders", data, **header)
        return await asyncio.to_thread(press_pacifica, server.base_url, body)

    everything = {"all_symbols": True, "exclude_reduce_only": False}
    await place(pacifica, 3)
    await place(pacifica, 2, "stop")
    status, data = await press(everything)
    assert (status, data["cancelled_count"]) == (200, 5)
    assert await pacifica.open_orders() == set()

    (kept,) = await place(pacifica, 1)
    status, data = await press({**everything, "all_symbols": False, "symbol": "ETH"})
    assert (status, data["cancelled_count"]) == (200, 0)
    assert await pacifica.open_orders() == {kept}
    status, data = await press({**everything, "symbol": "BTC"}, expiry_window=30_000)
    assert (status, data["cancelled_count"]) == (200, 1)

    for wrong in ({"all_symbols": True}, {**everything, "all_symbols": False}):
        status, data = await press(wrong)
        assert status == 400
        assert (data["error"], data["code"]) == ("Invalid parameters", 400)
    forged = {"account": wallet.account, "signature": "5j1Vy9Uq", "timestamp": 1716200000000}
    status, data = await asyncio.to_thread(
        press_pacifica, server.base_url, {**forged, **everything}
    )
    assert status == 400 and isinstance(data["error"], str) and data["code"] == 400
    await pacifica.leave()
