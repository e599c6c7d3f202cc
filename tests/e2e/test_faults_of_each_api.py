"""Faults at the installed program as clients of Spot, Pacifica and the desk meet them."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any, Final
from zlib import crc32

import ccxt
import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from openvenue.testing.faults import AdminError, Fault, Faults, Kind
from openvenue.testing.server import Server
from tests.e2e import futures_clients, pacifica_clients, spot_scene
from tests.e2e.signed_client import traceback_in
from tests.e2e.test_cli import openvenue

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


def test_a_book_on_a_socket_has_a_wrong_checksum(server: Server, faults: Faults, spot: Any) -> None:
    """A client that checks throws its book away and asks again: then it is right."""
    spot.create_order(SPOT, "limit", "buy", 0.01, 50_001)
    fault = Fault(kind=Kind.BAD_CHECKSUM, api="kraken_spot", method="book")
    with faults.planned(fault) as (number,):
        wrong, right = (snapshot_of_the_book(server) for _ in "ab")
        assert faults.struck(number) == 1

    assert wrong["bids"] == right["bids"] != []
    assert int(wrong["checksum"]) != checksum(wrong)
    assert int(right["checksum"]) == checksum(right)
    with pytest.raises(AdminError, match="no message of pacifica has a checksum"):
        faults.add(Fault(kind=Kind.BAD_CHECKSUM, api="pacifica"))


def snapshot_of_the_book(server: Server) -> Any:
    """The first that a client is told of it, its numbers as they are written."""
    with connect(spot_scene.sockets_of(server) + "/v2") as socket:
        asked = {"method": "subscribe", "params": {"channel": "book", "symbol": [SPOT]}}
        socket.send(json.dumps(asked))
        while '"type":"snapshot"' not in (frame := socket.recv(10)):
            assert frame
    return json.loads(frame, parse_float=str, parse_int=str)["data"][0]


def checksum(book: Any) -> int:
    """By the published rule. Source: Kraken Spot WebSocket v2, "Book checksum"."""
    digits = [
        level[name].replace(".", "").lstrip("0")
        for side in ("asks", "bids")
        for level in book[side][:10]
        for name in ("price", "qty")
    ]
    return crc32("".join(digits).encode())


def test_a_revoked_key_is_told_by_each_api(
    server: Server, faults: Faults, spot: Any, pacifica: Any
) -> None:
    """Whatever is signed with it, until it is restored; what is public goes on, and other keys."""
    futures = futures_clients.ccxt_client(ccxt, server, "primary")
    other = futures_clients.ccxt_client(ccxt, server, "secondary")
    with faults.planned(Fault(kind=Kind.REVOKED_KEY, account="primary", count=0)):
        for _ in "ab":
            with pytest.raises(ccxt.AuthenticationError, match="authenticationError"):
                futures.fetch_balance()
            with pytest.raises(ccxt.AuthenticationError, match="Invalid key"):
                spot.cancel_all_orders()
            with pytest.raises(ccxt.BaseError, match="Agent not authorized for account"):
                buy(pacifica, PERP)
            with pytest.raises(urllib.error.HTTPError, match="401"):
                ask_desk(server, "/v1/orders")
        assert other.fetch_balance()
        assert spot.fetch_ticker(SPOT)
        assert pacifica.fetch_balance()  # everybody may read it

    assert futures.fetch_balance()
    assert spot.cancel_all_orders()
    assert buy(pacifica, PERP)
    assert ask_desk(server, "/v1/orders") is not None


def ask_desk(server: Server, path: str) -> Any:
    """What the desk answers to the primary account."""
    keys = server.key_file.accounts["primary"].coinapi_ems
    assert keys is not None
    asked = urllib.request.Request(server.base_url + path, headers={"X-CoinAPI-Key": keys.api_key})
    with urllib.request.urlopen(asked, timeout=10) as response:
        return json.load(response)


def test_a_token_is_revoked_in_the_middle_of_a_session(
    server: Server, faults: Faults, spot: Any
) -> None:
    """Orders with it are refused; what was subscribed goes on; the next token is good."""
    with connect(spot_scene.sockets_of(server) + "/v2") as socket:
        subscribe = {"channel": "executions", "token": new_token(spot), "snap_orders": False}
        assert told(socket, "subscribe", subscribe)["success"]
        fault = Fault(kind=Kind.REVOKED_KEY, api="kraken_spot", account="primary", path="/v2")
        with faults.planned(fault) as (number,):
            refused = told(socket, "cancel_all", {"token": subscribe["token"]})
            again = told(socket, "cancel_all", {"token": new_token(spot)})
            assert faults.struck(number) == 1

    assert (refused["error"], refused["success"]) == ("EAPI:Invalid token", False)
    assert again["success"]


def new_token(spot: Any) -> str:
    """For a socket."""
    return str(spot.privatePostGetWebSocketsToken()["result"]["token"])


def told(socket: Any, method: str, params: dict[str, Any]) -> Any:
    """The answer to a request on a socket of Kraken Spot."""
    socket.send(json.dumps({"method": method, "params": params}))
    while f'"method":"{method}"' not in (frame := socket.recv(10)):
        assert frame
    return json.loads(frame)


def test_one_venue_is_away_and_comes_back(
    server: Server, faults: Faults, spot: Any, pacifica: Any
) -> None:
    """Connections on its paths are reset, its sockets end; what it held is there afterwards."""
    buy(spot, SPOT)
    flags = ("--down", "6", "--venue", "kraken-spot", "--data-dir", str(server.data_dir))
    with connect(spot_scene.sockets_of(server) + "/v2") as socket:
        assert json.loads(socket.recv(10))["channel"] == "status"
        went = openvenue("fault", "restart", *flags)
        assert went.stdout == "kraken-spot goes, and is back after 6 s.\n"
        with pytest.raises(ConnectionClosed):
            list(iter(lambda: socket.recv(10), ""))
    with pytest.raises(ccxt.NetworkError):
        spot.fetch_ticker(SPOT)
    with pytest.raises((OSError, InvalidHandshake)):
        connect(spot_scene.sockets_of(server) + "/v2")
    with pytest.raises(urllib.error.HTTPError, match="503"):
        urllib.request.urlopen(server.base_url + "/health/ready", timeout=10)
    with pytest.raises(AdminError, match="kraken-spot is away"):
        faults.send_away("kraken-spot", 0)
    assert pacifica.fetch_balance()

    faults.await_back("kraken-spot")
    assert [order["price"] for order in spot.fetch_open_orders()] == [50_000]
    unknown = openvenue("fault", "restart", "--venue", "spot", *flags[4:])
    assert unknown.returncode == 2
    assert "venues are kraken-futures, kraken-spot, pacifica" in unknown.stderr


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
