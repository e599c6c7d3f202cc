"""Faults at the installed program, as unmodified clients and people at a shell meet them."""

import json
import socket
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import ccxt
import pytest

from openvenue.testing.faults import AdminError, Fault, Faults, Kind, Stage
from openvenue.testing.server import Server, free_ports
from tests.e2e import spot_scene
from tests.e2e.futures_clients import ccxt_client
from tests.e2e.signed_client import traceback_in
from tests.e2e.test_cli import openvenue

BTC: Final = "BTC/USD:USD"
SEND: Final = "/derivatives/api/v3/sendorder"
LOST: Final = 'openvenue_faults_injected_total{api="kraken_futures",kind="lose_reply"}'
CANCEL_ALL: Final = "/derivatives/api/v3/cancelallorders"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The default world, without a crowd and without limits; time moves when told to."""
    with Server(tmp_path_factory.mktemp("faults") / "data", clock="virtual") as server:
        yield server
        assert traceback_in(server) == ""


@pytest.fixture
def faults(server: Server) -> Faults:
    """Its plan, with nothing in it."""
    faults = Faults(server)
    faults.clear()
    return faults


@pytest.fixture
def client(server: Server, faults: Faults) -> Any:
    """Ccxt as it is published, with markets loaded and no orders."""
    client = ccxt_client(ccxt, server, "primary")
    client.load_markets()
    client.cancel_all_orders(BTC)
    return client


def buy(client: Any, price: int = 90_000, **parameters: str) -> Any:
    """An order that rests."""
    return client.create_order(BTC, "limit", "buy", 0.01, price, parameters)


def open_prices(client: Any) -> list[float]:
    """What the client sees of its orders."""
    return sorted(order["info"]["limitPrice"] for order in client.fetch_open_orders(BTC))


def ask_admin(server: Server, what: str, body: bytes | None = None) -> Any:
    """The admin API, without any help of ours."""
    request = urllib.request.Request(
        f"{server.base_url}/admin/{what}", body, {"X-Admin-Key": server.admin_key}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def metric(server: Server, line: str) -> float:
    """A figure of /metrics; 0 if it is not there."""
    with urllib.request.urlopen(f"{server.base_url}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found = [it.rsplit(" ", 1)[1] for it in text.splitlines() if it.startswith(line)]
    return float(found[0]) if found else 0.0


def test_a_reply_is_lost_after_the_order_was_placed(
    server: Server, faults: Faults, client: Any
) -> None:
    """Ccxt sees a network error; whoever sends the order again without looking has two."""
    before = metric(server, LOST)
    with faults.planned(Fault(kind=Kind.LOSE_REPLY, path=SEND, account="primary")) as (lost,):
        with pytest.raises(ccxt.NetworkError):
            buy(client, clientOrderId="mine")

        (order,) = client.fetch_open_orders(BTC)
        assert order["clientOrderId"] == "mine"
        assert faults.struck(lost) == 1

    rows = ask_admin(server, "requests?limit=50")["requests"]
    row = next(row for row in rows if row["path"] == SEND)
    assert (row["status"], row["account"]) == (0, "primary")
    assert row["more"]["fault"] == f"{lost} lose_reply"
    assert metric(server, LOST) == before + 1
    assert faults.all() == []


def test_others_are_served_while_one_account_has_trouble(faults: Faults, server: Server) -> None:
    """A fault has an address."""
    primary, secondary = (ccxt_client(ccxt, server, name) for name in ("primary", "secondary"))
    for one in (primary, secondary):
        one.load_markets()
        one.cancel_all_orders(BTC)

    with faults.planned(Fault(kind=Kind.MAINTENANCE, account="primary", count=0)):
        with pytest.raises(ccxt.ExchangeNotAvailable):
            primary.fetch_open_orders(BTC)
        assert secondary.fetch_open_orders(BTC) == []
    assert primary.fetch_open_orders(BTC) == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(kind=Kind.RATE_LIMIT, path=SEND), ccxt.RateLimitExceeded),
        (Fault(kind=Kind.STATUS, path=SEND, status=429), ccxt.DDoSProtection),
        (Fault(kind=Kind.MAINTENANCE, path=SEND), ccxt.ExchangeNotAvailable),
        (Fault(kind=Kind.STATUS, path=SEND, status=500), ccxt.ExchangeError),
        (Fault(kind=Kind.STATUS, path=SEND, status=502), ccxt.ExchangeNotAvailable),
        (Fault(kind=Kind.STATUS, path=SEND, status=503), ccxt.ExchangeError),
        (Fault(kind=Kind.STATUS, path=SEND, status=504), ccxt.RequestTimeout),
        (Fault(kind=Kind.REFUSE, path=SEND), ccxt.NetworkError),
        (Fault(kind=Kind.CLOSE, path=SEND), ccxt.NetworkError),
        (Fault(kind=Kind.CUT_REPLY, path=SEND), ccxt.NetworkError),
    ],
    ids=lambda it: f"{it.kind}-{it.status}" if isinstance(it, Fault) else "",
)
def test_trouble_arrives_as_the_exceptions_that_bots_catch(
    faults: Faults, client: Any, fault: Fault, error: type[Exception]
) -> None:
    """Bots are written around these."""
    with faults.planned(fault) as (number,):
        with pytest.raises(error):
            buy(client)
        assert faults.struck(number) == 1


def test_a_slow_venue_runs_into_the_clients_own_patience(faults: Faults, client: Any) -> None:
    """The order is placed all the same: a time-out says nothing about it."""
    client.timeout = 300
    faults.add(Fault(kind=Kind.LATE_REPLY, path=SEND, delay_seconds=3_600))
    with pytest.raises(ccxt.RequestTimeout):
        buy(client)
    client.timeout = 10_000

    assert open_prices(client) == [90_000]


def test_an_order_that_stands_is_told_as_refused(faults: Faults, client: Any) -> None:
    """Whoever believes it sends another one."""
    with faults.planned(Fault(kind=Kind.FALSE_REJECT)):
        assert buy(client)["status"] == "rejected"

    assert open_prices(client) == [90_000]


def test_a_cancel_of_all_says_yes_and_does_nothing(
    server: Server, faults: Faults, client: Any
) -> None:
    """Only a look at the book tells; and the journal has the truth, which replays."""
    for price in (90_000, 90_001, 90_002):
        buy(client, price)

    with faults.planned(Fault(kind=Kind.IGNORE_CANCEL, method="CancelOrders")) as (ignored,):
        said = client.cancel_all_orders(BTC)
        assert len(said) == 3
        assert open_prices(client) == [90_000, 90_001, 90_002]
        assert faults.struck(ignored) == 1
        client.cancel_all_orders(BTC)
    assert open_prices(client) == []

    rows = ask_admin(server, "requests?limit=50")["requests"]
    row = next(row for row in rows if "fault" in row.get("more", {}))
    assert (row["method"], row["path"], row["account"]) == ("COMMAND", "CancelOrders", "primary")
    assert row["more"]["fault"] == f"{ignored} ignore_cancel"
    server.stop()
    data_dir = ("--data-dir", str(server.data_dir))
    told = openvenue("inspect", *data_dir, "--venue", "kraken-futures", "--limit", "2")
    ignored_one, true_one = told.stdout.splitlines()[:2]
    assert "kraken_futures  PassTime" in ignored_one
    assert "OrdersCanceled" in true_one
    assert openvenue("verify", *data_dir).returncode == 0
    server.start()


def test_a_cancel_of_all_stops_halfway(faults: Faults, client: Any) -> None:
    """A client that trusts the answer leaves orders behind."""
    for price in (90_000, 90_001, 90_002):
        buy(client, price)

    with faults.planned(Fault(kind=Kind.PARTIAL, method="CancelOrders")):
        client.cancel_all_orders(BTC)

    assert open_prices(client) == [90_001]


def test_a_batch_fails_in_part(faults: Faults, client: Any) -> None:
    """Two of three orders stand, and the client is told which."""
    orders = [
        {"symbol": BTC, "type": "limit", "side": "buy", "amount": 0.01, "price": 90_000 + place}
        for place in range(3)
    ]

    with faults.planned(Fault(kind=Kind.PARTIAL, method="Batch")):
        placed = client.create_orders(orders)

    assert sorted(order["status"] for order in placed) == ["open", "open", "rejected"]
    assert open_prices(client) == [90_000, 90_002]


def test_an_order_comes_back_after_its_cancel(faults: Faults, client: Any) -> None:
    """Canceled, told as canceled, and open again."""
    buy(client, clientOrderId="mine")

    with faults.planned(Fault(kind=Kind.REAPPEAR, method="CancelOrders", delay_seconds=0.001)):
        client.cancel_all_orders(BTC)
        for _ in range(1_000):
            if client.fetch_open_orders(BTC):
                break

    (order,) = client.fetch_open_orders(BTC)
    assert (order["clientOrderId"], order["info"]["limitPrice"]) == ("mine", 90_000)


def test_a_window_of_market_time_moves_with_a_virtual_clock(
    server: Server, faults: Faults, client: Any
) -> None:
    """Rehearsals of an hour take a second."""
    trouble = Fault(kind=Kind.MAINTENANCE, count=0, from_seconds=600, for_seconds=60)
    with faults.planned(trouble):
        stages = []
        for seconds in (0, 600, 60):
            ask_admin(server, "clock/advance", b'{"seconds": %d}' % seconds)
            try:
                client.fetch_open_orders(BTC)
                stages.append("well")
            except ccxt.ExchangeNotAvailable:
                stages.append("trouble")

        assert stages == ["well", "trouble", "well"]
        assert faults.all()[0].stage is Stage.OVER


def test_a_venue_restarts_with_an_armed_switch(server: Server, faults: Faults, client: Any) -> None:
    """It fell due while nobody was there: it fires before the first client is served."""
    buy(client)
    client.cancel_all_orders_after(60_000)
    planned = faults.add(Fault(kind=Kind.DELAY, path="/0/public/Time", delay_seconds=1))

    faults.restart(down_seconds=30)
    assert open_prices(client) == [90_000]
    faults.restart(down_seconds=30)

    assert open_prices(client) == []
    assert [row.id for row in faults.all()] == planned
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order("11111111-2222-4333-8444-555555555555", BTC)


def test_one_venue_restarts_with_an_armed_switch(
    server: Server, faults: Faults, client: Any
) -> None:
    """It fires once before the first client is served, while the other venues trade on."""
    buy(client)
    spot = spot_scene.ccxt_client(ccxt, server, "primary")
    spot.load_markets()
    spot.create_order("BTC/USD", "limit", "buy", 0.01, 50_000)
    client.cancel_all_orders_after(60_000)

    faults.restart(30, venue="kraken-futures")
    assert open_prices(client) == [90_000]
    faults.restart(31, venue="kraken-futures")

    assert open_prices(client) == []
    assert [order["price"] for order in spot.fetch_open_orders()] == [50_000]
    buy(client)
    assert open_prices(client) == [90_000]
    assert ask_admin(server, "venues")["venues"][0]["stopped"] is None
    spot.cancel_all_orders()


def test_a_maintenance_is_announced_from_a_shell(server: Server, client: Any) -> None:
    """All clients are told, until it is taken back; what makes no sense is told as that."""
    where = ("--venue", "kraken-futures", "--data-dir", str(server.data_dir))
    flags = ["--kind", "maintenance", "--priority", "high", "--downtime", "30"]
    flags += ["--text", "We move house", "--effective", "2099-01-01T10:00:00Z"]
    announced = openvenue("announce", *flags, *where, "--json")
    number = json.loads(announced.stdout)["notice_id"]
    notices = client.privateGetNotifications()["notifications"]
    (told,) = [it for it in notices if it["note"] == "We move house"]

    retracted = openvenue("announce", "--retract", str(number), *where)
    left = client.privateGetNotifications()["notifications"]
    again = openvenue("announce", "--retract", str(number), *where)
    closing = ["--closes", "cancel_only", "--symbol", "PF_XBTUSD", "--downtime", "1"]
    closing += ["--text", "Soon", "--effective", "2099-01-01T10:00:00Z"]
    closes = openvenue("announce", *closing, *where, "--json")
    opens = openvenue("announce", "--retract", str(json.loads(closes.stdout)["notice_id"]), *where)
    nothing = openvenue("announce", *where)
    unknown = openvenue("announce", "--text", "x", "--kind", "gossip", *where)

    assert (told["type"], told["priority"]) == ("maintenance", "high")
    assert told["effectiveTime"] == "2099-01-01T10:00:00.000Z"
    assert str(told["expectedDowntimeMinutes"]) == "30"
    assert retracted.stdout == f"Retracted: {number}.\n"
    assert "We move house" not in [it["note"] for it in left]
    assert (closes.returncode, opens.returncode) == (0, 0)
    assert (again.returncode, nothing.returncode, unknown.returncode) == (1, 2, 2)
    assert "kind must be one of general, maintenance" in unknown.stderr


def test_a_plan_from_a_shell(server: Server, faults: Faults, client: Any) -> None:
    """Add, look, remove, clear; for people and for programs."""
    where = ("--data-dir", str(server.data_dir))
    added = openvenue("fault", "add", "--kind", "lose_reply", "--path", SEND, *where, "--json")
    (lost,) = json.loads(added.stdout)["added"]
    assert added.returncode == 0
    slow = ("--kind", "delay", "--delay", "0.001", "--api", "pacifica", "--count", "0")
    assert openvenue("fault", "add", *slow, *where).stdout == f"Planned: {lost + 1}.\n"
    with pytest.raises(ccxt.NetworkError):
        buy(client)

    listed = openvenue("fault", "list", *where)
    assert listed.returncode == 0
    assert "lose_reply" in listed.stdout and "over" in listed.stdout
    rows = json.loads(openvenue("fault", "list", *where, "--json").stdout)["faults"]
    assert [(row["id"], row["struck"], row["left"]) for row in rows] == [
        (lost, 1, 0),
        (lost + 1, 0, None),
    ]

    assert openvenue("fault", "remove", str(lost), *where).stdout == f"Removed: {lost}.\n"
    again = openvenue("fault", "remove", str(lost), *where)
    assert again.returncode == 2
    assert again.stderr.endswith(f"said no: no such fault: '{lost}'.\n")
    assert openvenue("fault", "clear", *where).stdout == "Everything goes well again.\n"
    assert openvenue("fault", "list", *where).stdout == "Nothing is planned to go wrong.\n"


def is_open(port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except (ConnectionRefusedError, ConnectionResetError):
        return False
    return True


def test_a_port_that_is_closed_refuses_connections(
    server: Server, faults: Faults, client: Any
) -> None:
    """For real; afterwards all is as it was, for clients that held a connection, too."""
    buy(client)
    with socket.create_connection(("127.0.0.1", server.port)) as held:
        for _ in "ab":
            faults.add(Fault(kind=Kind.CLOSED_PORT, for_seconds=4.0))  # a shell would take too long
            until = time.monotonic() + 20
            while is_open(server.port) or is_open(server.tls_port):  # it was answered before
                assert time.monotonic() < until, "a port stays open"
            while not is_open(server.port):
                assert time.monotonic() < until, "the port stays closed"
        held.settimeout(5)
        assert held.recv(1) == b""

    assert open_prices(client) == [90_000]
    assert [(row.stage, row.struck) for row in faults.all()] == [("over", 1), ("over", 1)]


@pytest.mark.parametrize(
    ("field", "name", "known"),
    [
        ("account", "primry", "there is primary, secondary"),
        ("path", "/derivatives/api/v3/sendorders", "there is /derivatives/api/v3/sendorder, "),
        ("api", "binance", "kraken_futures, kraken_spot, pacifica, coinapi_ems"),
    ],
)
def test_a_fault_about_what_is_not_there_is_refused(
    server: Server, faults: Faults, tmp_path: Path, field: str, name: str, known: str
) -> None:
    """From a shell, from Python, and from a file at the start: it would never strike."""
    flags = ("--kind", "hang", f"--{field}", name, "--data-dir", str(server.data_dir))
    refused = openvenue("fault", "add", *flags)
    with pytest.raises(AdminError) as said:
        faults.add(Fault(kind=Kind.HANG, **{field: name}))  # type: ignore[arg-type]
    plan = tmp_path / "faults.toml"
    plan.write_text(f'[[fault]]\nkind = "hang"\n{field} = "{name}"\n')
    start = ("--port", str(free_ports(1)[0]), "--tls-port", "0", "--data-dir", str(tmp_path / "d"))
    started = openvenue("serve", *start, "--no-crowd", "--faults", str(plan))

    assert refused.returncode == 2
    assert known in refused.stderr
    assert known in str(said.value)
    assert started.returncode == 2
    assert started.stderr.splitlines()[-1].startswith(f"openvenue: {plan}: ")
    assert known in started.stderr
    assert faults.all() == []


def test_a_plan_from_a_file_is_there_from_the_start(tmp_path: Path) -> None:
    """Before the first client; and the same file can be given to a server that runs."""
    plan = tmp_path / "faults.toml"
    plan.write_text(f'[[fault]]\nkind = "maintenance"\npath = "{CANCEL_ALL}"\n')
    with Server(tmp_path / "data", in_memory=True, extra=["--faults", str(plan)]) as server:
        client = ccxt_client(ccxt, server, "primary")
        client.load_markets()
        with pytest.raises(ccxt.ExchangeNotAvailable):
            client.cancel_all_orders(BTC)
        assert any("1 planned" in line for line in server.output)

        where = ("--data-dir", str(server.data_dir), "--url", server.base_url)
        assert openvenue("fault", "add", "--file", str(plan), *where).stdout == "Planned: 2.\n"
        with pytest.raises(AdminError, match="keeps no journal"):
            Faults(server).restart()


def test_a_wrong_key_plans_nothing(server: Server, faults: Faults, tmp_path: Path) -> None:
    """The data directory of another server has another key."""
    with Server(tmp_path / "other", seed=2) as other:
        where = ("--data-dir", str(other.data_dir), "--url", server.base_url)
        refused = openvenue("fault", "add", "--kind", "hang", *where)

    assert refused.returncode == 1
    assert "is not the desk that was started here" in refused.stderr
    assert faults.all() == []
