"""What is traded where, and how fine."""

from decimal import Decimal

import pytest

from openvenue.ems.connectors.kraken_futures.markets import markets as futures
from openvenue.ems.connectors.kraken_spot.markets import markets as spot
from openvenue.ems.connectors.pacifica.markets import markets as pacifica
from openvenue.ems.connectors.port import Market, VenueRefused
from tests.unit.ems.connectors.doubles import PaperWire


async def test_contracts_of_kraken_futures() -> None:
    """Indices and closed markets are not traded; sizes can be finer or coarser than one."""
    contract = {
        "symbol": "PF_XBTUSD",
        "tradeable": True,
        "base": "BTC",
        "quote": "USD",
        "tickSize": 0.5,
        "contractValueTradePrecision": 4,
    }
    coarse = {**contract, "symbol": "PF_PEPEUSD", "contractValueTradePrecision": -3}
    wire = PaperWire(
        {
            "result": "success",
            "instruments": [
                contract,
                {**contract, "symbol": "PF_OLDUSD", "tradeable": False},
                {"symbol": "in_xbtusd", "type": "spot index", "tradeable": True},
                coarse,
            ],
        }
    )

    found = await futures(wire)

    assert [it.symbol for it in found] == ["PF_XBTUSD", "PF_PEPEUSD"]
    assert found[0] == Market(
        symbol="PF_XBTUSD",
        common_symbol="KRAKENFTS_PERP_BTC_USD",
        base="BTC",
        quote="USD",
        common_base="BTC",
        common_quote="USD",
        price_step=Decimal("0.5"),
        size_step=Decimal("0.0001"),
    )
    assert found[1].size_step == 1000
    assert wire.asked[0].target == "/derivatives/api/v3/instruments"


async def test_pairs_of_kraken_spot() -> None:
    """The name with a slash where there is one; the step of prices where it is told."""
    pair = {
        "altname": "XBTUSD",
        "wsname": "XBT/USD",
        "base": "XXBT",
        "quote": "ZUSD",
        "pair_decimals": 1,
        "lot_decimals": 8,
        "tick_size": "0.1",
    }
    bare = {name: pair[name] for name in pair if name not in ("wsname", "tick_size")}
    wire = PaperWire({"error": [], "result": {"XXBTZUSD": pair, "X": bare}})

    one, other = await spot(wire)

    assert (one.symbol, one.common_symbol) == ("XBT/USD", "KRAKEN_SPOT_BTC_USD")
    assert (one.base, one.common_base, one.common_quote) == ("XXBT", "BTC", "USD")
    assert (one.price_step, one.size_step) == (Decimal("0.1"), Decimal("1e-8"))
    assert (other.symbol, other.price_step) == ("XBTUSD", Decimal("0.1"))
    with pytest.raises(VenueRefused, match="EGeneral:Internal"):
        await spot(PaperWire({"error": ["EGeneral:Internal error"]}))


async def test_markets_of_pacifica() -> None:
    """Dollars, unless the name says otherwise."""
    rows = [
        {"symbol": "BTC", "tick_size": "1", "lot_size": "0.00001"},
        {"symbol": "SOL-USDC", "tick_size": "0.01", "lot_size": "0.01"},
    ]

    perp, pair = await pacifica(PaperWire({"success": True, "data": rows}))

    assert (perp.common_symbol, perp.base, perp.quote) == ("PACIFICA_PERP_BTC_USD", "BTC", "USD")
    assert (pair.common_symbol, pair.quote) == ("PACIFICA_SPOT_SOL_USDC", "USDC")
    assert perp.size_step == Decimal("0.00001")
    with pytest.raises(VenueRefused, match="no"):
        await pacifica(PaperWire({"success": False, "data": None, "error": "no"}))
