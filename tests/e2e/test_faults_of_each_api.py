"""Faults at the installed program as clients of Spot, Pacifica and the desk meet them."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any, Final

import ccxt
import pytest
from websockets.sync.client import connect

from openvenue.testing.faults import AdminError, Fault, Faults, Kind
from openvenue.testing.server import Server
from tests.e2e import pacifica_clients, spot_scene
from tests.e2e.signed_client import traceback_in

SPOT: Final = "BTC/USD"
PERP: Final = "BTC/USDC:USDC"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The default world, without a crowd and without limits."""
    with Server(tmp_path_factory.mktemp("faults") / "data") as server:
        yield server
        assert traceback_in(server) == ""


@pytest.fixture
def faults(server: Server) -> Faults:
    """Its plan, with nothing in it."""
    faults = Faults(server)
    faults.clear()
    return faults


@pytest.fixture
def spot(server: Server, faults: Faults) -> Any:
    """Ccxt at Kraken Spot, without orders."""
    client = spot_scene.ccxt_client(ccxt, server, "primary")
    client.load_markets()
    client.cancel_all_orders()
    return client


@pytest.fixture
def pacifica(server: Server, faults: Faults) -> Any:
    """Ccxt at Pacifica, without orders."""
    client = pacifica_clients.ccxt_client(ccxt, server, "primary")
    client.load_markets()
    client.cancel_all_orders(PERP)
    return client


def buy(client: Any, symbol: str) -> Any:
    """An order that rests."""
    return client.create_order(symbol, "limit", "buy", 0.01, 50_000)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(kind=Kind.RATE_LIMIT, api="kraken_spot"), ccxt.DDoSProtection),
        (Fault(kind=Kind.MAINTENANCE, api="kraken_spot"), ccxt.ExchangeNotAvailable),
        (Fault(kind=Kind.STATUS, status=500, api="kraken_spot"), ccxt.ExchangeNotAvailable),
        (Fault(kind=Kind.STATUS, status=502, api="kraken_spot"), ccxt.ExchangeNotAvailable),
        (Fault(kind=Kind.STATUS, status=503, api="kraken_spot"), ccxt.ExchangeNotAvailable),
        (Fault(kind=Kind.STATUS, status=504, api="kraken_spot"), ccxt.RequestTimeout),
        (Fault(kind=Kind.CUT_REPLY, api="kraken_spot"), ccxt.NetworkError),
    ],
    ids=lambda it: f"{it.kind}-{it.status}" if isinstance(it, Fault) else "",
)
def test_trouble_of_kraken_spot_in_ccxt(
    faults: Faults, spot: Any, fault: Fault, error: type[Exception]
) -> None:
    """What bots around ccxt catch."""
    with faults.planned(fault), pytest.raises(error):
        buy(spot, SPOT)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(kind=Kind.RATE_LIMIT, api="pacifica"), ccxt.RateLimitExceeded),
        (Fault(kind=Kind.MAINTENANCE, api="pacifica"), ccxt.ExchangeNotAvailable),
        (Fault(kind=Kind.STATUS, status=500, api="pacifica"), ccxt.ExchangeNotAvailable),
        (Fault(kind=Kind.STATUS, status=502, api="pacifica"), ccxt.ExchangeNotAvailable),
        (Fault(kind=Kind.STATUS, status=504, api="pacifica"), ccxt.RequestTimeout),
    ],
    ids=lambda it: f"{it.kind}-{it.status}" if isinstance(it, Fault) else "",
)
def test_trouble_of_pacifica_in_ccxt(
    faults: Faults, pacifica: Any, fault: Fault, error: type[Exception]
) -> None:
    """What bots around ccxt catch."""
    with faults.planned(fault), pytest.raises(error):
        buy(pacifica, PERP)


@pytest.mark.parametrize("venue", ["spot", "pacifica"])
def test_a_reply_is_lost_after_the_order_was_placed(
    faults: Faults, request: pytest.FixtureRequest, venue: str
) -> None:
    """At every venue: the client sees an error, and the order stands."""
    client = request.getfixturevalue(venue)
    symbol = SPOT if venue == "spot" else PERP

    with faults.planned(Fault(kind=Kind.LOSE_REPLY)), pytest.raises(ccxt.NetworkError):
        buy(client, symbol)

    assert len(client.fetch_open_orders(symbol)) == 1


@pytest.mark.parametrize("venue", ["spot", "pacifica"])
def test_a_cancel_of_all_says_yes_and_does_nothing(
    faults: Faults, request: pytest.FixtureRequest, venue: str
) -> None:
    """At every venue, in its own words for yes."""
    client = request.getfixturevalue(venue)
    symbol = SPOT if venue == "spot" else PERP
    buy(client, symbol)
    buy(client, symbol)

    with faults.planned(Fault(kind=Kind.IGNORE_CANCEL, method="CancelOrders")):
        client.cancel_all_orders(symbol) if venue == "pacifica" else client.cancel_all_orders()
    assert len(client.fetch_open_orders(symbol)) == 2

    with faults.planned(Fault(kind=Kind.PARTIAL, method="CancelOrders")):
        client.cancel_all_orders(symbol) if venue == "pacifica" else client.cancel_all_orders()
    assert len(client.fetch_open_orders(symbol)) == 1


def test_spot_says_that_it_is_in_maintenance(faults: Faults, spot: Any) -> None:
    """Everything but its status is refused."""
    with faults.planned(Fault(kind=Kind.MAINTENANCE, api="kraken_spot", count=0)):
        assert spot.fetch_status()["status"] == "maintenance"
        with pytest.raises(ccxt.ExchangeNotAvailable):
            spot.fetch_open_orders(SPOT)
    assert spot.fetch_status()["status"] == "ok"


def test_a_book_on_a_socket_misses_an_update(server: Server, faults: Faults, spot: Any) -> None:
    """The next update cannot be applied to what the client has."""
    address = spot_scene.sockets_of(server) + "/v2"
    with connect(address) as socket:
        asked = {"method": "subscribe", "params": {"channel": "book", "symbol": [SPOT]}}
        socket.send(json.dumps(asked))
        while '"type":"snapshot"' not in (frame := socket.recv(10)):
            assert frame

        lost = Fault(kind=Kind.LOSE_REPLY, api="kraken_spot", path="/v2", method="book")
        with faults.planned(lost) as (number,):
            spot.create_order(SPOT, "limit", "buy", 0.01, 50_001)
            spot.create_order(SPOT, "limit", "buy", 0.01, 50_002)
            while '"channel":"book"' not in (frame := socket.recv(10)):
                assert frame
            bids = json.loads(frame)["data"][0]["bids"]
            assert [bid["price"] for bid in bids] == [50_002]
            assert faults.struck(number) == 1


def test_a_message_meets_trouble_on_a_socket(server: Server, faults: Faults) -> None:
    """In the words of each API, with what the request was called."""
    sockets = server.base_url.replace("http", "ws", 1)
    with (
        faults.planned(Fault(kind=Kind.STATUS, status=504, path="/v2", method="ping")),
        connect(f"{sockets}/v2") as socket,
    ):
        socket.send('{"method":"ping","req_id":3}')
        while "error" not in (frame := socket.recv(10)):
            assert frame
        told = json.loads(frame)
    assert (told["error"], told["method"], told["req_id"]) == ("EService:Busy", "ping", 3)

    with (
        faults.planned(Fault(kind=Kind.RATE_LIMIT, path="/ws", method="create_order")),
        connect(f"{sockets}/ws") as socket,
    ):
        socket.send('{"id":"a","params":{"create_order":{}}}')
        told = json.loads(socket.recv(10))
    assert (told["code"], told["id"], told["type"]) == (429, "a", "create_order")

    with (
        faults.planned(Fault(kind=Kind.MAINTENANCE, path="/ws/v1", method="subscribe")),
        connect(f"{sockets}/ws/v1") as socket,
    ):
        assert json.loads(socket.recv(10))["event"] == "info"
        socket.send('{"event":"subscribe","feed":"book","product_ids":["PF_XBTUSD"]}')
        told = json.loads(socket.recv(10))
    assert told == {"event": "alert", "message": "Unavailable"}


def test_trouble_of_the_desk(server: Server, faults: Faults) -> None:
    """An answer that never says whether the order lives."""
    keys = server.key_file.accounts["primary"].coinapi_ems
    assert keys is not None
    body = json.dumps({"exchange_id": "KRAKENFTS", "client_order_id": "a"}).encode()
    asked = urllib.request.Request(
        f"{server.base_url}/v1/orders",
        body,
        {"X-CoinAPI-Key": keys.api_key, "Content-Type": "application/json"},
    )

    with (
        faults.planned(Fault(kind=Kind.STATUS, status=504, account="primary", path="/v1/orders")),
        pytest.raises(urllib.error.HTTPError) as raised,
    ):
        urllib.request.urlopen(asked, timeout=10)

    told = json.loads(raised.value.read())
    assert (raised.value.code, told["reject_reason"]) == (504, "EXCHANGE_RESPONSE_TIMEOUT")
    assert told["exchange_id"] == "KRAKENFTS"


@pytest.mark.parametrize(
    ("api", "paths"),
    {
        "kraken_futures": (
            "/derivatives/api/v3/tickers/PF_XBTUSD",
            "/api/history/v2/executions",
            "/api/charts/v1/trade/PF_XBTUSD/1m",
            "/derivatives/api/v3/rfqs/1",
            "/ws/v1",
        ),
        "kraken_spot": ("/0/public/Ticker", "/0/private/CancelAll", "/auth/v2"),
        "pacifica": ("/api/v1/orders/cancel_all", "/api/v1/lake/list", "/ws"),
        "coinapi_ems": ("/v1/orders/status/one", "/v1/kill-switch/HALT-000001/release", "/"),
    }.items(),
)
def test_faults_know_the_paths_of_each_api(
    faults: Faults, api: str, paths: tuple[str, ...]
) -> None:
    """Those that a client asks for are planned, those of nobody refused."""
    for path in paths:
        with faults.planned(Fault(kind=Kind.HANG, api=api, path=path)) as (number,):
            assert faults.struck(number) == 0
    with pytest.raises(AdminError, match=f"no path of {api} matches '/nowhere'"):
        faults.add(Fault(kind=Kind.HANG, api=api, path="/nowhere"))
