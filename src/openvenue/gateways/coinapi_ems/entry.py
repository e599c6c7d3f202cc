"""What clients can have done, the same over REST and over the WebSocket: read, do, and no more.

Source: CoinAPI EMS, "Send new order", "Cancel order request", "Cancel all orders request".
"""

import secrets
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from openvenue.ems.desk import Ems
from openvenue.ems.orders import Order
from openvenue.ems.presence import Presence
from openvenue.ems.proof import Ending
from openvenue.ems.state import Run
from openvenue.engine.units import AccountId
from openvenue.gateways.coinapi_ems import auth, codec
from openvenue.gateways.coinapi_ems.errors import (
    TIMEOUT_STATUS,
    UNREACHABLE_STATUS,
    Reason,
    Rejected,
)
from openvenue.gateways.coinapi_ems.profile import Profile
from openvenue.gateways.wire import Request

# The type that a request has on the WebSocket; a refused one is quoted with it over REST, too.
NEW: Final = "ORDER_NEW_SINGLE_REQUEST"
CANCEL: Final = "ORDER_CANCEL_SINGLE_REQUEST"
CANCEL_ALL: Final = "ORDER_CANCEL_ALL_REQUEST"
QUESTION: Final = ""  # it has none

Trace = Callable[[], str]


class Door(Struct, frozen=True):
    """What every endpoint and every session needs."""

    ems: Ems
    keys: Mapping[str, AccountId]
    profile: Profile
    trace: Trace
    keyless: AccountId | None = None

    def who(self, request: Request) -> AccountId:
        """Who is asking. Raises: Unauthorized."""
        return auth.authenticate(request, self.keys, self.keyless)


class OkJson(Struct, kw_only=True):
    """What a cancel-all says once the venue is proven empty. Who reads it knows no null."""

    type: str = "MESSAGE"
    severity: str | UnsetType = UNSET
    exchange_id: str
    message: str = "Ok"


def random_trace() -> str:
    """A name for one refusal, in the shape of the real ones."""
    return f"{secrets.token_hex(4)}-{secrets.token_hex(8)}"


async def place(
    door: Door, owner: AccountId, body: bytes, tag: str, presence: Presence | None = None
) -> Order:
    """A new order; as it is known when its venue has answered."""
    asked = codec.decode_order(body)
    return await door.ems.orders.place(
        owner, asked.exchange_id, asked.cl_ord_id, asked.terms, tag, presence
    )


async def cancel(door: Door, owner: AccountId, body: bytes) -> Order:
    """A cancel; the last that is known of the order."""
    exchange_id, cl_ord_id, order_id = codec.decode_cancel(body)
    return await door.ems.orders.cancel(owner, exchange_id, cl_ord_id=cl_ord_id, order_id=order_id)


async def cancel_all(door: Door, owner: AccountId, body: bytes) -> OkJson:
    """A cancel of everything at one exchange. Raises: Rejected: it is not proven to be empty."""
    exchange_id = codec.decode_cancel_all(body)
    return ok(await door.ems.orders.cancel_all(owner, exchange_id), door.profile)


def ok(run: Run, profile: Profile) -> OkJson:
    """The one success. Raises: Rejected."""
    exchange_id = run.account.exchange_id
    match run.ending:
        case Ending.PROVEN:
            match profile.ok_form:
                case "message":
                    return OkJson(exchange_id=exchange_id)
                case "plain":
                    return OkJson(type="message", exchange_id=exchange_id)
                case "severity":
                    return OkJson(type="message", severity="INFO", exchange_id=exchange_id)
        case Ending.UNREACHABLE:
            raise Rejected(
                Reason.EXCHANGE_UNREACHABLE,
                f"Nothing was canceled: {run.why}. Report {run.run_id}.",
                status=UNREACHABLE_STATUS,
                exchange_id=exchange_id,
            )
        case _:
            raise Rejected(
                Reason.EXCHANGE_RESPONSE_TIMEOUT,
                f"Not proven to be empty: {run.why}. Report {run.run_id}.",
                status=TIMEOUT_STATUS,
                exchange_id=exchange_id,
            )
