"""The gateway: which paths are this API's, who answers each, and how it says no.

Source: Kraken Futures REST, index of endpoints.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from openvenue.exchange.port import ExchangePort, VenueStopped
from openvenue.gateways.kraken_futures import (
    account_log,
    analytics,
    assignment,
    batch,
    charts,
    edit,
    errors,
    history,
    initial_margin,
    money,
    notices,
    portfolio,
    preferences,
    private,
    public,
    settings,
    trouble,
)
from openvenue.gateways.kraken_futures.asking import NAME
from openvenue.gateways.kraken_futures.auth import Keys
from openvenue.gateways.kraken_futures.desk import Clock, Desk, LimitError
from openvenue.gateways.kraken_futures.facts import FactsOf, no_facts
from openvenue.gateways.kraken_futures.feeds import Feeds
from openvenue.gateways.kraken_futures.limits import Limits
from openvenue.gateways.kraken_futures.live import Live
from openvenue.gateways.kraken_futures.profile import DEFAULT, Profile
from openvenue.gateways.kraken_futures.ws import KrakenFuturesSession
from openvenue.gateways.wire import (
    Handler,
    OpenSession,
    Request,
    Response,
    Sender,
    Trouble,
    WireError,
)
from openvenue.history.port import HistoryPort, HistoryUnavailable

BASE: Final = "/derivatives/api/v3/"
ROOTS: Final = ("/derivatives/", "/api/history/", "/api/charts/", "/api/auth/", "/api-keys/")
CHARTS: Final = "/api/charts/v1"
PAST: Final = "/api/history/"
SOCKET: Final = "/ws/v1"
KEY_CHECK: Final = ("/api/auth/v1/api-keys/v3/check", "/api-keys/v3/check")  # which is not known

Answer = Callable[[Desk, Request], Awaitable[Response]]
AnswerOf = Callable[[Desk, Request, str], Awaitable[Response]]

ENDPOINTS: Final[Mapping[tuple[str, str], Answer]] = {
    ("POST", "sendorder"): private.send_order,
    ("POST", "editorder"): edit.edit_order,
    ("POST", "cancelorder"): private.cancel_order,
    ("POST", "cancelallorders"): private.cancel_all_orders,
    ("POST", "cancelallordersafter"): private.cancel_all_orders_after,
    ("POST", "batchorder"): batch.batch_order,
    ("GET", "openorders"): private.open_orders,
    ("POST", "orders/status"): private.orders_status,
    ("GET", "orders/status"): private.orders_status,
    ("GET", "fills"): private.fills,
    ("GET", "openpositions"): private.open_positions,
    ("GET", "accounts"): private.accounts,
    ("GET", "instruments"): public.instruments,
    ("GET", "instruments/status"): public.instruments_status,
    ("GET", "tickers"): public.tickers,
    ("GET", "orderbook"): public.orderbook,
    ("GET", "history"): public.history,
    ("GET", "historical-funding-rates"): public.historical_funding_rates,
    ("GET", "historicalfundingrates"): public.historical_funding_rates,
    ("GET", "trading/instruments"): public.trading_instruments,
    ("GET", "leveragepreferences"): preferences.leverage_preferences,
    ("PUT", "leveragepreferences"): preferences.set_leverage_preference,
    ("GET", "pnlpreferences"): preferences.pnl_preferences,
    ("PUT", "pnlpreferences"): preferences.set_pnl_preference,
    ("GET", "feeschedules"): settings.fee_schedules,
    ("GET", "feeschedules/volumes"): settings.fee_volumes,
    ("GET", "notifications"): notices.notifications,
    ("GET", "recentorders"): settings.recent_orders,
    ("GET", "self-trade-strategy"): settings.self_trade_strategy,
    ("PUT", "self-trade-strategy"): settings.set_self_trade_strategy,
    ("POST", "transfer"): money.transfer,
    ("POST", "transfer/subaccount"): money.transfer_subaccount,
    ("POST", "withdrawal"): money.withdrawal,
    ("GET", "transfers"): money.transfers,
    ("GET", "subaccounts"): money.subaccounts,
    ("GET", "initialmargin"): initial_margin.initial_margin,
    ("GET", "initialmargin/maxordersize"): initial_margin.max_order_size,
    ("GET", "portfolio-margining/parameters"): portfolio.parameters,
    ("POST", "portfolio-margining/simulate"): portfolio.simulate,
    ("GET", "unwindqueue"): assignment.unwind_queue,
    ("GET", "assignmentprogram/current"): assignment.current,
    ("GET", "assignmentprogram/history"): assignment.past,
    ("POST", "assignmentprogram/add"): assignment.add,
    ("POST", "assignmentprogram/delete"): assignment.delete,
}


HISTORY: Final[Mapping[str, Answer]] = {
    "executions": history.executions,
    "orders": history.orders,
    "triggers": history.triggers,
    "positions": history.positions,
    "account-log": account_log.account_log,
    "accountlogcsv": account_log.account_log_csv,
}
MARKET_HISTORY: Final[Mapping[str, AnswerOf]] = {
    "executions": history.market_executions,
    "orders": history.market_orders,
    "price": history.market_price,
}

# Paths that name something, and those outside the trading API: how they are written on the page.
NAMED: Final = (
    ("GET", "tickers/{symbol}"),
    ("GET", "instruments/{symbol}/status"),
    ("GET", "subaccount/{uid}/trading-enabled"),
    ("PUT", "subaccount/{uid}/trading-enabled"),
    ("GET", "/derivatives/api/v4/historicalfundingrates"),
    *[("GET", f"/api/history/v3/{name}") for name in HISTORY],
    *[("GET", f"/api/history/v3/market/{{tradeable}}/{name}") for name in MARKET_HISTORY],
    ("GET", f"{CHARTS}/"),
    ("GET", f"{CHARTS}/{{tick_type}}"),
    ("GET", f"{CHARTS}/{{tick_type}}/{{symbol}}"),
    ("GET", f"{CHARTS}/{{tick_type}}/{{symbol}}/{{resolution}}"),
    ("GET", f"{CHARTS}/analytics/{{symbol}}/{{analytics_type}}"),
    *[("GET", path) for path in KEY_CHECK],
)

# What the real service has and this one does not have yet. `docs/apis/kraken-futures.md` says when.
LATER: Final[Mapping[str, tuple[str, ...]]] = {
    "rfqs": ("GET",),
}
LATER_TREES: Final[Mapping[str, tuple[str, ...]]] = {
    "rfqs/": ("GET", "POST", "PUT", "DELETE"),
    "rfq-assignment/": ("GET", "PUT", "DELETE"),
}


class Endpoint:
    """One path's handler: runs it, and says in this API's words what it raised."""

    __slots__ = ("_answer", "_desk", "endpoint")

    def __init__(self, desk: Desk, name: str, answer: Answer) -> None:
        self._desk = desk
        self._answer = answer
        self.endpoint = name  # in the metrics

    async def __call__(self, request: Request) -> Response:
        """The reply to `request`."""
        desk = self._desk
        try:
            await desk.ready()
            return await self._answer(desk, request)
        except WireError as error:
            request.note["why"] = f"{error.word}: {error.why}" if error.why else error.word
            response = errors.encode_error(error, desk.server_time())
            if isinstance(error, LimitError) and error.status == 429:
                response.headers = (("rate-limit-reset", str(error.seconds)),)
            return response
        except (VenueStopped, HistoryUnavailable) as stopped:
            request.note["why"] = f"the venue cannot answer: {stopped}"
            word = desk.profile.fault_word
            return errors.encode_error(WireError(word), desk.server_time())


class KrakenFutures:
    """Kraken Futures: REST v3 under `/derivatives`, WebSocket v1 under `/ws/v1`.

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
        self.live: Final = Live(self._desk)
        leave = exchange.subscribe(self.feeds.hear), exchange.subscribe(self.live.hear)
        self._stop_hearing = leave
        self._named = {
            (method, path): Endpoint(self._desk, path, answer)
            for (method, path), answer in ENDPOINTS.items()
        }
        self._quick = {
            (method, BASE + path): handler for (method, path), handler in self._named.items()
        }
        self._ticker = self._of_symbol("tickers/{symbol}", public.ticker)
        self._status = self._of_symbol("instruments/{symbol}/status", public.instrument_status)
        name = "subaccount/{uid}/trading-enabled"
        self._trading = {
            "GET": self._of_symbol(name, money.trading_enabled),
            "PUT": self._of_symbol(name, money.set_trading_enabled),
        }
        self._later = Endpoint(self._desk, "later", _unavailable)
        self._past = {
            name: Endpoint(self._desk, f"history/{name}", answer)
            for name, answer in HISTORY.items()
        }
        self._market_past = {
            name: self._of_symbol(f"history/market/{{symbol}}/{name}", answer)
            for name, answer in MARKET_HISTORY.items()
        }
        self._key_check = Endpoint(self._desk, "api-keys/v3/check", settings.check_key)
        self._analytics = Endpoint(self._desk, "analytics", _analytics)
        self._charts = Endpoint(self._desk, "charts", _charts)

    async def start(self) -> None:
        """Know what is listed before the first client asks."""
        await self._desk.ready()

    def close(self) -> None:
        """Hear no more, and let the heart stand still."""
        for leave in self._stop_hearing:
            leave()
        self.feeds.close()
        self.live.close()

    @property
    def signing_variants(self) -> Mapping[str, int]:
        """How many requests were signed in which way; old ways deserve a warning."""
        return self._desk.auth.variants

    def route(self, method: str, path: str) -> Handler | None:
        """Who answers; None: not this API's, or not with this method."""
        quick = self._quick.get((method, path))
        if quick is not None:
            return quick
        if not path.startswith(ROOTS):
            return None
        return self._find(method, path.rstrip("/"))

    def socket(self, path: str) -> OpenSession | None:
        """The one path on which this API streams."""
        return self._open if path.rstrip("/") == SOCKET else None

    def fault(self) -> Response:
        """Our bug, in this API's words."""
        word = self._desk.profile.fault_word
        return errors.encode_error(WireError(word), self._desk.server_time())

    def refusal(self, path: str, status: int, why: str) -> Response | None:
        """What the door turned away, in the shape of this API's web framework."""
        if not path.startswith(ROOTS) and path.rstrip("/") != SOCKET:
            return None
        if status == 404:
            return Response(404, b"", "text/html")
        word = f"{status} {errors.PHRASES.get(status, errors.PHRASES[400])}"
        return errors.encode_framework_error(status, word, self._desk.server_time())

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path."""
        named = [path for _, path in (*ENDPOINTS, *NAMED)]
        of_v2 = [path.replace("/v3/", "/v2/") for path in named if path.startswith(PAST)]
        later = [*LATER, *(f"{tree}{{id}}" for tree in LATER_TREES)]
        found = [*named, *of_v2, *later, SOCKET]
        return tuple(path if path.startswith("/") else BASE + path for path in found)

    def claimed(self, request: Request) -> str:
        """Whose key the request shows."""
        record = self._desk.keys.find(request.headers.get("apikey", ""))
        return "" if record is None else record.account

    def trouble(self, what: Trouble, request: Request) -> Response:
        """Trouble on purpose."""
        desk = self._desk
        status, path = desk.profile.limit_status, request.path
        return trouble.trouble(what, status, desk.server_time(), path)

    def shows_key(self, request: Request) -> bool:
        """Whether it has one in its headers."""
        return "apikey" in request.headers

    def claimed_by(self, frame: bytes) -> str | None:
        """Whose key the message shows."""
        api_key = trouble.shown(frame).api_key
        record = None if api_key is None else self._desk.keys.find(api_key)
        return None if api_key is None else "" if record is None else record.account

    def subject(self, frame: bytes) -> str:
        """The same: what is private shows a key."""
        return self.claimed_by(frame) or ""

    def trouble_frame(self, what: Trouble, frame: bytes) -> bytes:
        """The same on the socket."""
        return trouble.trouble_frame(what, frame, self._desk.profile.unknown_key)

    def _open(self, request: Request, sender: Sender) -> KrakenFuturesSession:
        return KrakenFuturesSession(self._desk, self.feeds, self.live, request, sender)

    def _of_symbol(self, name: str, answer: AnswerOf) -> Endpoint:
        async def run(desk: Desk, request: Request) -> Response:
            parts = request.path.rstrip("/").split("/")
            return await answer(desk, request, parts[5])

        return Endpoint(self._desk, name, run)

    def _find(self, method: str, path: str) -> Handler | None:
        head, _, last = path.rpartition("/")
        path = f"{head}/{last.lower()}"
        if path.startswith(BASE):
            return self._find_trading(method, path[len(BASE) :])
        if path == "/derivatives/api/v4/historicalfundingrates":
            return self._named[("GET", "historicalfundingrates")] if method == "GET" else None
        if path.startswith("/api/history/v"):
            version, _, rest = path[len("/api/history/v") :].partition("/")
            if method == "GET" and version in ("2", "3"):
                parts = rest.split("/")
                if len(parts) == 3 and parts[0] == "market":
                    return self._market_past.get(parts[2])
                return self._past.get(rest)
            return None
        if path == CHARTS or path.startswith(f"{CHARTS}/"):
            if method != "GET":
                return None
            if path == f"{CHARTS}/analytics/liquidity-pool":
                return self._later
            is_series = path.startswith(f"{CHARTS}/analytics/")
            return self._analytics if is_series else self._charts
        if path in KEY_CHECK:
            return self._key_check if method == "GET" else None
        return None

    def _find_trading(self, method: str, name: str) -> Handler | None:
        found = self._named.get((method, name))
        if found is not None:
            return found
        parts = name.split("/")
        if method == "GET" and len(parts) == 2 and parts[0] == "tickers" and parts[1]:
            return self._ticker
        if method == "GET" and len(parts) == 3 and parts[0] == "instruments":
            return self._status if parts[2] == "status" else None
        if len(parts) == 3 and parts[0] == "subaccount" and parts[2] == "trading-enabled":
            return self._trading.get(method)
        if method in LATER.get(name, ()):
            return self._later
        for tree, methods in LATER_TREES.items():
            if name.startswith(tree) and method in methods:
                return self._later
        return None


async def _unavailable(desk: Desk, request: Request) -> Response:
    """A path that this venue does not serve yet."""
    raise WireError(errors.UNAVAILABLE, why="not served yet")


async def _analytics(desk: Desk, request: Request) -> Response:
    """Statistics of a market."""
    parts = request.path.rstrip("/")[len(CHARTS) :].split("/")
    symbol, kind = parts[2], parts[3] if len(parts) == 4 else ""
    return await analytics.analytics(desk, request, symbol, kind)


async def _charts(desk: Desk, request: Request) -> Response:
    """Candles, and what there are candles of."""
    return await charts.charts(desk, request, request.path[len(CHARTS) :])
