"""What the desk is told at its start: which accounts it reaches where, and how patient it is."""

from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from openvenue.ems.orders import Account, ExchangeId, bare_name
from openvenue.engine.units import AccountId

ApiKind = Literal["kraken_futures", "kraken_spot", "pacifica", "ccxt"]


class CannotConnect(Exception):
    """An account cannot be reached with what is installed and configured."""


class Credentials(Struct, frozen=True):
    """What a venue knows a client by. Never journaled, and not shown."""

    key: str  # API key, or wallet address
    secret: str  # API secret (Base64), or private key (base58)
    password: str = ""  # where an exchange has a third secret
    uid: str = ""

    @property
    def all(self) -> tuple[str, ...]:
        """Whatever of it must not be seen, longest first."""
        told = (it for it in (self.key, self.secret, self.password, self.uid) if it)
        return tuple(sorted(told, key=len, reverse=True))

    def __repr__(self) -> str:
        return "Credentials(…)"


class VenueAccount(Struct, frozen=True, kw_only=True):
    """One account at one venue."""

    owner: AccountId  # whose API keys see it
    exchange_id: ExchangeId  # as clients address it, unique for its owner
    api: ApiKind
    base_url: str  # scheme, host and port; "" with ccxt: where the exchange really is
    credentials: Credentials
    feed_url: str = ""  # the same of its WebSocket, where that is elsewhere
    exchange: str = ""  # ccxt's name of it
    market_type: str = ""  # ccxt's: spot, swap, future; "": its default
    symbols: tuple[str, ...] = ()  # to list orders of, where an exchange lists one at a time
    keeps_limits: bool = False  # requests are counted, and some are kept for cancels
    dead_mans_switch_seconds: float = 0.0  # 0: none. It is one for the whole account
    kill_credentials: Credentials | None = None  # kept for kills
    kill_url: str = ""  # another way to the same exchange, for kills
    unusable: str = ""  # why there are no credentials; only past a desk, which would not start

    @property
    def account(self) -> Account:
        """How the desk's machine names it."""
        return Account(self.owner, self.exchange_id)

    @property
    def exchange_name(self) -> str:
        """What all accounts there have in common: `KRAKEN` of `KRAKEN/2`."""
        return bare_name(self.exchange_id)

    @property
    def is_live(self) -> bool:
        """Whether orders can leave this machine."""
        urls = (self.base_url, *([self.kill_url] if self.kill_url else []))
        return not all(_is_here(urlsplit(url).hostname or "") for url in urls)

    @property
    def for_kills(self) -> "VenueAccount | None":
        """The same by its second path; None: it has none."""
        if self.kill_credentials is None and not self.kill_url:
            return None
        return replace(
            self,
            credentials=self.kill_credentials or self.credentials,
            base_url=self.kill_url or self.base_url,
            feed_url="" if self.kill_url else self.feed_url,
            unusable="" if self.kill_credentials is not None else self.unusable,
        )


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class EmsConfig(Struct, frozen=True, kw_only=True):
    """All of it. Times are real seconds."""

    accounts: tuple[VenueAccount, ...]
    connect_seconds: float = 2.0  # for a connection to a venue
    answer_seconds: float = 5.0  # for a venue's answer; an order without one is unknown
    settling_seconds: float = 0.5  # between the two looks that prove a venue empty
    deadline_seconds: float = 10.0  # of a cancel-all, and of the kill switch unless it says so
    retry_seconds: float = 0.2  # before a venue is asked again
    retry_seconds_max: float = 5.0
    watch_seconds: float = 5.0  # between looks at what is halted
    marker_seconds: float = 0.5  # between looks for halts left as files
    cancels_at_once: int = 8
    listen_seconds: float = 10.0  # between two looks at an account that somebody listens to
    listen_gap_seconds: float = 2.0  # at least, when something has happened there
    snapshot_every: int = 20_000  # entries of the journal
    durability: Literal["disk", "os"] = "disk"
    keyless: str = ""  # the owner that programs of this machine are without a key; "": none
