"""What every endpoint needs: the venue, its past, who asks, what it costs, how success is said."""

from collections.abc import Mapping
from typing import Final, Protocol

from openvenue.engine.queries import GetAssets, GetMarkets
from openvenue.engine.units import SECOND, AccountId, Nanos, OrderId, Symbol
from openvenue.exchange.port import ExchangePort
from openvenue.gateways.kraken_futures import errors
from openvenue.gateways.kraken_futures.asking import Asked, Who
from openvenue.gateways.kraken_futures.auth import Authenticator, Keys
from openvenue.gateways.kraken_futures.encode import ENCODER
from openvenue.gateways.kraken_futures.facts import FactsOf, no_facts
from openvenue.gateways.kraken_futures.limits import DERIVATIVES, HISTORY, Limits, Pools
from openvenue.gateways.kraken_futures.listing import Listing, Market
from openvenue.gateways.kraken_futures.profile import Profile
from openvenue.gateways.kraken_futures.times import iso
from openvenue.gateways.wire import Request, Response, WireError
from openvenue.history.port import ClosedOrder, HistoryPort


class Clock(Protocol):
    """Machine time."""

    def wall(self) -> Nanos:
        """Nanoseconds since 1970."""


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
        facts_of: FactsOf = no_facts,
    ) -> None:
        self.exchange: Final = exchange
        self.history: Final = history
        self.keys: Final = keys
        self.clock: Final = clock
        self.limits: Final[Limits] = limits
        self.profile: Final = profile
        self.facts_of: Final = facts_of
        self.auth: Final = Authenticator(keys, profile, nonces)
        self.listing: Final = Listing(renames_triggers=profile.fired_trigger_id == "new")
        is_windowed = profile.refill == "windowed"
        self._pools = Pools(DERIVATIVES, limits, is_windowed=is_windowed)
        self._past_pools = Pools(HISTORY, limits, is_windowed=is_windowed)
        self._is_ready = False

    async def ready(self) -> None:
        """Know what is listed. Events heard meanwhile are not lost: each says the same again."""
        if self._is_ready:
            return
        markets = await self.exchange.look(GetMarkets())
        self.listing.load(markets, await self.exchange.look(GetAssets()))
        self._is_ready = True

    def who(self, request: Request, cost: int, *, needs_full: bool = False) -> Who:
        """Whoever signed `request`, with its tokens spent. Raises: WireError."""
        record, nonce = self.auth.authenticate(request, needs_full=needs_full)
        pool = request.peer if self.profile.limits_per == "address" else record.account
        who = Who(record, nonce, pool)
        if cost:
            self.spend(who, cost)
        return who

    def spend(self, who: Who, cost: int) -> None:
        """Take tokens from the pool of an account. Raises: WireError: there are not enough."""
        self._spend(self._pools, who, cost)

    def spend_past(self, who: Who, cost: int) -> None:
        """As `spend`, from the pool of the history service."""
        self._spend(self._past_pools, who, cost)

    def _spend(self, pools: Pools, who: Who, cost: int) -> None:
        if self.limits == "off":
            return
        wait = pools.wait_for(who.pool, cost, self.exchange.now())
        if wait is not None:
            seconds = -(-wait // SECOND)
            raise LimitError(seconds, status=self.profile.limit_status)

    def asked(self, who: Who) -> Asked:
        """What a command takes from its request besides arguments."""
        return Asked(who.account, self.exchange.now(), self.exchange.offset)

    def market(self, symbol: str | None) -> Market:
        """The market that a client names. Raises: WireError: there is none."""
        market = None if symbol is None else self.listing.find(symbol)
        if market is None:
            raise WireError(
                self.profile.unknown_symbol_error, why=f"nothing is listed as {symbol!r:.100}"
            )
        return market

    async def closed(
        self,
        account: AccountId,
        order_ids: tuple[OrderId, ...] = (),
        cl_ord_ids: tuple[str, ...] = (),
    ) -> list[ClosedOrder]:
        """Orders that ended so recently that this API still knows them."""
        since = Nanos(self.exchange.now() - self.profile.closed_order_seconds * SECOND)
        closed = await self.history.closed_orders(
            account, order_ids=order_ids, cl_ord_ids=cl_ord_ids, since=since
        )
        return [order for order in closed if self.is_ours(order.view.order.symbol)]

    def is_ours(self, symbol: Symbol) -> bool:
        """Whether this API has a market of this symbol."""
        return self.listing.has(symbol)

    def server_time(self) -> str:
        """When an answer leaves."""
        return iso(self.clock.wall())

    def say(self, name: str, payload: object) -> Response:
        """A success that tells one thing."""
        return self.say_raw(name, ENCODER.encode(payload))

    def say_raw(self, name: str, payload: bytes) -> Response:
        """A success that tells one thing, which is JSON already."""
        time = self.server_time()
        return Response(
            200,
            b'{"result":"success","%b":%b,"serverTime":"%b"}'
            % (name.encode(), payload, time.encode()),
        )

    def succeed(self) -> Response:
        """A success that tells nothing more."""
        time = self.server_time()
        return Response(200, b'{"result":"success","serverTime":"%b"}' % time.encode())

    def say_flat(self, payload: object) -> Response:
        """A success whose fields stand beside `result`."""
        fields = ENCODER.encode(payload)[1:-1]
        time = self.server_time()
        return Response(200, b'{"result":"success",%b,"serverTime":"%b"}' % (fields, time.encode()))


class LimitError(WireError):
    """An empty pool, and how long until it is full enough."""

    def __init__(self, seconds: int, *, status: int) -> None:
        super().__init__(errors.LIMIT, status=status, why=f"{seconds} s too early")
        self.seconds = seconds
