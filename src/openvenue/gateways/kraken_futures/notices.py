"""What the operator announces, as REST and the feed tell it.

Source: Kraken Futures REST, "Get notifications"; WebSocket, "Notifications".
"""

from collections.abc import Iterable
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from openvenue.engine.notices import Notice, NoticeKind, Priority
from openvenue.engine.queries import GetNotices
from openvenue.engine.units import SECOND, Nanos
from openvenue.gateways.kraken_futures.desk import Desk
from openvenue.gateways.kraken_futures.encode import ENCODER
from openvenue.gateways.kraken_futures.listing import Market
from openvenue.gateways.kraken_futures.times import iso, millis
from openvenue.gateways.wire import Request, Response

FEED: Final = "notifications_auth"
WEEK: Final = 7 * 86_400 * SECOND
KINDS: Final = {
    NoticeKind.GENERAL: "general",
    NoticeKind.MAINTENANCE: "maintenance",
    NoticeKind.MARKET: "market",
    NoticeKind.SETTLEMENT: "settlement",
    NoticeKind.NEW_FEATURE: "new_feature",
    NoticeKind.BUG_FIX: "bug_fix",
}
PRIORITIES: Final = {Priority.LOW: "low", Priority.MEDIUM: "medium", Priority.HIGH: "high"}


class NotificationJson(Struct, rename="camel", kw_only=True):
    """One entry of `notifications`."""

    type: str
    priority: str
    note: str
    effective_time: str | UnsetType = UNSET
    expected_downtime_minutes: int | UnsetType = UNSET


class NotificationItem(Struct, kw_only=True):
    """One entry of the feed."""

    id: int
    type: str
    priority: str
    note: str
    effective_time: int | UnsetType = UNSET
    expected_downtime_minutes: int | UnsetType = UNSET


async def notifications(desk: Desk, request: Request) -> Response:
    """GET notifications: what stands, newest first."""
    desk.who(request, 0)
    return desk.say("notifications", [_told(it) for it in await _standing(desk)])


async def notifications_frame(desk: Desk) -> bytes:
    """The feed's one message: all that stands, newest first."""
    told = [_item(it) for it in await _standing(desk)]
    return ENCODER.encode({"feed": FEED, "notifications": told})


async def _standing(desk: Desk) -> list[Notice]:
    """What is announced, newest first; then what expires within a week, soonest first."""
    announced = await desk.exchange.look(GetNotices())
    return [*reversed(announced), *expiries(desk.listing, desk.exchange.now())]


def expiries(listing: Iterable[Market], now: Nanos) -> list[Notice]:
    """A notice for each contract that expires within a week: nobody has to announce that."""
    found: list[Notice] = []
    for market in listing:
        expires = market.instrument.expires
        if expires is not None and not market.is_expired and now < expires <= now + WEEK:
            found.append(
                Notice(
                    expires // SECOND,  # far from the operator's, which count from 1
                    NoticeKind.SETTLEMENT,
                    Priority.LOW,
                    f"{market.symbol} expires and settles.",
                    effective=expires,
                )
            )
    found.sort(key=lambda it: it.notice_id)
    return found


def _told(notice: Notice) -> NotificationJson:
    told = NotificationJson(
        type=KINDS[notice.kind], priority=PRIORITIES[notice.priority], note=notice.text
    )
    if notice.effective is not None:
        told.effective_time = iso(notice.effective)
    if notice.downtime_minutes is not None:
        told.expected_downtime_minutes = notice.downtime_minutes
    return told


def _item(notice: Notice) -> NotificationItem:
    item = NotificationItem(
        id=notice.notice_id,
        type=KINDS[notice.kind],
        priority=PRIORITIES[notice.priority],
        note=notice.text,
    )
    if notice.effective is not None:
        item.effective_time = millis(notice.effective)
    if notice.downtime_minutes is not None:
        item.expected_downtime_minutes = notice.downtime_minutes
    return item
