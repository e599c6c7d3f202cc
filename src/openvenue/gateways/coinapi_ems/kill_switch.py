"""The kill switch for an owner: beside the published API, under the same key.

The owner's accounts and no others; what the operator halted is shown and cannot be released here.
"""

from typing import Final

import msgspec

from openvenue.ems.desk import Ems
from openvenue.ems.errors import HaltStays, NoSuchHalt, NoSuchRun
from openvenue.ems.halts import Origin, Trigger
from openvenue.ems.report import HaltReport
from openvenue.ems.report_page import page
from openvenue.engine.units import AccountId
from openvenue.gateways import halt_words
from openvenue.gateways.coinapi_ems.errors import Reason, Rejected, Unreadable
from openvenue.gateways.halt_words import PullJson, UnreadableHalt
from openvenue.gateways.wire import Request, Response

PATH: Final = "/v1/kill-switch"
RUNS: Final = "/v1/cancel-alls"
TEXT: Final = "text/plain; charset=utf-8"
TAG_HEADER: Final = "x-openvenue-tag"
TAG_MAX: Final = 64


def order_tag(request: Request) -> str:
    """Whose an order is within its owner, for filters of the kill switch. Raises: Unreadable."""
    tag = request.headers.get(TAG_HEADER, "").strip()
    if len(tag) > TAG_MAX or not tag.isprintable():
        raise Unreadable(f"{TAG_HEADER} is printable, and {TAG_MAX} characters at most")
    return tag


async def pull(ems: Ems, owner: AccountId, request: Request) -> Response:
    """POST /v1/kill-switch."""
    try:
        asked = halt_words.decode_pull(request.body, PullJson)
    except UnreadableHalt as error:
        raise Unreadable(str(error)) from error
    aim = ems.switchboard.aim(owners=[owner], **halt_words.filters(asked))
    if asked.dry_run:
        run = await ems.switchboard.rehearse(aim)
        told = halt_words.rehearsal_json(run, live=ems.accounts.is_live)
        return Response(200, msgspec.json.encode(told))
    trigger = Trigger(origin=Origin.CLIENT, by=asked.by or owner, reason=asked.reason, owner=owner)
    report = await ems.switchboard.kill(
        aim.scope,
        trigger,
        names=aim.names,
        flatten=asked.flatten,
        deadline_seconds=asked.deadline_seconds,
        waits=asked.wait,
    )
    return say(report, halt_words.status_code(report))


async def list_halts(ems: Ems, owner: AccountId, request: Request) -> Response:
    """GET /v1/kill-switch: newest first, without their accounts."""
    reports = reversed(await ems.switchboard.halts(owner))
    return Response(
        200, msgspec.json.encode([halt_words.as_json(it, short=True) for it in reports])
    )


async def show(ems: Ems, owner: AccountId, request: Request) -> Response:
    """GET /v1/kill-switch/{id}, while it runs and ever after; /report is the same for people."""
    halt_id = request.path.removeprefix(f"{PATH}/").rstrip("/")
    wants_page = halt_id.endswith("/report") and halt_words.wants_text(request)
    try:
        report = await ems.switchboard.halt(owner, halt_id.removesuffix("/report"))
    except NoSuchHalt as error:
        raise Rejected(Reason.OTHER, str(error), status=404) from error
    return Response(200, page(report).encode(), TEXT) if wants_page else say(report)


async def list_runs(ems: Ems, owner: AccountId, request: Request) -> Response:
    """GET /v1/cancel-alls: newest first, without orders and evidence."""
    reports = reversed(await ems.switchboard.runs(owner))
    told = [halt_words.run_json(it, short=True) for it in reports]
    return Response(200, msgspec.json.encode(told))


async def show_run(ems: Ems, owner: AccountId, request: Request) -> Response:
    """GET /v1/cancel-alls/{id}."""
    run_id = request.path.rstrip("/").removeprefix(f"{RUNS}/")
    try:
        report = await ems.switchboard.run(owner, run_id)
    except NoSuchRun as error:
        raise Rejected(Reason.OTHER, str(error), status=404) from error
    return Response(200, msgspec.json.encode(halt_words.run_json(report)))


async def release(ems: Ems, owner: AccountId, request: Request) -> Response:
    """POST /v1/kill-switch/{id}/release."""
    halt_id = request.path.removeprefix(f"{PATH}/").rstrip("/").removesuffix("/release")
    try:
        asked = halt_words.decode_release(request.body)
        report = await ems.switchboard.release(
            owner, halt_id, asked.by or owner, asked.reason, even_unproven=asked.even_unproven
        )
    except UnreadableHalt as error:
        raise Unreadable(str(error)) from error
    except NoSuchHalt as error:
        raise Rejected(Reason.OTHER, str(error), status=404) from error
    except HaltStays as error:
        raise Rejected(Reason.OTHER, str(error), status=409) from error
    return say(report)


def say(report: HaltReport, status: int = 200) -> Response:
    """A report."""
    return Response(status, msgspec.json.encode(halt_words.as_json(report)))
