"""Facts about a market that this API tells and no rule of it reads.

They come from the `meta` table of an instrument in the world file, under this API's own names.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from openvenue.engine.units import Symbol


class Facts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the world file says. Source: Pacifica, "Get market info"."""

    isolated_only: bool = False
    min_tick: Decimal = Decimal(0)  # the lowest price of an order
    fee_schedule_uid: str = field(name="feeScheduleUid", default="")  # of the world file; not told


NO_FACTS: Final = Facts()
FactsOf = Callable[[Symbol], Facts]


def no_facts(symbol: Symbol) -> Facts:
    """Nothing is known beside the instrument itself."""
    return NO_FACTS


def read_facts(meta: Mapping[str, Any]) -> Facts:
    """The facts of a `meta` table. Raises: ValueError: a name or a value that this API has not."""
    return msgspec.convert(dict(meta), Facts)
