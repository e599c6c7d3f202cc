"""An unmodified ccxt isolates a market, and its position stands on margin of its own."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import ccxt
import pytest

from openvenue.testing.server import Server
from tests.e2e.futures_clients import ccxt_client
from tests.e2e.signed_client import traceback_in

SYMBOL: Final = "BTC/USD:USD"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The default world, without a crowd and without limits: an exact scene."""
    with Server(tmp_path) as server:
        yield server
        assert traceback_in(server) == ""


def test_leverage_is_set_told_and_takes_margin_out_of_the_wallet(server: Server) -> None:
    """A hundredth of a coin at 95,000, ten times covered, stands on 95 dollars of its own."""
    client, other = (ccxt_client(ccxt, server, it) for it in ("primary", "secondary"))
    for each in (client, other):
        each.load_markets()
    start = client.fetch_balance()["total"]["USD"]

    client.set_leverage(10, SYMBOL)

    assert leverage_of(client.fetch_leverage(SYMBOL)) == 10
    told = client.fetch_leverages([SYMBOL])
    assert leverage_of(told[SYMBOL]) == 10
    other.create_order(SYMBOL, "limit", "sell", 0.01, 95_000)
    client.create_order(SYMBOL, "limit", "buy", 0.01, 95_000)
    [position] = client.fetch_positions([SYMBOL])
    assert (position["side"], position["contracts"], position["entryPrice"]) == (
        "long",
        0.01,
        95_000,
    )
    assert position["info"]["maxFixedLeverage"] == 10
    fee = Decimal("950") * Decimal("0.0005")
    left = Decimal(str(client.fetch_balance()["total"]["USD"]))
    assert left == Decimal(str(start)) - 95 - fee
    with pytest.raises(ccxt.ExchangeError, match="fixedLeverageTooHigh"):
        client.set_leverage(51, SYMBOL)


def leverage_of(told: dict[str, Any]) -> int:
    """Long and short are one figure here."""
    assert told["longLeverage"] == told["shortLeverage"]
    return int(told["longLeverage"])
