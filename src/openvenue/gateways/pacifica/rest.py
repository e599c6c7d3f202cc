"""The gateway: which paths are this API's, who answers each, and how it says no.

Source: Pacifica, REST API, index of endpoints.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import parse_qs

from openvenue.exchange.port import ExchangePort, VenueStopped
from openvenue.gateways.pacifica import errors, operations, private, public, trouble, twaps
from openvenue.gateways.pacifica.auth import Wallets
from openvenue.gateways.pacifica.canonical import parse
from openvenue.gateways.pacifica.desk import ENCODER, NAME, Clock, Desk
from openvenue.gateways.pacifica.facts import FactsOf, no_facts
from openvenue.gateways.pacifica.feeds import Feeds
from openvenue.gateways.pacifica.limits import HALF, HEAVY, ONE, Limits
from openvenue.gateways.pacifica.profile import DEFAULT, Profile
from openvenue.gateways.pacifica.times import millis
from openvenue.gateways.pacifica.ws import PacificaSession
from openvenue.gateways.wire import Handler, OpenSession, Request, Response, Sender, Trouble
from openvenue.history.port import HistoryPort, HistoryUnavailable

BASE: Final = "/api/v1/"
SOCKET: Final = "/ws"

Answer = Callable[[Desk, Request], Awaitable[Response]]

QUESTIONS: Final[Mapping[str, Answer]] = {
    "info": public.info,
    "info/prices": public.prices,
    "book": public.book,
    "trades": public.trades,
    "kline": public.kline,
    "info/fees": public.fees,
    "funding_rate/history": public.funding_rates,
    "funding/history": private.funding_history,
    "account": private.account,
    "account/settings": private.settings,
    "positions": private.positions,
    "orders": private.orders,
    "orders/history": private.orders_history,
    "orders/history_by_id": private.order_history_by_id,
    "orders/twap": twaps.open_twaps,
    "orders/twap/history": twaps.twap_history,
    "orders/twap/history_by_id": twaps.twap_history_by_id,
    "trades/history": private.trades_history,
    "positions/history": private.trades_history,  # as the closed alpha had it
}
HEAVY_ONES: Final = (
    "kline",
    "orders/history",
    "orders/twap/history",
    "trades/history",
    "positions/history",
    "funding/history",
)

# What the real service has and this one does not have yet. `docs/apis/pacifica.md` says more.
LATER: Final[Mapping[str, tuple[str, ...]]] = {
    "GET": (
        *("kline/mark", "kline/sparklines"),
        *("funding_rate/aggregated", "loan_pool", "position_liquidation_prices", "spot_assets"),
        *("spot_assets/bridge/info", "lake/list", "portfolio"),
        *("account/balance/history", "account/loan", "account/payout/history"),
        *("account/deposit/history", "account/withdraw/history", "account/withdraw/pending"),
        *("account/activity/daily", "account/spot_balance/history"),
        *("account/spot_asset/deposit/history", "account/spot_asset/withdraw/history"),
        *("account/spot_asset/withdraw/pending", "account/builder_codes/approvals"),
    ),
    "POST": (
        "account/withdraw",
        *("account/subaccount/create", "account/subaccount/list", "account/subaccount/transfer"),
        *("account/subaccount/spot_asset/transfer", "account/spot_asset/withdraw"),
        *("account/api_keys", "account/api_keys/create", "account/api_keys/revoke"),
        *("account/builder_codes/approve", "account/builder_codes/revoke"),
        *("account/settings/auto_lend_disabled", "account/settings/spot"),
        *("agent/bind", "agent/list", "agent/revoke", "agent/revoke_all"),
        *("agent/ip_whitelist/list", "agent/ip_whitelist/add", "agent/ip_whitelist/remove"),
        "agent/ip_whitelist/toggle",
    ),
}
LATER_TREES: Final = ("lake/", "order_strategies/", "twaps", "spot_assets/bridge/parameters/")


class Endpoint:
    """One path's handler: runs it, and says in this API's words what it raised."""

    __slots__ = ("_answer", "_cost", "_desk", "endpoint")

    def __init__(self, desk: Desk, name: str, answer: Answer, cost: int) -> None:
        self._desk = desk
        self._answer = answer
        self._cost = cost
        self.endpoint = name  # in the metrics

    async def __call__(self, request: Request) -> Response:
        """The reply to `request`."""
        desk = self._desk
        try:
            await desk.ready()
            desk.spend(request.peer, self._cost)
            response = await self._answer(desk, request)
        except errors.Failure as failure:
            request.note["why"] = f"{failure.word}: {failure.why}" if failure.why else failure.word
            response = errors.encode_failure(failure, desk.profile)
        except (VenueStopped, HistoryUnavailable) as stopped:
            request.note["why"] = f"the venue cannot answer: {stopped}"
            response = errors.encode_failure(
                errors.Failure("Service unavailable", status=503), desk.profile
            )
        response.headers += desk.credits.headers(request.peer, desk.exchange.now())
        return response


class Pacifica:
    """Pacifica: REST under `/api/v1`, WebSocket under `/ws`.

    It listens to the exchange from here on; `start`, before the door opens, saves the first client
    the wait for what is listed. This API has no nonces; `nonces` is taken and not used, so that all
    gateways are made alike.
    """

    name: Final = NAME

    def __init__(
        self,
        exchange: ExchangePort,
        history: HistoryPort,
        keys: Wallets,
        clock: Clock,
        limits: Limits = "production",
        profile: Profile = DEFAULT,
        *,
        nonces: Mapping[str, int] | None = None,
        facts_of: FactsOf = no_facts,
    ) -> None:
        self._desk = Desk(exchange, history, keys, clock, limits, profile, facts_of)
        self.feeds: Final = Feeds(self._desk)
        self._stop_hearing = exchange.subscribe(self.feeds.hear)
        self._handlers: dict[tuple[str, str], Handler] = {}
        for path, answer in QUESTIONS.items():
            cost = HEAVY if path in HEAVY_ONES else ONE
            self._handlers["GET", path] = Endpoint(self._desk, path, answer, cost)
        for path, (name, operation) in operations.BY_PATH.items():
            cost = HALF if name in operations.CANCELS else ONE
            endpoint = Endpoint(self._desk, path, _signed(operation), cost)
            self._handlers["POST", path] = endpoint
        self._later = Endpoint(self._desk, "later", _unsupported, ONE)

    async def start(self) -> None:
        """Know what is listed before the first client asks."""
        await self._desk.ready()

    def close(self) -> None:
        """Hear no more."""
        self._stop_hearing()
        self.feeds.close()
        self._desk.close()

    def route(self, method: str, path: str) -> Handler | None:
        """Who answers; None: not this API's, or not with this method."""
        if not path.startswith(BASE):
            return None
        name = path[len(BASE) :].rstrip("/")
        handler = self._handlers.get((method, name))
        if handler is not None:
            return handler
        if name in LATER.get(method, ()):
            return self._later
        if method in ("GET", "POST") and name.startswith(LATER_TREES):
            return self._later
        return None

    def socket(self, path: str) -> OpenSession | None:
        """The one path on which this API streams."""
        return self._open if path.rstrip("/") == SOCKET else None

    def fault(self) -> Response:
        """Our bug, in this API's words."""
        failure = errors.Failure(errors.INTERNAL, status=500)
        return errors.encode_failure(failure, self._desk.profile)

    def refusal(self, path: str, status: int, why: str) -> Response | None:
        """What the door turned away, in this API's shape."""
        if not path.startswith(BASE) and path.rstrip("/") != SOCKET:
            return None
        text = errors.NOT_FOUND if status == 404 else errors.INVALID_PARAMETERS
        return errors.encode_failure(
            errors.Failure(text, status=status, why=why), self._desk.profile
        )

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path."""
        names = dict.fromkeys(name for _, name in self._handlers)
        later = [name for each in LATER.values() for name in each]
        trees = [f"{tree}{{id}}" for tree in LATER_TREES]
        return (*(BASE + name for name in (*names, *later, *trees)), SOCKET)

    def claimed(self, request: Request) -> str:
        """Whose address the request names."""
        named = parse(request.body) if request.body else None
        address = None if named is None else named.get("account")
        if address is None:
            query = parse_qs(request.query.decode("latin-1"), max_num_fields=100)
            address = query.get("account", [""])[-1]
        return (self._desk.keys.find(address) or "") if isinstance(address, str) else ""

    def trouble(self, what: Trouble, request: Request) -> Response:
        """Trouble on purpose."""
        return trouble.trouble(what, self._desk.profile)

    def shows_key(self, request: Request) -> bool:
        """Whether it is signed: what is public of an account, everybody may read."""
        named = parse(request.body) if request.body else None
        return named is not None and "signature" in named

    def claimed_by(self, frame: bytes) -> str | None:
        """For whose account the message is signed."""
        address = trouble.signer(frame)
        return None if address is None else self._desk.keys.find(address) or ""

    def subject(self, frame: bytes) -> str:
        """The same, or whose account a subscription is for: everybody may read it."""
        address = trouble.signer(frame) or trouble.listened_to(frame)
        return "" if address is None else self._desk.keys.find(address) or ""

    def trouble_frame(self, what: Trouble, frame: bytes) -> bytes:
        """The same on the socket."""
        now = millis(self._desk.exchange.now())
        return ENCODER.encode(trouble.trouble_message(what, frame, now))

    def _open(self, request: Request, sender: Sender) -> PacificaSession:
        return PacificaSession(self._desk, self.feeds, request, sender)


def _signed(operation: operations.Operation) -> Answer:
    """The endpoint of an operation: its body is one object of JSON."""

    async def answer(desk: Desk, request: Request) -> Response:
        if len(request.body) > desk.profile.body_max:
            raise errors.invalid(why="the body is too long")
        body = parse(request.body)
        if body is None:
            raise errors.invalid(why="the body is no JSON object")
        result = await operation(desk, body, request.note)
        return desk.said(result.for_rest())

    return answer


async def _unsupported(desk: Desk, request: Request) -> Response:
    """A path that this venue does not serve yet."""
    raise errors.unsupported("not served yet")
