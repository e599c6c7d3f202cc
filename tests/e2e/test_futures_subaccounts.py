"""A family of accounts, moved about with python-kraken-sdk as its users have it.

The world file names a subaccount; its keys are where all keys are, and what its master does to it
outlives the server.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from kraken.exceptions import KrakenInvalidAccountError
from kraken.futures import Funding, Trade, User

from openvenue.exchange.config import default_world
from openvenue.testing.server import Server
from tests.e2e.signed_client import traceback_in

SUB: Final = "primary-sub"
TABLE: Final = f"""
[[venues.kraken-futures.accounts]]
name = "{SUB}"
family = "primary"
deposits = [{{ wallet = "flex", asset = "USD", amount = 1_000 }}]
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The default world with one account more."""
    world = tmp_path / "world.toml"
    world.write_text(default_world() + TABLE)
    with Server(tmp_path / "data", config=world) as server:
        yield server
        assert traceback_in(server) == ""


def client(kind: Any, server: Server, account: str) -> Any:
    """One of the library's clients."""
    keys = server.keys(account)
    return kind(key=keys.api_key, secret=keys.api_secret, url=server.base_url)


def dollars(server: Server, account: str, wallet: str) -> Decimal:
    """What a wallet holds."""
    found = client(User, server, account).get_wallets()["accounts"][wallet]
    if wallet == "cash":
        return Decimal(str(found["balances"].get("usd", 0)))
    return Decimal(str(found["currencies"]["USD"]["quantity"]))


def test_a_master_moves_money_and_stops_a_subaccount(server: Server) -> None:
    """Also across a kill, which loses none of it."""
    funding, user = client(Funding, server, "primary"), client(User, server, "primary")
    sub_trade = client(Trade, server, SUB)
    told = user.get_subaccounts()
    master = told["masterAccountUid"]
    (sub,) = told["subaccounts"]
    uid = sub["accountUid"]
    assert sub["fullName"] == SUB
    assert Decimal(str(sub["flexAccount"]["availableMargin"])) == 1_000

    cash = dollars(server, "primary", "cash")
    funding.initiate_wallet_transfer(amount=250, fromAccount="cash", toAccount="flex", unit="usd")
    funding.initiate_subaccount_transfer(
        amount=400,
        unit="usd",
        fromAccount="cash",
        toAccount="flex",
        fromUser=master,
        toUser=uid,
    )
    out = funding.initiate_withdrawal_to_spot_wallet(amount=50, currency="usd")
    assert out["uid"]
    # The library knows some words of the API as exceptions, and hands on the others.
    refused = funding.initiate_withdrawal_to_spot_wallet(amount=10**9, currency="usd")
    assert refused["error"] == "insufficientFunds"
    with pytest.raises(KrakenInvalidAccountError):
        funding.initiate_wallet_transfer(amount=1, fromAccount="safe", toAccount="flex", unit="usd")
    refused = funding.initiate_wallet_transfer(
        amount=-1, fromAccount="cash", toAccount="flex", unit="usd"
    )
    assert refused["error"] == "invalidAmount"

    order = {"orderType": "lmt", "symbol": "PF_XBTUSD", "side": "buy", "size": "0.001"}
    stands = sub_trade.create_order(**order, limitPrice="90000")["sendStatus"]
    assert stands["status"] == "placed"
    assert user.set_trading_on_subaccount(subaccountUid=uid, trading_enabled=False) is not None
    assert user.check_trading_enabled_on_subaccount(subaccountUid=uid)["tradingEnabled"] is False

    server.restart()

    assert user.check_trading_enabled_on_subaccount(subaccountUid=uid)["tradingEnabled"] is False
    refused = sub_trade.create_order(**order, limitPrice="90000")["sendStatus"]
    assert refused["status"] == "marketSuspended"
    canceled = sub_trade.cancel_order(order_id=stands["order_id"])["cancelStatus"]
    assert canceled["status"] == "cancelled"
    user.set_trading_on_subaccount(subaccountUid=uid, trading_enabled=True)
    assert sub_trade.create_order(**order, limitPrice="90000")["sendStatus"]["status"] == "placed"
    assert dollars(server, "primary", "cash") == cash - 250 - 400 - 50
    assert dollars(server, SUB, "flex") == 1_400
    log = client(User, server, SUB).get_account_log()["logs"]
    assert [it["info"] for it in log] == ["subaccount transfer", "admin transfer"]
