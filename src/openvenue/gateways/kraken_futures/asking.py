"""Who asks, and when; and what is left of an order that never became one."""

from ipaddress import ip_address, ip_network
from typing import Final, Literal

from msgspec import Struct

from openvenue.engine.units import AccountId, Nanos
from openvenue.journal.records import Envelope

NAME: Final = "kraken_futures"


class KeyRecord(Struct, frozen=True):
    """An API key: whose it is, and what it may do."""

    api_key: str
    secret: bytes  # decoded
    account: AccountId
    permission: Literal["full", "read_only"] = "full"
    created: str | None = None  # ISO time
    allowed_cidr: str | None = None

    def is_allowed_from(self, peer: str) -> bool:
        """Whether a client at this address may use it."""
        if self.allowed_cidr is None:
            return True
        try:
            return ip_address(peer) in ip_network(self.allowed_cidr)
        except ValueError:  # a socket of this machine has no address
            return False

    def __repr__(self) -> str:
        return f"KeyRecord({self.api_key!r}, account={self.account!r})"


class Who(Struct, frozen=True):
    """Whoever signed a request."""

    record: KeyRecord
    nonce: int
    pool: str  # whose tokens are spent

    @property
    def account(self) -> AccountId:
        """Whose orders and money it is about."""
        return self.record.account

    @property
    def envelope(self) -> Envelope:
        """What the journal keeps of it."""
        return Envelope(NAME, self.record.api_key, self.nonce)


class Asked(Struct, frozen=True):
    """Who asks, and when: what a command takes from its request besides arguments."""

    account: AccountId
    now: Nanos  # market time
    offset: Nanos  # of market time from the machine's clock, which clients have


class NotSent(Struct, frozen=True):
    """An order that was refused before it could be one."""

    status: str
    cl_ord_id: str | None
    error: str = ""  # its `OrderError`, where the status does not say which
    is_trigger: bool = False
