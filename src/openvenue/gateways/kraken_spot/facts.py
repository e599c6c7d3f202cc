"""Facts about a pair that this API tells and no rule of the market reads.

They come from the `meta` table of an instrument in the world file, under this API's own names.
What is not there is made from the pair's assets and grids.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from openvenue.engine.units import Symbol


class Facts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the world file says. Source: Kraken Spot REST, "Get tradable asset pairs"."""

    id: str | None = None  # "XXBTZUSD"
    altname: str | None = None  # "XBTUSD"
    wsname: str | None = None  # "XBT/USD"
    cost_decimals: int | None = None  # of costs and fees; those of the quote asset
    ticker_decimals: int | None = None  # of prices in Ticker, Depth and Trades
    fee_schedule_uid: str = field(name="feeScheduleUid", default="")  # of the world file; not told


NO_FACTS: Final = Facts()
FactsOf = Callable[[Symbol], Facts]


def no_facts(symbol: Symbol) -> Facts:
    """Nothing is known beside the instrument itself."""
    return NO_FACTS


def read_facts(meta: Mapping[str, Any]) -> Facts:
    """The facts of a `meta` table. Raises: ValueError: a name or a value that this API has not."""
    return msgspec.convert(dict(meta), Facts)


class AssetFacts(Struct, frozen=True):
    """How this API names an asset beside its plain name, and how precisely it shows amounts."""

    id: str  # the key in REST
    altname: str
    decimals: int
    display_decimals: int


# The service's oldest assets carry a letter for their class: X for coins, Z for currencies.
# Source: Kraken Spot REST, "Get asset info".
KNOWN: Final[Mapping[str, AssetFacts]] = {
    "BTC": AssetFacts("XXBT", "XBT", 10, 5),
    "ETH": AssetFacts("XETH", "ETH", 10, 5),
    "USD": AssetFacts("ZUSD", "USD", 4, 2),
    "EUR": AssetFacts("ZEUR", "EUR", 4, 2),
    "GBP": AssetFacts("ZGBP", "GBP", 4, 2),
    "CAD": AssetFacts("ZCAD", "CAD", 4, 2),
    "JPY": AssetFacts("ZJPY", "JPY", 2, 0),
    "DOGE": AssetFacts("XXDG", "XDG", 8, 2),
    "LTC": AssetFacts("XLTC", "LTC", 10, 5),
    "XRP": AssetFacts("XXRP", "XRP", 8, 5),
    "XLM": AssetFacts("XXLM", "XLM", 8, 5),
    "ETC": AssetFacts("XETC", "ETC", 10, 5),
    "ZEC": AssetFacts("XZEC", "ZEC", 10, 5),
    "XMR": AssetFacts("XXMR", "XMR", 10, 5),
    "SOL": AssetFacts("SOL", "SOL", 10, 5),
    "USDT": AssetFacts("USDT", "USDT", 8, 4),
    "USDC": AssetFacts("USDC", "USDC", 8, 4),
}


def asset_facts(name: str, scale: int) -> AssetFacts:
    """Of an asset that `KNOWN` does not have, its own name and its whole precision."""
    return KNOWN.get(name) or AssetFacts(name, name, scale, min(scale, 5))


def decimals_of(grid: Decimal) -> int:
    """Decimal places of the numbers on a grid."""
    exponent = grid.normalize().as_tuple().exponent
    assert isinstance(exponent, int), "a grid has a size"
    return max(-exponent, 0)
