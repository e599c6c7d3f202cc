"""What is traded there.

Source: Pacifica REST, "Get market info". Everything is priced in dollars; a spot market has the
asset of its price in its name.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from openvenue.ems.connectors.http import Http, read
from openvenue.ems.connectors.port import Market, VenueRefused
from openvenue.ems.connectors.symbols import common_pacifica

TARGET: Final = "/api/v1/info"
DOLLARS: Final = "USD"


class Info(Struct):
    """One market."""

    symbol: str
    tick_size: Decimal
    lot_size: Decimal


class Infos(Struct):
    """The answer."""

    data: list[Info] | None = None
    error: str | None = None


async def markets(http: Http) -> Sequence[Market]:
    """All of them. Raises: Unreachable; Silent; VenueRefused."""
    found = read(await http.ask("GET", TARGET), Infos)
    if found.data is None:
        raise VenueRefused(found.error or "no markets")
    return [_market(it) for it in found.data]


def _market(it: Info) -> Market:
    base, _, quote = it.symbol.partition("-")
    return Market(
        symbol=it.symbol,
        common_symbol=common_pacifica(it.symbol),
        base=base,
        quote=quote or DOLLARS,
        common_base=base,
        common_quote=quote or DOLLARS,
        price_step=it.tick_size,
        size_step=it.lot_size,
    )
