"""How a request fares while faults are planned. Nothing here runs while there are none."""

from asyncio import sleep
from typing import Final

from msgspec.structs import asdict

from openvenue.faults.fault import AFTER, BEFORE, OF_KEYS, Fault, Kind
from openvenue.faults.plan import FaultPlan, Strike
from openvenue.gateways.wire import (
    Gateway,
    Handler,
    Hurtable,
    Manner,
    Request,
    Response,
    Spoiled,
    Trouble,
)

HANG: Final = Spoiled(0, manner=Manner.HANG)
RESET: Final = Spoiled(0, manner=Manner.RESET)
TROUBLES: Final = {
    Kind.RATE_LIMIT: Trouble.RATE_LIMIT,
    Kind.MAINTENANCE: Trouble.MAINTENANCE,
    Kind.REVOKED_KEY: Trouble.REVOKED,
}
SPOILED: Final = {Kind.CUT_REPLY: Manner.CUT, Kind.REPEAT_REPLY: Manner.TWICE}


async def answer_badly(
    plan: FaultPlan, gateway: Gateway, handler: Handler, request: Request
) -> Response | None:
    """The reply to `request`, if any, with what the plan has for it."""
    if not isinstance(gateway, Hurtable):
        return await handler(request)
    who = gateway.claimed(request)
    before = _take_before(plan, gateway, request, who, request.method)
    if before is not None:
        note(request, before)
        if before.delay_seconds:
            await sleep(before.delay_seconds)
        if before.fault.kind is not Kind.DELAY:
            return _instead(gateway, request, before.fault)
    response = await handler(request)
    who = request.note.get("account", who)
    after = plan.take(AFTER, gateway.name, who, request.path, (request.method,))
    if after is None:
        return response
    note(request, after)
    if after.delay_seconds:
        await sleep(after.delay_seconds)
    if after.fault.kind is Kind.LOSE_REPLY:
        return None
    manner = SPOILED.get(after.fault.kind)
    return response if manner is None else Spoiled(**asdict(response), manner=manner)


def upgrade_badly(plan: FaultPlan, gateway: Gateway, request: Request) -> Response | None:
    """What comes in place of a WebSocket; None: it opens."""
    if not isinstance(gateway, Hurtable) or "fault" in request.note:
        return None  # its delay is over
    who = gateway.claimed(request)
    strike = _take_before(plan, gateway, request, who, "UPGRADE")
    if strike is None:
        return None
    note(request, strike)
    if strike.fault.kind is Kind.DELAY:
        return Spoiled(0, manner=Manner.LATER, seconds=strike.delay_seconds)
    instead = _instead(gateway, request, strike.fault)
    if instead is None or instead.status == 200:  # a yes in HTTP would be no answer to an upgrade
        return RESET if instead is None else Response(503, instead.body, instead.content_type)
    return instead


def _take_before(
    plan: FaultPlan, gateway: Hurtable, request: Request, who: str, method: str
) -> Strike | None:
    strike = plan.take(BEFORE, gateway.name, who, request.path, (method,))
    if strike is None and plan.has(OF_KEYS) and gateway.shows_key(request):
        return plan.take(OF_KEYS, gateway.name, who, request.path, (method,))
    return strike


def note(request: Request, strike: Strike) -> None:
    """Have the request log say what happened."""
    known = request.note.get("fault")
    request.note["fault"] = strike.label if known is None else f"{known}, {strike.label}"


def trouble_of(fault: Fault) -> Trouble:
    """What a gateway is asked to say."""
    return TROUBLES.get(fault.kind) or Trouble(str(fault.status))


def _instead(gateway: Hurtable, request: Request, fault: Fault) -> Response | None:
    match fault.kind:
        case Kind.REFUSE:
            return RESET
        case Kind.HANG:
            return HANG
        case Kind.CLOSE:
            return None
    if fault.body is not None:
        return Response(fault.status, fault.body.encode(), fault.content_type)
    return gateway.trouble(trouble_of(fault), request)
