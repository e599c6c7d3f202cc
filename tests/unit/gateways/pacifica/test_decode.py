"""Drafts to commands: what a market order becomes, and what a stop waits for."""

from decimal import Decimal
from typing import Any

import pytest

from openvenue.engine.orders import BUY, FOK, GTC, IOC, SELL, Direction, SelfTrade, Side, Signal
from openvenue.engine.units import AccountId, fine_price
from openvenue.gateways.pacifica import decode
from openvenue.gateways.pacifica.canonical import parse
from openvenue.gateways.pacifica.errors import Failure
from openvenue.gateways.pacifica.facts import NO_FACTS
from openvenue.gateways.pacifica.listing import Market
from openvenue.gateways.pacifica.profile import DEFAULT, Profile
from tests.conformance.pacifica.scene import MARKETS

ANN = AccountId("ann")
BTC, SOL, KBONK, PAIR = (Market(it, NO_FACTS) for it in MARKETS)
MARK = fine_price(Decimal("50000"))


def body(**fields: Any) -> dict[str, Any]:
    """A body as it arrives."""
    import json

    told = {"symbol": "BTC", "amount": "0.1", "side": "bid", "reduce_only": False, **fields}
    found = parse(json.dumps(told).encode())
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("side", "mark", "slippage", "market", "ticks"),
    [
        (SELL, "100000", "8", BTC, 92_000),  # the example of the venue's own page
        (BUY, "100000", "8", BTC, 108_000),
        (BUY, "50000", "0.5", BTC, 50_250),
        (BUY, "50001", "0.5", BTC, 50_251),  # 50,251.005: up to there
        (SELL, "50001", "0.5", BTC, 49_751),  # 49,750.995: down to there
        (BUY, "0.0200001", "0", KBONK, 20_000),
        (SELL, "0.0200001", "0", KBONK, 20_001),
        (SELL, "0.000001", "99", KBONK, 1),
        (BUY, "900000", "99", BTC, 1_000_000),
    ],
)
def test_a_market_order_is_protected_at_its_slippage_from_mark(
    side: Side, mark: str, slippage: str, market: Market, ticks: int
) -> None:
    """Rounded to the tick that takes less, and never off the market's grid."""
    found = decode.protection(
        side, fine_price(Decimal(mark)), Decimal(slippage) / Decimal(100), market
    )

    assert found == ticks


def test_a_market_order_is_an_ioc_that_remembers_what_it_was() -> None:
    """The cap beside a limit marks it in every later answer."""
    draft = decode.decode_create_market(body(slippage_percent=0.5), DEFAULT)
    command = decode.place_order(draft, ANN, decode.Terms(BTC, MARK), DEFAULT)

    assert command.limit_price == 50_250
    assert command.market_cap == Decimal("0.005")
    assert command.time_in_force is IOC
    assert command.quantity == 10_000
    assert command.self_trade is SelfTrade.CANCEL_OLDEST


@pytest.mark.parametrize(
    ("tif", "time_in_force", "post_only", "slides"),
    [
        ("GTC", GTC, False, False),
        ("IOC", IOC, False, False),
        ("ALO", GTC, True, False),
        ("TOB", GTC, True, True),
        ("FOK", FOK, False, False),
        ("PO", GTC, True, False),
    ],
)
def test_every_tif_has_its_meaning(
    tif: str, time_in_force: object, post_only: bool, slides: bool
) -> None:
    """The last two are words of the closed alpha, taken only if a profile says so."""
    draft = decode.decode_create(body(tif=tif, price="50000"), Profile(accepts_fok_and_po=True))
    command = decode.place_order(draft, ANN, decode.Terms(BTC, MARK), DEFAULT)

    assert command.time_in_force is time_in_force
    assert (command.post_only, command.slides) == (post_only, slides)


@pytest.mark.parametrize(
    ("side", "direction"), [("bid", Direction.ABOVE), ("ask", Direction.BELOW)]
)
def test_a_stop_buys_above_and_sells_below(side: str, direction: Direction) -> None:
    """At mark unless the order, or else the profile, says otherwise."""
    told = body(side=side, stop_order={"stop_price": "51000", "amount": "0.1"})
    draft = decode.decode_create_stop(told, DEFAULT)
    command = decode.place_order(draft, ANN, decode.Terms(BTC, MARK), DEFAULT)

    assert command.trigger is not None
    assert command.trigger.direction is direction
    assert command.trigger.signal is Signal.MARK
    assert command.trigger.price == 51_000
    assert command.limit_price is None
    assert command.market_cap == Decimal("0.08")

    other = decode.decode_create_stop(told, Profile(default_trigger="last_trade_price"))
    assert other.trigger == "last_trade_price"


@pytest.mark.parametrize("slippage", ["1e-999999", "0e-999999", "0.5e-9999", "1e999999"])
def test_a_slippage_that_would_fill_memory_is_refused(slippage: str) -> None:
    """A short text can say a number of a million digits."""
    with pytest.raises(Failure):
        decode.decode_create_market(body(slippage_percent=slippage), DEFAULT)
