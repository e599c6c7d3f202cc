"""Fees, keys and trading settings; and the oldest way to look up one's orders.

Source: Kraken Futures REST, "Fee schedules", "Trading settings"; Kraken
Futures Auth, "Check v3 API key".
"""

from typing import Final

from msgspec import UNSET, Raw, Struct

from openvenue.engine.commands import SetSelfTrade
from openvenue.engine.events import Refused
from openvenue.engine.instruments import FeeTier
from openvenue.engine.orders import SelfTrade
from openvenue.engine.queries import GetAccount
from openvenue.engine.units import PPB_ONE
from openvenue.engine.volumes import CENTS
from openvenue.gateways.kraken_futures import codec, errors
from openvenue.gateways.kraken_futures import encode_history as told
from openvenue.gateways.kraken_futures.desk import Desk
from openvenue.gateways.kraken_futures.encode import ENCODER
from openvenue.gateways.kraken_futures.history import TradesOf
from openvenue.gateways.kraken_futures.ids import account_iiban, account_uuid, thing_uuid
from openvenue.gateways.kraken_futures.limits import COST
from openvenue.gateways.kraken_futures.listing import Market
from openvenue.gateways.kraken_futures.numbers import decimal_number, ratio
from openvenue.gateways.kraken_futures.times import millis
from openvenue.gateways.wire import Request, Response, WireError
from openvenue.history.past import Change, OrderChange, Page, TradePosting

RECENT_MAX: Final = 100
STRATEGIES: Final = {
    "REJECT_TAKER": SelfTrade.REJECT_TAKER,
    "CANCEL_MAKER_SELF": SelfTrade.CANCEL_MAKER_SELF,
    "CANCEL_MAKER_CHILD": SelfTrade.CANCEL_MAKER_CHILD,
    "CANCEL_MAKER_ANY": SelfTrade.CANCEL_MAKER_ANY,
}
STRATEGY_WORDS: Final = {value: word for word, value in STRATEGIES.items()}
RECENT: Final = {
    Change.PLACED: "orderPlaced",
    Change.CANCELED: "orderCancelled",
    Change.REJECTED: "orderRejected",
}


class TierJson(Struct, rename="camel"):
    """What trades cost from a volume on, in percent."""

    maker_fee: Raw
    taker_fee: Raw
    usd_volume: int


class ScheduleJson(Struct):
    """One fee schedule."""

    uid: str
    name: str
    tiers: list[TierJson]


class PermissionsJson(Struct):
    """What a key may do."""

    general: str
    transfer: str


class KeyJson(Struct, rename="camel"):
    """An API key, of which nothing secret is told."""

    api_key: str
    account_uid: str
    permissions: PermissionsJson
    iiban: str
    created_at: str | None = None
    allowed_cidr_block: str | None = None


async def fee_schedules(desk: Desk, request: Request) -> Response:
    """GET feeschedules. Everybody may ask; tiers rise with the volume."""
    schedules = {
        uid: ScheduleJson(
            uid,
            f"{' and '.join(sorted({market.type for market in markets}))} fees",
            [_tier(tier) for tier in markets[0].instrument.fee_tiers],
        )
        for uid, markets in _markets_of_schedules(desk).items()
    }
    return desk.say("feeSchedules", list(schedules.values()))


async def fee_volumes(desk: Desk, request: Request) -> Response:
    """GET feeschedules/volumes: dollars that decide the tier; all markets count for each."""
    who = desk.who(request, 0)
    view = await desk.exchange.look(GetAccount(who.account))
    volumes = {} if view is None else view.volumes
    sums = {
        uid: decimal_number(ratio(volumes.get(markets[0].symbol, 0), CENTS))
        for uid, markets in _markets_of_schedules(desk).items()
    }
    return desk.say("volumesByFeeSchedule", sums)


def _markets_of_schedules(desk: Desk) -> dict[str, list[Market]]:
    """Markets by the fee schedule that they name, in the order of listing."""
    found: dict[str, list[Market]] = {}
    for market in desk.listing:
        uid = desk.facts_of(market.symbol).fee_schedule_uid
        if uid is not UNSET:
            found.setdefault(str(uid), []).append(market)
    return found


def _tier(tier: FeeTier) -> TierJson:
    def percent(rate: int) -> Raw:
        return decimal_number(ratio(rate * 100, PPB_ONE))

    return TierJson(percent(tier.maker), percent(tier.taker), tier.volume)


async def recent_orders(desk: Desk, request: Request) -> Response:
    """GET recentorders: what became of own orders, and executions, newest first."""
    who = desk.who(request, 0)
    symbol = codec.read_arguments(request).text("symbol")
    market = None if symbol is None else desk.market(symbol)
    of = None if market is None else market.symbol

    page = Page(RECENT_MAX)
    changes = await desk.history.order_changes(who.account, page, symbol=of)
    trades = await desk.history.postings(who.account, page, wanted=TradesOf(of))
    things: list[OrderChange | TradePosting] = [
        it for it in changes.things if isinstance(it, OrderChange) and it.change in RECENT
    ]
    things += [it for it in trades.things if isinstance(it, TradePosting)]
    things.sort(key=lambda it: it.number, reverse=True)
    return desk.say("orderEvents", [_recent(it, desk) for it in things[:RECENT_MAX]])


def _recent(thing: OrderChange | TradePosting, desk: Desk) -> dict[str, object]:
    listing = desk.listing
    time = millis(thing.time)
    event: dict[str, object] = {"uid": thing_uuid(thing.number), "timestamp": time}
    if isinstance(thing, TradePosting):
        element = told.own_execution_element(thing, listing)
        event["executionEvent"] = element.event["execution"]
    else:
        (detail,) = told.order_element(thing, listing).event.values()
        event[RECENT[thing.change]] = detail
    return {"timestamp": time, "event": event}


async def self_trade_strategy(desk: Desk, request: Request) -> Response:
    """GET self-trade-strategy."""
    who = desk.who(request, COST["self-trade-strategy"])
    view = await desk.exchange.look(GetAccount(who.account))
    if view is None:
        raise WireError("accountInactive", why="the venue does not know this account")
    return desk.say("strategy", STRATEGY_WORDS[view.self_trade])


async def set_self_trade_strategy(desk: Desk, request: Request) -> Response:
    """PUT self-trade-strategy: it holds for orders that come after it."""
    who = desk.who(request, COST["self-trade-strategy"], needs_full=True)
    strategy = codec.read_arguments(request).needed("strategy")
    self_trade = STRATEGIES.get(strategy)
    if self_trade is None:
        raise errors.invalid("strategy")
    command = SetSelfTrade(account=who.account, self_trade=self_trade)
    outcome = await desk.exchange.submit(command, who.envelope)
    for event in outcome.entry.events:
        if isinstance(event, Refused):
            raise WireError(errors.REQUEST_ERROR[event.reason], why=event.detail)
    return desk.say("strategy", strategy)


async def check_key(desk: Desk, request: Request) -> Response:
    """GET /api/auth/v1/api-keys/v3/check: whose key it is, and what it may do."""
    try:
        who = desk.who(request, 0)
    except WireError as error:
        raise WireError(errors.UNAUTHORIZED, status=401, why=error.why or error.word) from error
    general = "FULL_ACCESS" if who.record.permission == "full" else "READ_ONLY"
    transfer = "FULL_ACCESS" if who.record.permission == "full" else "NO_ACCESS"
    permissions = PermissionsJson(general, transfer)
    key = KeyJson(
        who.record.api_key,
        account_uuid(who.account),
        permissions,
        account_iiban(who.account),
        who.record.created,
        who.record.allowed_cidr,
    )
    return Response(200, ENCODER.encode(key))
