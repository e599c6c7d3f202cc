"""An order in a client's words, before it is read, and who asks for it.

REST and the socket share these.
"""

from msgspec import Struct

from openvenue.engine.units import AccountId, Nanos


class Asked(Struct, frozen=True):
    """Who asks, and when: what a command takes from its request besides arguments."""

    account: AccountId
    now: Nanos  # market time
    offset: Nanos  # of market time from the machine's clock, which clients have


class Terms(Struct, kw_only=True):
    """An order as a client words it: digits are text still."""

    kind: str
    side: str
    quantity: str
    limit: str | None = None
    trigger: str | None = None
    signal: str | None = None
    time_in_force: str | None = None
    post_only: bool = False
    self_trade: str | None = None
    cl_ord_id: str | None = None
    user_ref: int | None = None
    deadline: Nanos | None = None  # market time
