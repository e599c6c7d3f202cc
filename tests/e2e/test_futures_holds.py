"""Maker protection at the installed server, with an unmodified ccxt."""

import re
from importlib import resources
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any

import ccxt

from openvenue.testing.server import Server
from tests.e2e.futures_clients import ccxt_client
from tests.e2e.signed_client import traceback_in

HOLD_SECONDS = 0.1
PAIR = "BTC/USD:USD"


def held_world(directory: Path) -> Path:
    """The default world whose first market holds as long as any may."""
    default = resources.files("openvenue.exchange") / "worlds" / "default.toml"
    ladder = 'ladder = "multi-collateral"'
    text, count = re.subn(
        f"^{ladder}$", f"{ladder}\nhold_ms = 100", default.read_text("utf-8"), count=1, flags=re.M
    )
    assert count == 1
    path = directory / "held.toml"
    path.write_text(text)
    return path


def test_makers_pass_takers_wait_and_a_restart_forgets_neither(tmp_path: Path) -> None:
    """The reply to a taker says what it did, and comes when it has done it."""
    with Server(tmp_path / "data", config=held_world(tmp_path)) as server:
        maker, taker = (ccxt_client(ccxt, server, name) for name in ("primary", "secondary"))
        market = maker.load_markets()[PAIR]
        assert market["info"]["makerProtectionMillis"] == 100
        maker.create_order(PAIR, "limit", "sell", 0.02, 95_000, {"postOnly": True})

        begun = monotonic()
        filled = taker.create_order(PAIR, "limit", "buy", 0.01, 95_000)

        assert monotonic() - begun >= HOLD_SECONDS
        assert filled["filled"] == 0.01
        begun = monotonic()
        order = taker.create_order(PAIR, "limit", "buy", 0.01, 90_000)
        edited = taker.edit_order(order["id"], PAIR, "limit", "buy", 0.01, 91_000)
        assert monotonic() - begun >= 2 * HOLD_SECONDS
        assert edited["id"] == order["id"]

        other = ccxt_client(ccxt, server, "secondary")
        other.load_markets()
        answers: list[str] = []
        for _ in range(20):  # a slow machine may miss the tenth of a second
            sender = Thread(target=lambda: answers.append(answer_to_an_order(taker)))
            sender.start()
            while sender.is_alive():
                other.cancel_all_orders()
            other.cancel_all_orders()
            if "iocWouldNotExecute" in answers[-1]:
                break
        assert "iocWouldNotExecute" in answers[-1]

        server.kill()
        server.start()
        assert taker.fetch_open_orders() == []
        assert maker.fetch_open_orders()[0]["remaining"] == 0.01
        assert traceback_in(server) == ""


def answer_to_an_order(client: Any) -> str:
    """What became of an order far from the market, or why it was refused."""
    try:
        return str(client.create_order(PAIR, "limit", "buy", 0.01, 80_000))
    except ccxt.BaseError as error:
        return str(error)
