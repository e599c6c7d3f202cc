"""What is traded there.

Source: Kraken Futures REST, "Get instruments".
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from openvenue.ems.connectors.http import Http, read
from openvenue.ems.connectors.port import Market
from openvenue.ems.connectors.symbols import common_asset, common_future

TARGET: Final = "/derivatives/api/v3/instruments"


class Instrument(Struct, rename="camel"):
    """An entry of `instruments`. Indices have no tick, and are not traded."""

    symbol: str
    tradeable: bool = False
    base: str = ""
    quote: str = ""
    tick_size: Decimal | None = None
    contract_value_trade_precision: int = 0  # decimal places of a size


class Instruments(Struct):
    """The answer, as far as it is read."""

    instruments: list[Instrument] = []


async def markets(http: Http) -> Sequence[Market]:
    """Tradeable ones. Raises: Unreachable; Silent; VenueRefused."""
    found = read(await http.ask("GET", TARGET), Instruments)
    return [
        Market(
            symbol=it.symbol,
            common_symbol=common_future(it.symbol),
            base=it.base,
            quote=it.quote,
            common_base=common_asset(it.base),
            common_quote=common_asset(it.quote),
            price_step=it.tick_size,
            size_step=Decimal(1).scaleb(-it.contract_value_trade_precision),
        )
        for it in found.instruments
        if it.tradeable and it.tick_size is not None
    ]
