"""Facts about a contract that this API tells and no rule of the market reads.

They come from the `meta` table of an instrument in the world file, under this API's own names.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from openvenue.engine.units import Symbol


class Facts(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What stays unset is not sent. Source: Kraken Futures REST, "Get instruments"."""

    category: str | UnsetType = UNSET
    tags: tuple[str, ...] = ()
    isin: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    mtf: bool = False
    tradfi: bool = False
    fee_schedule_uid: str | UnsetType = UNSET
    platform: str = "openvenue"  # whose margin schedules are told
    platforms_permitted: tuple[str, ...] | UnsetType = UNSET
    countries_banned: tuple[str, ...] | UnsetType = UNSET
    max_open_interest_usd: int | UnsetType = UNSET
    max_open_interest_share: Decimal | UnsetType = UNSET


NO_FACTS: Final = Facts()
FactsOf = Callable[[Symbol], Facts]


def no_facts(symbol: Symbol) -> Facts:
    """Nothing is known beside the instrument itself."""
    return NO_FACTS


def read_facts(meta: Mapping[str, Any]) -> Facts:
    """The facts of a `meta` table. Raises: ValueError: a name or a value that this API has not."""
    return msgspec.convert(dict(meta), Facts)
