"""A desk set up as a self-hosted installation of the real service is: by its environment."""

from pathlib import Path

import aiohttp
import pytest

from openvenue.testing.server import DeskServer, Server


async def test_the_environment_of_an_edge_is_all_that_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its key is the clients' key, and orders reach the exchange that it names."""
    file = tmp_path / "desk.toml"
    file.write_text('[desk]\nsettling_seconds = 0.1\nkeyless = "primary"\n')
    with Server(tmp_path / "venue") as venue:
        keys = venue.keys()
        for name, value in {
            "OEML__ExchangeId": "KRAKENFTS",
            "OD__PublicApiKey": keys.api_key,
            "OD__PrivateApiKey": keys.api_secret,
            "OD__BaseUrl": venue.base_url,
            "CoinAPI__ApiKey": "73034021-THIS-IS-SAMPLE-KEY",
        }.items():
            monkeypatch.setenv(name, value)
        head = {"X-CoinAPI-Key": "73034021-THIS-IS-SAMPLE-KEY"}
        with DeskServer(tmp_path / "desk", file) as desk:
            async with aiohttp.ClientSession(desk.base_url, headers=head) as client:
                order = {
                    "exchange_id": "KRAKENFTS",
                    "client_order_id": "one",
                    "symbol_id_coinapi": "KRAKENFTS_PERP_BTC_USD",
                    "amount_order": 0.01,
                    "price": 20_000,
                    "side": "BUY",
                    "order_type": "LIMIT",
                    "time_in_force": "GOOD_TILL_CANCEL",
                }
                async with client.post("/v1/orders", json=order) as response:
                    placed = await response.json()
                body = {"exchange_id": "KRAKENFTS"}
                async with client.post("/v1/orders/cancel/all", json=body) as response:
                    killed = await response.json()
            # The generated clients have no place for a key: this machine's may go without.
            async with aiohttp.ClientSession(desk.base_url) as stranger:
                async with stranger.get("/v1/orders/status/one") as response:
                    seen = (response.status, (await response.json())["status"])
                async with stranger.get("/v1/orders", headers={"Origin": "http://x.y"}) as response:
                    page = response.status
            said = "\n".join(desk.output)

    assert placed["status"] == "NEW"
    assert killed["message"] == "Ok"
    assert seen == (200, "CANCELED")
    assert page == 401
    assert keys.api_secret not in said
