"""The operator's API refuses what makes no sense, in its own shape, and the market is as it was."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest

from openvenue.journal.check import verify
from openvenue.testing.server import Server
from tests.e2e.signed_client import Line, Trader, request, traceback_in

VENUE: Final = "venues/kraken-futures"
BODIES: Final = (
    *(b"", b"{", b"[]", b"null", b"1", b'"x"', b"{}", b"\xff\xfe", b"\0", b'{"a":1}'),
    *(b"[" * 200_000, b'{"a":' * 100_000),
)
PRICES: Final = (
    *("NaN", "-1", "0", "1e400", "1e-400", "null", "true", "[]", "{}", '"abc"', '"sNaN"', '""'),
    *('"Infinity"', '"-Infinity"', '"1e999999999"', str(2**63), '"\\ud800"', "1" * 5_000),
    *('"' + "9" * 9_000 + '"', "10000000000", "1000000000"),
)
POSTS: Final = (
    *(f"{VENUE}/index-price", f"{VENUE}/mark-price", f"{VENUE}/market-mode"),
    *("clock/advance", "faults", "reset", "restart"),
)


@pytest.fixture
async def line(server: Server) -> AsyncIterator[Line]:
    """A connection."""
    line = await Line.to(server)
    yield line
    line.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A quiet venue; at the end its journal must be in order, and its log clean."""
    with Server(tmp_path, clock="virtual") as server:
        yield server
        assert traceback_in(server) == ""
    assert verify(tmp_path / "kraken-futures").is_good


def cases() -> Iterator[tuple[str, str, bytes]]:
    """Method, path below `/admin/`, body: each wrong in one way."""
    for path in POSTS:
        for body in BODIES:
            yield "POST", path, body
    for price in PRICES:
        yield "POST", f"{VENUE}/index-price", b'{"index":"XBT:USD","price":%b}' % price.encode()
        if price != "null":  # lets it follow its rule again
            mark = b'{"symbol":"PF_XBTUSD","price":%b}' % price.encode()
            yield "POST", f"{VENUE}/mark-price", mark
        if price not in ("0", "1e-400"):  # no time at all
            yield "POST", "clock/advance", b'{"seconds":%b}' % price.encode()
    for word in ("", "open", "\0", "ONLINE ", "x" * 9_000):
        mode = json.dumps({"symbol": "PF_XBTUSD", "mode": word}).encode()
        yield "POST", f"{VENUE}/market-mode", mode
    yield "POST", f"{VENUE}/market-mode", b'{"symbol":"NOPE","mode":"suspended"}'
    yield "POST", f"{VENUE}/index-price", b'{"index":"NOPE","price":1}'
    yield "POST", "venues/nowhere/index-price", b'{"index":"XBT:USD","price":1}'
    yield "POST", "reset?confirm=", b""
    yield "POST", "reset?confirm=nowhere", b""
    for fault in (
        *('{"kind":"close","path":"("}', '{"kind":"close","path":1}', '{"kind":"all"}', "{}"),
        *('{"kind":"close","count":-1}', '{"kind":"delay","delay_seconds":1e9}', "1", "null"),
        *('{"kind":"status","status":99}', '{"kind":"delay","delay_seconds":NaN}'),
        *('{"kind":"close","method":[]}', '{"kind":"close","api":"all"}'),
    ):
        yield "POST", "faults", b'{"faults":[%b]}' % fault.encode()
    for seconds in ("-1", "3601", "NaN", '"5"', "1e400", "null"):
        yield "POST", "restart", b'{"down_seconds":%b}' % seconds.encode()
    for number in ("0", "-1", "abc", "9" * 5_000, "%D9%A3", "1/2"):
        yield "DELETE", f"faults/{number}", b""
    for limit in ("0", "-1", "abc", "1e3", "9" * 5_000, "%D9%A3", "1.5", "%00"):
        yield "GET", f"requests?limit={limit}", b""


async def test_the_operators_api_refuses_nonsense(server: Server, line: Line) -> None:
    """With 4xx and a sentence; nothing moved, nothing is planned to go wrong."""
    trader = Trader(server)
    key = f"X-Admin-Key: {server.admin_key}\r\n".encode()

    async def look() -> list[object]:
        market = await line.success(trader.get("tickers"))
        market.pop("serverTime")
        clock = await line.reply(request(b"GET", b"/admin/clock", head=key))
        faults = await line.reply(request(b"GET", b"/admin/faults", head=key))
        return [market, clock.body, faults.body]

    before = await look()
    wrong = []
    for method, path, body in cases():
        target = f"/admin/{path}".encode()
        for head, statuses in ((key, (400, 404, 409)), (b"", (401,)), (key[:-4] + b"\r\n", (401,))):
            reply = await line.reply(request(method.encode(), target, body, head))
            is_told = list(json.loads(reply.body)) == ["error"]
            if reply.status not in statuses or not is_told:
                wrong.append((method, path, body[:80], reply.status, reply.body[:200]))
    assert not wrong, (len(wrong), wrong[:6])
    assert await look() == before
