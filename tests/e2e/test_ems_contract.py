"""The installed program, spoken to by a client that keeps to the published contract and no more.

Every request and every answer is held against it, member by member, before a test sees it.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any, Final
from urllib.parse import quote, urlencode

import aiohttp
import pytest

from openvenue.testing.server import Server
from tests.conformance.coinapi_ems_contract import check_answer, check_request
from tests.e2e.signed_client import traceback_in

SYMBOLS: Final = {
    "KRAKENFTS": "KRAKENFTS_PERP_BTC_USD",
    "KRAKEN": "KRAKEN_SPOT_BTC_USD",
    "PACIFICA": "PACIFICA_PERP_BTC_USD",
}


class ContractClient:
    """What a generator makes of the contract: the key as a header by hand, as its users do."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, key: str) -> None:
        self._session = session
        self._base = base_url
        self._head = {"X-CoinAPI-Key": key, "Accept": "application/json, appliction/json"}

    async def get(self, path: str, **arguments: str) -> tuple[int, Any]:
        """A question: status, and an answer that fits."""
        check_request("GET", path, None)
        query = f"?{urlencode(arguments)}" if arguments else ""
        return await self._ask("GET", path, query, None)

    async def post(self, path: str, **body: object) -> tuple[int, Any]:
        """The same, of something to be done."""
        check_request("POST", path, body)
        return await self._ask("POST", path, "", body)

    async def _ask(self, method: str, path: str, query: str, body: object) -> tuple[int, Any]:
        url = self._base + path + query
        async with self._session.request(method, url, json=body, headers=self._head) as response:
            answer = await response.json(content_type=None)
            content_type = response.headers["Content-Type"]  # compared letter by letter
            check_answer(method, path, response.status, content_type, answer)
            return response.status, answer

    async def place(self, exchange_id: str, name: str, price: float, side: str = "BUY") -> Any:
        """An order; its report."""
        status, report = await self.post(
            "/v1/orders",
            exchange_id=exchange_id,
            client_order_id=name,
            symbol_id_coinapi=SYMBOLS[exchange_id],
            amount_order=0.01,
            price=price,
            side=side,
            order_type="LIMIT",
            time_in_force="GOOD_TILL_CANCEL",
        )
        assert status == 200, report
        return report


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """All of it in one process. Each test leaves its exchange empty."""
    with Server(tmp_path_factory.mktemp("venue")) as running:
        yield running
        assert traceback_in(running) == ""


@pytest.fixture
async def clients(server: Server) -> AsyncIterator[tuple[ContractClient, ContractClient]]:
    """Two owners."""
    async with aiohttp.ClientSession() as session:
        keys = [server.key_file.accounts[it].coinapi_ems for it in ("primary", "secondary")]
        one, other = (
            ContractClient(session, server.base_url, key.api_key) for key in keys if key is not None
        )
        yield one, other


@pytest.mark.parametrize("exchange_id", SYMBOLS)
async def test_a_life_of_orders_as_the_contract_describes_it(
    clients: tuple[ContractClient, ContractClient], exchange_id: str
) -> None:
    """Place, status, list, trade, cancel by either name, cancel all; money and positions after."""
    ann, bob = clients
    named = {"exchange_id": exchange_id}
    first = await ann.place(exchange_id, f"first at {exchange_id}", 94_000)
    second = await ann.place(exchange_id, f"second/{exchange_id}?", 90_000)
    _, told = await ann.get(f"/v1/orders/status/{quote(second['client_order_id'], safe='')}")
    _, listed = await ann.get("/v1/orders", **named)
    taken = await bob.place(exchange_id, f"taken at {exchange_id}", 94_000, "SELL")
    _, filled = await ann.get(f"/v1/orders/status/{quote(first['client_order_id'])}")
    unknown, reject = await ann.get("/v1/orders/status/none")
    _, canceled = await ann.post(
        "/v1/orders/cancel", **named, exchange_order_id=second["exchange_order_id"]
    )
    for price in (80_000, 81_000, 82_000):
        await ann.place(exchange_id, f"{price} at {exchange_id}", price)
    killed, ok = await ann.post("/v1/orders/cancel/all", **named)
    again, _ = await ann.post("/v1/orders/cancel/all", **named)
    _, left = await ann.get("/v1/orders", **named)
    _, balances = await ann.get("/v1/balances", **named)
    _, positions = await ann.get("/v1/positions", **named)
    nowhere, refusal = await ann.post("/v1/orders/cancel/all", exchange_id="BINANCE")

    assert first["status"] == second["status"] == told["status"] == "NEW"
    assert [it["client_order_id"] for it in listed] == [
        first["client_order_id"],
        second["client_order_id"],
    ]
    assert (taken["status"], filled["status"]) == ("FILLED", "FILLED")
    assert (filled["amount_filled"], filled["amount_open"], filled["avg_px"]) == (0.01, 0, 94_000)
    assert (unknown, reject["reject_reason"]) == (404, "ORDER_ID_NOT_FOUND")
    assert canceled["status"] == "CANCELED"
    assert (killed, ok["message"], again, left) == (200, "Ok", 200, [])
    assert any(it["balance"] > 0 for it in balances[0]["data"])
    held = [(it["side"], it["quantity"]) for it in positions[0]["data"]]
    assert held == ([] if exchange_id == "KRAKEN" else [("BUY", 0.01)])
    assert (nowhere, refusal["reject_reason"]) == (490, "EXCHANGE_UNREACHABLE")


async def test_all_exchanges_are_told_in_one_answer(
    clients: tuple[ContractClient, ContractClient],
) -> None:
    """Without a filter, every list has them all."""
    ann, _ = clients
    _, balances = await ann.get("/v1/balances")
    _, positions = await ann.get("/v1/positions")
    orders, _ = await ann.get("/v1/orders")

    assert orders == 200
    assert {it["exchange_id"] for it in balances} == set(SYMBOLS)
    assert {it["exchange_id"] for it in positions} == set(SYMBOLS)


async def test_both_forms_of_the_history_answer_within_the_contract(
    clients: tuple[ContractClient, ContractClient],
) -> None:
    """The times stood in the path once, and stand in the query now."""
    ann, _ = clients
    times = ("2022-05-01T00:00:00", "2022-05-01T12:00:00")
    new = await ann.get("/v1/orders/history", time_start=times[0], time_end=times[1])
    old = await ann.get(f"/v1/orders/history/{times[0]}/{times[1]}")

    assert new == old
