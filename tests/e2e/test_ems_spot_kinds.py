"""The desk in front of Kraken Spot: orders that hide, that bring others, and that trail.

Placed past the desk with ccxt, as another program of the account would; all of them are listed, and
a mass cancel takes all of them. The venue itself is asked whether they are gone.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import ccxt
import pytest

from openvenue.ems.config import Credentials, EmsConfig, VenueAccount
from openvenue.ems.desk import Ems
from openvenue.ems.orders import ExchangeId
from openvenue.engine.units import AccountId
from openvenue.gateways.coinapi_ems import CoinApiEms
from openvenue.gateways.serve import Door
from openvenue.testing.server import Server
from tests.e2e.spot_scene import ccxt_client

KEY: Final = "73034021-THIS-IS-SAMPLE-KEY"
PATIENCE_S: Final = 20.0
SYMBOL: Final = "BTC/USD"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The venue as it is shipped, without a crowd and without limits."""
    with Server(tmp_path) as running:
        yield running


def config(server: Server) -> EmsConfig:
    """One account at Kraken Spot, by a key of its own: nonces of two programs do not mix."""
    own = server.key_file.accounts["primary"].desk
    assert own is not None
    keys = own.kraken_spot
    spot = VenueAccount(
        owner=AccountId("primary"),
        exchange_id=ExchangeId("KRAKEN"),
        api="kraken_spot",
        base_url=server.base_url,
        credentials=Credentials(keys.api_key, keys.api_secret),
    )
    return EmsConfig(
        accounts=(spot,), settling_seconds=0.1, deadline_seconds=5.0, retry_seconds=0.05
    )


async def ask(port: int, method: str, path: str, body: object = None) -> Any:
    """JSON of an answer of the desk, which has to be a good one."""
    headers = {"X-CoinAPI-Key": KEY}
    async with aiohttp.ClientSession(headers=headers) as session:
        url = f"http://127.0.0.1:{port}{path}"
        async with session.request(method, url, json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json(content_type=None)


def placed(ann: Any, bob: Any) -> set[str]:
    """Orders of every kind that was new to the desk; who they are at the venue."""
    ann.load_markets()
    bob.load_markets()
    bob.create_order(SYMBOL, "limit", "sell", 0.2, 90_000)
    close = {"close": {"ordertype": "limit", "price": 99_000}}
    ann.create_order(SYMBOL, "limit", "buy", 0.5, 90_000, close)
    ann.create_order(SYMBOL, "iceberg", "buy", 1, None, {"price": "80000", "displayvol": "0.1"})
    ann.create_order(SYMBOL, "market", "sell", 0.1, None, {"trailingPercent": "5"})
    trailing = {"trailingAmount": "500", "trailingLimitAmount": "10"}
    ann.create_order(SYMBOL, "limit", "sell", 0.1, None, trailing)
    return set(ann.private_post_openorders()["result"]["open"])


async def test_all_of_them_are_listed_and_a_mass_cancel_takes_all(
    server: Server, tmp_path: Path
) -> None:
    """The hidden part, the close of a fill, and stops that wait."""
    ann = ccxt_client(ccxt, server, "primary")
    there = placed(ann, ccxt_client(ccxt, server, "secondary"))
    assert len(there) == 5
    desk = await Ems.open(tmp_path / "desk", config(server))
    door = Door([CoinApiEms(desk, {KEY: AccountId("primary")})])
    await door.start("127.0.0.1", 0, None, None)
    try:
        listed = await ask(door.port, "GET", "/v1/orders?exchange_id=KRAKEN")
        assert {it["exchange_order_id"] for it in listed} == there

        answer = await ask(door.port, "POST", "/v1/orders/cancel/all", {"exchange_id": "KRAKEN"})

        assert answer["message"] == "Ok"
        assert ann.private_post_openorders()["result"]["open"] == {}
        balances = ann.private_post_balanceex()["result"]
        assert {float(it["hold_trade"]) for it in balances.values()} == {0.0}
    finally:
        await door.stop(PATIENCE_S)
        await desk.close()
