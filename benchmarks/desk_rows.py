"""The kill switch: from the trigger to the proof, beside what the venues themselves take."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import aiohttp

from benchmarks.processes import LOAD_CORE, SERVER_CORE
from benchmarks.rows import Bench, Row, mid
from benchmarks.venue import FUTURES, PACIFICA, SPOT, UnexpectedReply, serving, world_file
from openvenue.ems.config import ApiKind, Credentials, EmsConfig, VenueAccount
from openvenue.ems.connect import connect
from openvenue.ems.connectors.port import Connector
from openvenue.ems.orders import ExchangeId, Side, Terms, TimeInForce
from openvenue.ems.timer import RealTimer
from openvenue.engine.units import AccountId
from openvenue.testing.server import DeskServer, Server

OWNER: Final = AccountId("primary")
SYMBOLS: Final = {"KRAKENFTS": "PF_XBTUSD", "KRAKEN": "BTC/USD", "PACIFICA": "BTC"}
AT_ONCE: Final = 16
PRICE: Final = 20_000
SETTLING_SECONDS: Final = EmsConfig(accounts=()).settling_seconds

_names = count(1)


def kill_switch(bench: Bench) -> list[Row]:
    """A thousand orders at each of three venues, and one press."""
    each = bench.size(1_000, 100)
    directory = bench.directory()
    world = world_file(directory, FUTURES, SPOT, PACIFICA)
    with serving(Server(directory / "venues", config=world), SERVER_CORE) as server:
        accounts = _accounts(server)
        with desk(directory, accounts) as (port, key):

            def once() -> dict[str, Any]:
                with asyncio.Runner() as runner:
                    return runner.run(_once(port, key, accounts, each))

            results = bench.repeat("kill switch", once)
    taken, slowest = mid(results, "proof_s"), mid(results, "slowest_s")
    target = SETTLING_SECONDS + 2 * slowest
    return [
        Row(
            name="kill-switch",
            what=f"trigger to proof, {each:,} orders at each of three venues",
            data_set="venues in one process and the desk in another, each on a core, no limits, "
            "all durable; from the halt's entry in the journal to the last account's proof, the "
            f"{SETTLING_SECONDS:g} s between two looks included (the client has the whole report "
            f"{mid(results, 'report_s'):.2f} s after its request). Slowest venue's own cancel-all "
            f"of as many, asked through the same connector: {slowest * 1e3:.0f} ms; the slowest of "
            "the three when all are asked at once, as the switch asks them, on the one core that "
            f"they share: {mid(results, 'at_once_s') * 1e3:.0f} ms",
            target="≤ settling + 2 × the slowest venue's own cancel-all",
            figure=f"{taken:.2f} s",
            limit=f"{target:.2f} s",
            is_met=taken <= target,
            runs=len(results),
            numbers={"runs": results},
        )
    ]


async def _once(
    port: int, key: str, accounts: tuple[VenueAccount, ...], each: int
) -> dict[str, Any]:
    connectors = list(connect(EmsConfig(accounts=accounts), RealTimer()).values())
    session = aiohttp.ClientSession(headers={"X-CoinAPI-Key": key})
    base = f"http://127.0.0.1:{port}/v1/kill-switch"
    try:
        for connector, symbol in zip(connectors, SYMBOLS.values(), strict=True):
            await _fill(connector, symbol, each)
        took = [await _timed(connector, each) for connector in connectors]
        for connector, symbol in zip(connectors, SYMBOLS.values(), strict=True):
            await _fill(connector, symbol, each)
        at_once = await asyncio.gather(*(_timed(connector, each) for connector in connectors))
        for connector, symbol in zip(connectors, SYMBOLS.values(), strict=True):
            await _fill(connector, symbol, each)
        while not await _knows(session, port, 3 * each):
            pass
        begin = perf_counter()
        async with session.post(base, json={"reason": "bench", "wait": True}) as answer:
            told = await answer.json()
        report = perf_counter() - begin
        if answer.status != 200 or told["summary"]["canceled"] < 3 * each:
            raise UnexpectedReply(f"{answer.status} {told['status']} {told['summary']}")
        release = {"reason": "bench"}
        async with session.post(f"{base}/{told['id']}/release", json=release) as answer:
            await answer.read()
        proof = (_time(told["ended"]) - _time(told["begun"])).total_seconds()
        return {
            "proof_s": proof,
            "report_s": report,
            "slowest_s": max(took),
            "at_once_s": max(at_once),
            "venues_s": took,
        }
    finally:
        await session.close()
        for connector in connectors:
            await connector.close()


def _time(text: str) -> datetime:
    """A time as reports have it; the last of seven digits is more than Python keeps."""
    return datetime.fromisoformat(text[:26] + "Z")


async def _knows(session: aiohttp.ClientSession, port: int, orders: int) -> bool:
    """Whether the desk has heard of so many open orders on the venues' feeds."""
    async with session.get(f"http://127.0.0.1:{port}/v1/orders") as answer:
        return len(await answer.json()) >= orders


async def _fill(connector: Connector, symbol: str, each: int) -> None:
    turn = asyncio.Semaphore(AT_ONCE)

    async def place() -> None:
        terms = Terms(
            symbol=symbol,
            common_symbol="",
            side=Side.BUY,
            quantity=Decimal("0.01"),
            price=Decimal(PRICE),
            time_in_force=TimeInForce.GTC,
        )
        async with turn:
            await connector.place(f"00000000-0000-4000-8000-{next(_names):012d}", terms)

    await asyncio.gather(*(place() for _ in range(each)))


async def _timed(connector: Connector, each: int) -> float:
    """Seconds that the venue's own cancel-all takes, to the last byte of its reply."""
    if len(await connector.open_orders()) != each:
        raise UnexpectedReply("orders are missing")
    begin = perf_counter()
    await connector.cancel_all()
    return perf_counter() - begin


@contextmanager
def desk(directory: Path, accounts: tuple[VenueAccount, ...]) -> Iterator[tuple[int, str]]:
    """A desk of its own for these accounts: its port, and its owner's key."""
    lines = []
    for it in accounts:
        secrets = directory / f"{it.exchange_id}.toml"
        secrets.touch(0o600)
        pair = it.credentials
        secrets.write_text(f'key = "{pair.key}"\nsecret = "{pair.secret}"\n')
        lines += [
            *("[[accounts]]", f'owner = "{it.owner}"', f'exchange_id = "{it.exchange_id}"'),
            *(f'api = "{it.api}"', f'base_url = "{it.base_url}"'),
            f'credentials = "{secrets.name}"',
        ]
    config = directory / "desk.toml"
    config.write_text("\n".join(lines) + "\n")
    with serving(DeskServer(directory / "desk", config), LOAD_CORE) as server:
        bearer = server.key_file.accounts[OWNER].coinapi_ems
        assert bearer is not None
        yield server.port, bearer.api_key


def _accounts(server: Server) -> tuple[VenueAccount, ...]:
    keys = server.key_file.accounts[OWNER]
    assert keys.kraken_futures is not None
    assert keys.kraken_spot is not None
    assert keys.pacifica is not None
    futures, spot, wallet = keys.kraken_futures, keys.kraken_spot, keys.pacifica
    ways: tuple[tuple[str, ApiKind, str, str], ...] = (
        ("KRAKENFTS", "kraken_futures", futures.api_key, futures.api_secret),
        ("KRAKEN", "kraken_spot", spot.api_key, spot.api_secret),
        ("PACIFICA", "pacifica", wallet.account, wallet.private_key),
    )
    return tuple(
        VenueAccount(
            owner=OWNER,
            exchange_id=ExchangeId(exchange_id),
            api=api,
            base_url=server.base_url,
            credentials=Credentials(key, secret),
        )
        for exchange_id, api, key, secret in ways
    )
