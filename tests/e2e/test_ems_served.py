"""The desk of the running program: three exchanges behind one key, reached through the door itself.

What is at a venue is asked of that venue, with the account's own keys for it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
import pytest

from openvenue.ems.config import ApiKind, Credentials, EmsConfig, VenueAccount
from openvenue.ems.connect import connect
from openvenue.ems.connectors.port import VenueOrder
from openvenue.ems.orders import Account, ExchangeId
from openvenue.ems.timer import RealTimer
from openvenue.engine.units import AccountId
from openvenue.testing.server import Server

PATIENCE_S: Final = 20.0
SYMBOLS: Final = {
    "KRAKENFTS": "KRAKENFTS_PERP_BTC_USD",
    "KRAKEN": "KRAKEN_SPOT_BTC_USD",
    "PACIFICA": "PACIFICA_PERP_BTC_USD",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """All of it in one process. Each test leaves it empty."""
    with Server(tmp_path_factory.mktemp("venue")) as running:
        yield running


def past_the_desk(server: Server) -> EmsConfig:
    """The primary account's own ways to its venues."""
    keys = server.key_file.accounts["primary"]
    assert keys.kraken_spot is not None and keys.pacifica is not None
    pairs: dict[str, tuple[ApiKind, str, str]] = {
        "KRAKENFTS": ("kraken_futures", *_pair(keys.kraken_futures)),
        "KRAKEN": ("kraken_spot", *_pair(keys.kraken_spot)),
        "PACIFICA": ("pacifica", keys.pacifica.account, keys.pacifica.private_key),
    }
    return EmsConfig(
        accounts=tuple(
            VenueAccount(
                owner=AccountId("primary"),
                exchange_id=ExchangeId(name),
                api=api,
                base_url=server.base_url,
                credentials=Credentials(key, secret),
            )
            for name, (api, key, secret) in pairs.items()
        )
    )


def _pair(keys: Any) -> tuple[str, str]:
    return keys.api_key, keys.api_secret


async def at_venues(server: Server) -> dict[str, list[VenueOrder]]:
    """Each venue's own list of open orders."""
    connectors = connect(past_the_desk(server), RealTimer())
    try:
        return {
            name: list(
                await connectors[Account(AccountId("primary"), ExchangeId(name))].open_orders()
            )
            for name in SYMBOLS
        }
    finally:
        for connector in connectors.values():
            await connector.close()


class Client:
    """A client of the desk."""

    def __init__(self, session: aiohttp.ClientSession, server: Server) -> None:
        self._session = session
        self._server = server

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and JSON."""
        url = self._server.base_url + path
        async with self._session.request(method, url, json=body) as response:
            return response.status, await response.json(content_type=None)

    async def place(self, exchange_id: str, name: str, **more: object) -> tuple[int, Any]:
        """An order that rests, far from the market."""
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
        return await self.ask("POST", "/v1/orders", {**order, **more})

    async def cancel_all(self, exchange_id: str) -> tuple[int, Any]:
        """One exchange."""
        return await self.ask("POST", "/v1/orders/cancel/all", {"exchange_id": exchange_id})

    async def order_when(self, name: str, is_so: Callable[[dict[str, Any]], bool]) -> Any:
        """An order's report, once something is the case."""
        until = time.monotonic() + PATIENCE_S
        report: Any = None
        while time.monotonic() < until:
            status, report = await self.ask("GET", f"/v1/orders/status/{name}")
            if status == 200 and is_so(report):
                return report
        raise AssertionError(f"it never was: {report}")


@asynccontextmanager
async def client_of(server: Server, account: str = "primary") -> AsyncIterator[Client]:
    """With an account's own key."""
    keys = server.key_file.accounts[account].coinapi_ems
    assert keys is not None
    async with aiohttp.ClientSession(headers={"X-CoinAPI-Key": keys.api_key}) as session:
        yield Client(session, server)


@pytest.mark.parametrize("exchange_id", SYMBOLS)
async def test_an_order_lives_and_dies_at_every_exchange(server: Server, exchange_id: str) -> None:
    """The same calls; the venue's own list agrees at every step."""
    async with client_of(server) as client:
        name = f"life {exchange_id}"
        placed, order = await client.place(exchange_id, name)
        (listed,) = (await at_venues(server))[exchange_id]
        _, again = await client.place(exchange_id, name)
        _, maker = await client.place(
            exchange_id, f"{name} 2", exec_inst=["MAKER_OR_CANCEL"], price=19_000
        )
        _, taker = await client.place(exchange_id, f"{name} 3", time_in_force="IMMEDIATE_OR_CANCEL")
        body = {"exchange_id": exchange_id, "client_order_id": name}
        _, canceled = await client.ask("POST", "/v1/orders/cancel", body)
        _, left = await client.ask("GET", f"/v1/orders?exchange_id={exchange_id}")
        killed, answer = await client.cancel_all(exchange_id)

        assert (placed, order["status"]) == (200, "NEW")
        assert order["exchange_order_id"] == listed.order_id
        assert order["client_order_id_format_exchange"] == listed.cl_ord_id
        assert again["status"] == 400
        assert maker["status"] == "NEW"
        assert taker["status"] in ("CANCELED", "REJECTED") and taker["amount_filled"] == 0
        assert canceled["status"] == "CANCELED"
        assert [it["client_order_id"] for it in left] == [f"{name} 2"]
        assert (killed, answer["message"]) == (200, "Ok")
        assert (await at_venues(server))[exchange_id] == []


@pytest.mark.parametrize(
    ("exchange_id", "kind"),
    [*((it, "GOOD_TILL_TIME_OMS") for it in SYMBOLS), ("KRAKEN", "GOOD_TILL_TIME_EXCHANGE")],
)
async def test_an_order_expires_at_its_time_at_every_exchange(
    server: Server, exchange_id: str, kind: str
) -> None:
    """The exchange sees to it where it can; the desk can everywhere."""
    async with client_of(server) as client:
        name = f"expires {exchange_id} {kind}"
        seconds = 7 if kind == "GOOD_TILL_TIME_EXCHANGE" else 2  # that venue wants five of life
        soon = (datetime.now(UTC) + timedelta(seconds=seconds)).replace(microsecond=0).isoformat()
        _, order = await client.place(exchange_id, name, time_in_force=kind, expire_time=soon)
        ended = await client.order_when(name, lambda it: it["status"] == "CANCELED")

        assert (order["status"], order["expire_time"]) == ("NEW", soon)
        assert datetime.fromisoformat(ended["status_history"][-1][1]) >= datetime.fromisoformat(
            soon
        )
        assert (await at_venues(server))[exchange_id] == []


@pytest.mark.parametrize("exchange_id", SYMBOLS)
async def test_money_and_positions_are_told_of_every_exchange(
    server: Server, exchange_id: str
) -> None:
    """Nothing is held for orders when there are none."""
    async with client_of(server) as client:
        status, (balances,) = await client.ask("GET", f"/v1/balances?exchange_id={exchange_id}")
        _, (positions,) = await client.ask("GET", f"/v1/positions?exchange_id={exchange_id}")

        assert status == 200
        dollars = {it["asset_id_coinapi"]: it for it in balances["data"]}["USD"]
        assert dollars["balance"] > 0 and dollars["available"] > 0
        assert positions["data"] == []


async def test_all_exchanges_are_emptied_at_once_and_a_neighbour_keeps_its_orders(
    server: Server,
) -> None:
    """Three calls side by side; another owner's orders at the same venues are not touched."""
    async with client_of(server) as client, client_of(server, "secondary") as other:
        for exchange_id in SYMBOLS:
            await other.place(exchange_id, f"other {exchange_id}")
            for n in range(5):
                status, _ = await client.place(exchange_id, f"many {exchange_id} {n}")
                assert status == 200
        before = await at_venues(server)

        answers = await asyncio.gather(*(client.cancel_all(name) for name in SYMBOLS))
        after = await at_venues(server)
        _, mine = await client.ask("GET", "/v1/orders")
        _, others = await other.ask("GET", "/v1/orders")
        foreign = [
            (await client.ask("GET", f"/v1/orders/status/other {name}"))[0] for name in SYMBOLS
        ]
        for exchange_id in SYMBOLS:
            assert (await other.cancel_all(exchange_id))[0] == 200

        assert {name: len(orders) for name, orders in before.items()} == dict.fromkeys(SYMBOLS, 5)
        assert answers == [
            (200, {"type": "MESSAGE", "exchange_id": name, "message": "Ok"}) for name in SYMBOLS
        ]
        assert after == {name: [] for name in SYMBOLS}
        assert mine == []
        assert len(others) == 3
        assert foreign == [404, 404, 404]
        for exchange_id in SYMBOLS:
            for n in range(5):
                name = f"many {exchange_id} {n}"
                report = await client.order_when(name, lambda it: it["status"] == "CANCELED")
                assert report["amount_open"] == 0.01


async def test_after_a_kill_of_everything_each_order_is_found_where_it_stands(
    server: Server,
) -> None:
    """Venues and desk come back from their own journals, and agree."""
    async with client_of(server) as client:
        placed = {
            exchange_id: (await client.place(exchange_id, f"kill {exchange_id}"))[1]
            for exchange_id in SYMBOLS
        }

    server.restart()

    async with client_of(server) as client:
        listed = await at_venues(server)
        for exchange_id, order in placed.items():
            name = f"kill {exchange_id}"
            report = await client.order_when(name, lambda it: "error_message" not in it)
            assert report["status"] == "NEW"
            assert [it.order_id for it in listed[exchange_id]] == [order["exchange_order_id"]]
            assert (await client.place(exchange_id, name))[0] == 400
            assert (await client.cancel_all(exchange_id))[0] == 200
        assert await at_venues(server) == {name: [] for name in SYMBOLS}
