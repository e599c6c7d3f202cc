"""The program as its users start it: up quickly, told plainly, gone in good order."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import ccxt
import pytest

from openvenue.testing.server import READY, Server, ServerFailed, free_ports

START_SECONDS = 1.5
SLACK = 3.0  # a shared machine that runs other tests meanwhile


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The default world without a crowd."""
    with Server(tmp_path / "data") as server:
        yield server


def get(server: Server, path: str) -> tuple[int, Any]:
    """Status and JSON of a GET."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", path)
    answer: HTTPResponse = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body


def openvenue(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """The program, run to its end."""
    return subprocess.run(
        [sys.executable, "-m", "openvenue", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def client(server: Server, account: str = "primary") -> Any:
    """An unmodified ccxt with another address."""
    pair = server.keys(account)
    exchange = ccxt.krakenfutures({"apiKey": pair.api_key, "secret": pair.api_secret})
    exchange.urls["api"] = {
        name: url.replace("https://futures.kraken.com", server.base_url)
        for name, url in exchange.urls["api"].items()
    }
    return exchange


def test_the_first_request_is_answered_soon_after_launch(tmp_path: Path) -> None:
    """People who restart a venue in the middle of a test count the seconds."""
    began = time.monotonic()
    with Server(tmp_path, crowd=True) as server:
        status, body = get(server, "/health/ready")
        took = time.monotonic() - began

    assert (status, body["status"]) == (200, "ready")
    assert took < START_SECONDS * SLACK


def test_it_says_where_it_is_and_how_to_get_in(server: Server) -> None:
    """Nobody should have to look for the port or the keys."""
    said = "\n".join(server.output)

    assert f"{READY} at {server.base_url}" in said
    assert server.tls_url in said
    assert f"openvenue credentials --data-dir {server.data_dir}" in said


def test_a_signal_ends_it_in_good_order(tmp_path: Path) -> None:
    """Supervisors stop a service with SIGTERM and look at the exit code."""
    with Server(tmp_path) as server:
        assert server.stop() == 0
        server.start()
        assert get(server, "/health/live")[0] == 200
        assert server.stop() == 0


def test_ctrl_c_ends_it_in_good_order(tmp_path: Path) -> None:
    """It is how people stop it."""
    ports = free_ports(2)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "openvenue", "serve", "--data-dir", str(tmp_path)),
            *("--port", str(ports[0]), "--tls-port", str(ports[1]), "--no-crowd"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process:
        assert process.stdout.readline().startswith(READY)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_a_data_directory_serves_one_venue_at_a_time(server: Server) -> None:
    """Two writers would end the truth of a journal."""
    port, tls_port = free_ports(2)

    second = openvenue(
        *("serve", "--data-dir", str(server.data_dir)),
        *("--port", str(port), "--tls-port", str(tls_port)),
    )

    assert second.returncode == 1
    assert len(second.stderr.strip().splitlines()) == 1
    assert str(server.data_dir) in second.stderr
    assert get(server, "/health/ready")[0] == 200


def test_a_port_in_use_is_told_plainly(tmp_path: Path) -> None:
    """The usual reason is an older venue that still runs."""
    (tls_port,) = free_ports(1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        run = openvenue(
            *("serve", "--data-dir", str(tmp_path)),
            *("--port", str(port), "--tls-port", str(tls_port)),
        )

    assert run.returncode == 1
    assert f"port {port}" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_broken_world_stops_the_start_in_one_sentence(tmp_path: Path) -> None:
    """Exit code 2, one line, and no directory left behind."""
    world = tmp_path / "world.toml"
    world.write_text("limits = 'production'\n")

    run = openvenue("serve", "--config", str(world), "--data-dir", str(tmp_path / "data"))

    assert run.returncode == 2
    assert run.stderr == f"openvenue: {world}: Object missing required field `venues`.\n"
    assert not (tmp_path / "data").exists()


def test_facts_of_the_world_file_reach_the_clients(server: Server) -> None:
    """They are data in the file, and whoever changes them there sees them change here."""
    _, body = get(server, "/derivatives/api/v3/instruments")

    shown = {each["symbol"]: each for each in body["instruments"]}
    assert shown["PF_XBTUSD"]["fundingRateCoefficient"] == 24
    assert shown["PI_XBTUSD"]["maxRelativeFundingRate"] == 0.001
    assert shown["PF_SOLUSD"]["feeScheduleUid"] == "5b755fea-c5b0-4307-a66e-b392cd5bd931"


def test_what_is_not_served_yet_says_so(tmp_path: Path) -> None:
    """A flag that is silently ignored costs somebody an afternoon."""
    with Server(tmp_path, extra=("--fix-port", "3401")) as server:
        assert any("FIX is not served yet" in line for line in server.output)


def test_a_server_that_cannot_start_is_reported_with_its_words(tmp_path: Path) -> None:
    """Tests that use it must see why, not a time-out."""
    with pytest.raises(ServerFailed, match="cannot be read"):
        Server(tmp_path, config=tmp_path / "none.toml").start()


def test_credentials_can_be_read_while_it_runs(server: Server) -> None:
    """The server holds a lock on its journal, not on its keys."""
    run = openvenue("credentials", "--data-dir", str(server.data_dir), "--json")

    assert run.returncode == 0
    shown = json.loads(run.stdout)
    assert shown["primary"]["kraken_futures"]["api_key"] == server.keys().api_key


def test_an_order_survives_a_kill(server: Server) -> None:
    """What was acknowledged is there, on the same ports, with the same keys."""
    exchange = client(server)
    order = exchange.create_order("BTC/USD:USD", "limit", "buy", 0.01, 50_000)

    server.restart()

    (alive,) = client(server).fetch_open_orders()
    assert alive["id"] == order["id"]


def test_a_venue_in_memory_forgets(tmp_path: Path) -> None:
    """That is what it is for; its keys stay."""
    with Server(tmp_path, in_memory=True) as server:
        client(server).create_order("BTC/USD:USD", "limit", "buy", 0.01, 50_000)
        before = server.keys()
        server.restart()

        assert client(server).fetch_open_orders() == []
        assert server.keys() == before
    assert not (tmp_path / "kraken-futures").exists()


def test_a_venue_in_memory_does_not_take_the_place_of_one_that_runs(tmp_path: Path) -> None:
    """Who pulls the switch finds the desk by its directory: two of them would be one too many."""
    with Server(tmp_path) as server:
        flags = ("--port", str(free_ports(1)[0]), "--tls-port", "0", "--data-dir", str(tmp_path))
        second = openvenue("serve", *flags, "--in-memory", "--no-crowd", "--seed", "1")
        asked = openvenue("fault", "list", "--data-dir", str(tmp_path))

        assert second.returncode == 1
        assert f"is in use by another process (number {server.pid})" in second.stderr
        assert asked.returncode == 0


def test_the_crowd_is_there_and_goes_on_after_a_kill(tmp_path: Path) -> None:
    """Markets live from the first second, and do not double after a restart."""
    with Server(tmp_path, crowd=True) as server:
        sizes = []
        for _ in range(2):
            book = client(server).fetch_order_book("BTC/USD:USD")
            sizes.append((len(book["bids"]), len(book["asks"])))
            server.restart()

    assert all(20 <= bids <= 24 and 20 <= asks <= 24 for bids, asks in sizes)


def test_a_reset_is_a_new_beginning_with_the_same_keys(server: Server) -> None:
    """A test suite begins each scene in a clean world without a new process."""
    client(server).create_order("BTC/USD:USD", "limit", "buy", 0.01, 50_000)
    request = urllib.request.Request(
        f"{server.base_url}/admin/reset?confirm=kraken-futures",
        method="POST",
        headers={"X-Admin-Key": server.admin_key},
    )

    server.await_ready(lambda: urllib.request.urlopen(request, timeout=10).close())

    assert client(server).fetch_open_orders() == []


def test_virtual_time_moves_when_told_and_stays_after_a_restart(tmp_path: Path) -> None:
    """A dead man's switch is rehearsed in milliseconds, and market time never goes back."""
    with Server(tmp_path, clock="virtual") as server:
        exchange = client(server)
        exchange.create_order("BTC/USD:USD", "limit", "buy", 0.01, 50_000)
        exchange.cancel_all_orders_after(60_000)
        assert len(exchange.fetch_open_orders()) == 1

        moved = advance(server, 61)
        assert exchange.fetch_open_orders() == []

        server.restart()
        assert advance(server, 1) >= moved + 10**9


def test_real_time_goes_on_from_where_virtual_time_was_moved_to(tmp_path: Path) -> None:
    """Market time never goes back, and must not stand still until the machine has caught up."""
    with Server(tmp_path, clock="virtual") as server:
        moved = advance(server, 86_400)
    with Server(tmp_path, clock="real") as server:
        first, second = market_time(server), market_time(server)

    assert moved < first < second < moved + 60 * 10**9


def market_time(server: Server) -> int:
    """Nanoseconds since 1970, as the market has it."""
    request = urllib.request.Request(
        f"{server.base_url}/admin/venues", headers={"X-Admin-Key": server.admin_key}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        now = json.loads(answer.read())["venues"][0]["now"]
    assert isinstance(now, int)
    return now


def advance(server: Server, seconds: int) -> int:
    """Move the market's time on; what it is then."""
    request = urllib.request.Request(
        f"{server.base_url}/admin/clock/advance",
        method="POST",
        data=json.dumps({"seconds": seconds}).encode(),
        headers={"X-Admin-Key": server.admin_key, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        now = json.loads(answer.read())["now"]
    assert isinstance(now, int)
    return now


def test_verify_and_replay_agree_about_what_happened(tmp_path: Path) -> None:
    """The same journal, folded and decided again, leads to the same world."""
    with Server(tmp_path, crowd=True) as server:
        exchange = client(server)
        exchange.create_order("BTC/USD:USD", "limit", "buy", 0.01, 50_000)
        exchange.cancel_all_orders()
        assert server.stop() == 0

    replayed = openvenue("replay", "--data-dir", str(tmp_path), "--json")
    verified = openvenue("verify", "--data-dir", str(tmp_path), "--json")

    assert replayed.returncode == 0
    assert verified.returncode == 0
    told = [json.loads(line) for line in replayed.stdout.splitlines()]
    checked = [json.loads(line) for line in verified.stdout.splitlines()]
    names = {it["venue"] for it in told}
    assert names == {"kraken-futures", "kraken-spot", "pacifica", "ems"}
    assert [it["fingerprint"] for it in told] == [it["fingerprint"] for it in checked]
