"""The gateway: which paths are this API's, who answers each, and how it says no.

Source: Kraken Spot REST, index of endpoints.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from openvenue.exchange.port import ExchangePort, VenueStopped
from openvenue.gateways.kraken_spot import changes, errors, private, public, trouble
from openvenue.gateways.kraken_spot.auth import Keys
from openvenue.gateways.kraken_spot.desk import NAME, Clock, Desk
from openvenue.gateways.kraken_spot.facts import FactsOf, no_facts
from openvenue.gateways.kraken_spot.feeds import Feeds
from openvenue.gateways.kraken_spot.limits import Limits
from openvenue.gateways.kraken_spot.profile import DEFAULT, Profile
from openvenue.gateways.kraken_spot.times import whole_second
from openvenue.gateways.kraken_spot.ws import KrakenSpotSession, Role
from openvenue.gateways.wire import Handler, OpenSession, Request, Response, Trouble, WireError
from openvenue.history.port import HistoryPort, HistoryUnavailable

ROOT: Final = "/0/"
PUBLIC: Final = "/0/public/"
PRIVATE: Final = "/0/private/"
# In production the roles have hosts of their own; `/v2` plays both.
SOCKETS: Final[Mapping[str, Role]] = {
    "/v2": "both",
    "/public/v2": "public",
    "/auth/v2": "private",
}

Answer = Callable[[Desk, Request], Awaitable[Response]]

PUBLIC_ENDPOINTS: Final[Mapping[str, Answer]] = {
    "Time": public.time,
    "SystemStatus": public.system_status,
    "Assets": public.assets,
    "AssetPairs": public.asset_pairs,
    "Ticker": public.ticker,
    "Depth": public.depth,
    "Trades": public.trades,
    "OHLC": public.ohlc,
}
PRIVATE_ENDPOINTS: Final[Mapping[str, Answer]] = {
    "GetWebSocketsToken": private.get_web_sockets_token,
    "Balance": private.balance,
    "BalanceEx": private.balance_ex,
    "TradeBalance": private.trade_balance,
    "OpenOrders": private.open_orders,
    "ClosedOrders": private.closed_orders,
    "QueryOrders": private.query_orders,
    "TradesHistory": private.trades_history,
    "AddOrder": private.add_order,
    "AddOrderBatch": changes.add_order_batch,
    "AmendOrder": changes.amend_order,
    "CancelOrder": private.cancel_order,
    "CancelOrderBatch": changes.cancel_order_batch,
    "CancelAll": private.cancel_all,
    "CancelAllOrdersAfter": private.cancel_all_orders_after,
}

# What the real service has and this one does not have yet. `docs/apis/kraken-spot.md` lists them.
PUBLIC_LATER: Final = ("Spread", "GroupedBook", "PreTrade", "PostTrade")
PRIVATE_LATER: Final = (
    *("EditOrder", "OrderAmends"),
    *("TradeVolume", "OpenPositions", "QueryTrades", "Ledgers", "QueryLedgers", "CreditLines"),
    *("GetApiKeyInfo", "Level3", "AddExport", "ExportStatus", "RetrieveExport", "RemoveExport"),
    *("DepositMethods", "DepositAddresses", "DepositStatus", "WithdrawMethods"),
    *("WithdrawAddresses", "WithdrawInfo", "Withdraw", "WithdrawStatus", "WithdrawCancel"),
    *("WalletTransfer", "CreateSubaccount", "AccountTransfer"),
    *("Earn/Allocate", "Earn/Deallocate", "Earn/AllocateStatus", "Earn/DeallocateStatus"),
    *("Earn/Strategies", "Earn/Allocations"),
)


class Endpoint:
    """One path's handler: runs it, and says in this API's words what it raised."""

    __slots__ = ("_answer", "_desk", "_is_private", "endpoint")

    def __init__(self, desk: Desk, name: str, answer: Answer, *, is_private: bool) -> None:
        self._desk = desk
        self._answer = answer
        self._is_private = is_private
        self.endpoint = name  # in the metrics

    async def __call__(self, request: Request) -> Response:
        """The reply to `request`."""
        try:
            if self._is_private and request.method != "POST":
                raise WireError(errors.BAD_REQUEST, why=f"{request.method} of a private endpoint")
            if not self._desk.is_ready:
                await self._desk.ready()
            return await self._answer(self._desk, request)
        except WireError as error:
            request.note["why"] = f"{error.word}: {error.why}" if error.why else error.word
            return errors.encode_errors([error.word])
        except VenueStopped as stopped:
            request.note["why"] = f"the venue stopped: {stopped}"
            return errors.encode_errors([errors.UNAVAILABLE])
        except HistoryUnavailable as missing:
            request.note["why"] = str(missing)
            return errors.encode_errors([errors.UNAVAILABLE])


class KrakenSpot:
    """Kraken Spot: REST under `/0`, WebSocket v2 under `/v2`.

    `nonces` are the highest of each key that the journal knows. It listens to the exchange from
    here on; `start`, before the door opens, saves the first client the wait for what is listed.
    """

    name: Final = NAME

    def __init__(
        self,
        exchange: ExchangePort,
        history: HistoryPort,
        keys: Keys,
        clock: Clock,
        limits: Limits = "production",
        profile: Profile = DEFAULT,
        *,
        nonces: Mapping[str, int] | None = None,
        facts_of: FactsOf = no_facts,
    ) -> None:
        self._desk = Desk(exchange, history, keys, clock, limits, profile, nonces or {}, facts_of)
        self.feeds: Final = Feeds(self._desk)
        self._stop_hearing = exchange.subscribe(self.feeds.hear)
        self._paths: dict[str, Endpoint] = {}
        for name, answer in PUBLIC_ENDPOINTS.items():
            self._paths[PUBLIC + name] = Endpoint(self._desk, name, answer, is_private=False)
        for name in PUBLIC_LATER:
            self._paths[PUBLIC + name] = Endpoint(self._desk, "later", _later, is_private=False)
        for name, answer in PRIVATE_ENDPOINTS.items():
            self._paths[PRIVATE + name] = Endpoint(self._desk, name, answer, is_private=True)
        for name in PRIVATE_LATER:
            later = Endpoint(self._desk, "later", _later_private, is_private=True)
            self._paths[PRIVATE + name] = later
        self._unknown = Endpoint(self._desk, "unknown", _unknown, is_private=False)

    async def start(self) -> None:
        """Know what is listed before the first client asks."""
        await self._desk.ready()

    def close(self) -> None:
        """Hear no more, and let the heart stand still."""
        self._stop_hearing()
        self.feeds.close()

    def route(self, method: str, path: str) -> Handler | None:
        """Who answers; None: not this API's, or not with this method."""
        if not path.startswith(ROOT) or method not in ("GET", "POST", "HEAD"):
            return None
        return self._paths.get(path, self._unknown)

    def socket(self, path: str) -> OpenSession | None:
        """The paths on which this API streams and takes orders."""
        role = SOCKETS.get(path.rstrip("/"))
        if role is None:
            return None
        desk, feeds = self._desk, self.feeds
        return lambda request, sender: KrakenSpotSession(desk, feeds, request, sender, role)

    def fault(self) -> Response:
        """Our bug, in this API's words."""
        return errors.encode_errors([errors.INTERNAL])

    def refusal(self, path: str, status: int, why: str) -> Response | None:
        """What the door turned away."""
        if not path.startswith(ROOT) and path.rstrip("/") not in SOCKETS:
            return None
        word = errors.UNKNOWN_METHOD if status in (404, 405) else errors.BAD_REQUEST
        return errors.encode_errors([word])

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path."""
        return (*self._paths, *SOCKETS)

    def claimed(self, request: Request) -> str:
        """Whose key the request shows."""
        record = self._desk.keys.find(request.headers.get("api-key", ""))
        return "" if record is None else record.account

    def trouble(self, what: Trouble, request: Request) -> Response:
        """Trouble on purpose."""
        return trouble.trouble(what, request.path, whole_second(self._desk.clock.wall()))

    def shows_key(self, request: Request) -> bool:
        """Whether it has one in its headers."""
        return "api-key" in request.headers

    def claimed_by(self, frame: bytes) -> str | None:
        """Whose token the message shows."""
        text = trouble.shown(frame).token
        token = None if text is None else self._desk.tokens.find(text, self._desk.clock.wall())
        return None if text is None else "" if token is None else token.record.account

    def subject(self, frame: bytes) -> str:
        """The same: what is private shows a token."""
        return self.claimed_by(frame) or ""

    def trouble_frame(self, what: Trouble, frame: bytes) -> bytes:
        """The same on the socket."""
        desk = self._desk
        return trouble.trouble_frame(what, frame, desk.clock.wall(), desk.profile.bad_order_token)


async def _unknown(desk: Desk, request: Request) -> Response:
    raise WireError(errors.UNKNOWN_METHOD)


async def _later(desk: Desk, request: Request) -> Response:
    """A method that this venue does not serve yet."""
    raise WireError(errors.LATER, why="not served yet")


async def _later_private(desk: Desk, request: Request) -> Response:
    """The same, once it is known who asks."""
    desk.who(request)
    raise WireError(errors.LATER, why="not served yet")
