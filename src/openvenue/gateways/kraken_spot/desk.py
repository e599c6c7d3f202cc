"""What every endpoint needs: the venue, its past, who asks, what it costs, how success is said."""

from collections.abc import Mapping
from typing import Final, Protocol

from msgspec import Struct

from openvenue.engine.queries import AccountView, GetAccount, GetAssets, GetMarkets
from openvenue.engine.units import AccountId, AssetId, Atoms, Nanos
from openvenue.exchange.port import ExchangePort
from openvenue.gateways.kraken_spot import errors
from openvenue.gateways.kraken_spot.arguments import Arguments, read_arguments
from openvenue.gateways.kraken_spot.auth import (
    Authenticator,
    KeyRecord,
    Keys,
    Permission,
    Tokens,
)
from openvenue.gateways.kraken_spot.decode import Asked
from openvenue.gateways.kraken_spot.encode_orders import ENCODER
from openvenue.gateways.kraken_spot.facts import FactsOf
from openvenue.gateways.kraken_spot.limits import COST, Counters, Limits
from openvenue.gateways.kraken_spot.listing import Listing, Money
from openvenue.gateways.kraken_spot.profile import Profile
from openvenue.gateways.wire import Request, Response, WireError
from openvenue.history.port import HistoryPort
from openvenue.journal.records import Envelope

NAME: Final = "kraken_spot"


class Clock(Protocol):
    """Machine time."""

    def wall(self) -> Nanos:
        """Nanoseconds since 1970."""


class Who(Struct, frozen=True):
    """Whoever signed a request."""

    record: KeyRecord
    nonce: int

    @property
    def account(self) -> AccountId:
        """Whose orders and money it is about."""
        return self.record.account

    @property
    def envelope(self) -> Envelope:
        """What the journal keeps of it."""
        return Envelope(NAME, self.record.api_key, self.nonce)


class Desk:
    """One venue as its endpoints see it."""

    def __init__(
        self,
        exchange: ExchangePort,
        history: HistoryPort,
        keys: Keys,
        clock: Clock,
        limits: Limits,
        profile: Profile,
        nonces: Mapping[str, int],
        facts_of: FactsOf,
    ) -> None:
        self.exchange: Final = exchange
        self.history: Final = history
        self.clock: Final = clock
        self.limits: Final[Limits] = limits
        self.profile: Final = profile
        self.keys: Final = keys
        self.auth: Final = Authenticator(keys, nonces)
        self.tokens: Final = Tokens(profile.token_seconds)
        self.listing: Final = Listing(facts_of)
        self.is_ready = False
        self._counters = Counters(limits)

    async def ready(self) -> None:
        """Know what is listed. Events heard meanwhile are not lost: each says the same again."""
        if self.is_ready:
            return
        markets = await self.exchange.look(GetMarkets())
        self.listing.load(markets, await self.exchange.look(GetAssets()))
        self.is_ready = True

    def who(self, request: Request, *needed: Permission, cost: int = COST) -> tuple[Who, Arguments]:
        """Whoever signed `request`, charged for it, and what it asks. Raises: WireError."""
        arguments, fault = Arguments({}), None
        try:
            arguments = read_arguments(request)
        except WireError as error:
            fault = error  # who asks is told first that we do not know them
        record, nonce = self.auth.authenticate(request, arguments.text("nonce"), needed)
        if not self._counters.allows(record.api_key, cost, self.exchange.now()):
            raise WireError(errors.RATE_LIMIT)
        if fault is not None:
            raise fault
        return Who(record, nonce), arguments

    def asked(self, who: Who) -> Asked:
        """What a command takes from its request besides arguments."""
        return Asked(who.account, self.exchange.now(), self.exchange.offset)

    async def account(self, account: AccountId) -> AccountView:
        """The account. Raises: WireError: the venue does not know it."""
        view = await self.exchange.look(GetAccount(account))
        if view is None:
            raise WireError(errors.PERMISSION, why="the venue does not know this account")
        return view

    def balances(self, view: AccountView) -> list[tuple[Money, Atoms, Atoms]]:
        """Each asset of an account that its orders here can use: all of it, and what is held."""
        listing = self.listing
        amounts: dict[AssetId, int] = {}
        held: dict[AssetId, int] = {}
        for wallet in view.wallets:
            if wallet.wallet in listing.wallets:
                for asset, amount in wallet.balances.items():
                    amounts[asset] = amounts.get(asset, 0) + amount
                for asset, amount in wallet.held.items():
                    held[asset] = held.get(asset, 0) + amount
        return [
            (listing.money(asset), Atoms(amount), Atoms(held.get(asset, 0)))
            for asset, amount in amounts.items()
        ]


def say(payload: object) -> Response:
    """A success."""
    return say_raw(ENCODER.encode(payload))


def say_raw(payload: bytes) -> Response:
    """A success, which is JSON already."""
    return Response(200, b'{"error":[],"result":%b}' % payload)
