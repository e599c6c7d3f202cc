"""What is traded there.

Source: Kraken Spot REST, "Get tradable asset pairs".
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from openvenue.ems.connectors.http import Http, read
from openvenue.ems.connectors.port import Market, VenueRefused
from openvenue.ems.connectors.symbols import common_asset, common_pair, plain_asset

TARGET: Final = "/0/public/AssetPairs"


class Pair(Struct):
    """An entry of the result."""

    altname: str
    base: str
    quote: str
    pair_decimals: int
    lot_decimals: int
    wsname: str = ""
    tick_size: Decimal | None = None


class Pairs(Struct):
    """The answer."""

    error: list[str]
    result: dict[str, Pair] = {}


async def markets(http: Http) -> Sequence[Market]:
    """All pairs. Raises: Unreachable; Silent; VenueRefused."""
    found = read(await http.ask("GET", TARGET), Pairs)
    if found.error:
        raise VenueRefused(", ".join(found.error))
    return [
        Market(
            symbol=it.wsname or it.altname,
            common_symbol=common_pair(it.wsname or it.altname),
            base=it.base,
            quote=it.quote,
            common_base=common_asset(plain_asset(it.base)),
            common_quote=common_asset(plain_asset(it.quote)),
            price_step=it.tick_size or Decimal(1).scaleb(-it.pair_decimals),
            size_step=Decimal(1).scaleb(-it.lot_decimals),
        )
        for it in found.result.values()
    ]
