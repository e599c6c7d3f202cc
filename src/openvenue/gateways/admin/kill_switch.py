"""The kill switch for the operator: every account of every owner, unless some are named."""

import msgspec

from openvenue.ems.desk import Ems
from openvenue.ems.errors import HaltStays, NoSuchExchange, NoSuchHalt, NoSuchOwner, NoSuchRun
from openvenue.ems.halts import Origin, Trigger
from openvenue.ems.ledger import DeskStopped
from openvenue.ems.report import HaltReport
from openvenue.ems.report_page import page
from openvenue.gateways import halt_words
from openvenue.gateways.halt_words import OperatorPullJson, UnreadableHalt
from openvenue.gateways.wire import Handler, Request, Response, WireError

OPERATOR = "the operator"
TEXT = "text/plain; charset=utf-8"


class KillSwitchRoutes:
    """`/admin/kill-switch` and below, and `/admin/cancel-alls`."""

    def __init__(self, ems: Ems) -> None:
        self._ems = ems

    def route(self, method: str, rest: str) -> Handler | None:
        """Who answers; `rest` is the path behind the prefix."""
        match method, rest.split("/"):
            case "POST", ["kill-switch"]:
                return self.pull
            case "GET", ["kill-switch"]:
                return self.list_halts
            case "GET", ["kill-switch", _] | ["kill-switch", _, "report"]:
                return self.show_halt
            case "POST", ["kill-switch", _, "release"]:
                return self.release_halt
            case "GET", ["cancel-alls"]:
                return self.list_runs
            case "GET", ["cancel-alls", _]:
                return self.show_run
            case _:
                return None

    async def pull(self, request: Request) -> Response:
        """POST /admin/kill-switch."""
        try:
            asked = halt_words.decode_pull(request.body, OperatorPullJson)
            aim = self._ems.switchboard.aim(
                owners=halt_words.owners(asked), **halt_words.filters(asked)
            )
            if asked.dry_run:
                run = await self._ems.switchboard.rehearse(aim)
                told = halt_words.rehearsal_json(run, live=self._ems.accounts.is_live)
                return Response(200, msgspec.json.encode(told))
            report = await self._ems.switchboard.kill(
                aim.scope,
                Trigger(origin=Origin.OPERATOR, by=asked.by or OPERATOR, reason=asked.reason),
                flatten=asked.flatten,
                deadline_seconds=asked.deadline_seconds,
                waits=asked.wait,
                names=aim.names,
            )
        except UnreadableHalt as error:
            raise WireError(str(error), status=400) from error
        except (NoSuchExchange, NoSuchOwner) as error:
            raise WireError(str(error), status=404) from error
        except DeskStopped as error:
            raise WireError(f"the desk has stopped: {error}", status=503) from error
        return _say(report, halt_words.status_code(report))

    async def list_halts(self, request: Request) -> Response:
        """GET /admin/kill-switch: newest first, without their accounts."""
        reports = reversed(await self._ems.switchboard.halts(None))
        told = [halt_words.as_json(it, short=True) for it in reports]
        return Response(200, msgspec.json.encode(told))

    async def show_halt(self, request: Request) -> Response:
        """GET /admin/kill-switch/{id}; /report is the same for people."""
        parts = request.path.rstrip("/").split("/")
        halt_id = parts[3]
        try:
            report = await self._ems.switchboard.halt(None, halt_id)
        except NoSuchHalt as error:
            raise WireError(str(error), status=404) from error
        if parts[-1] == "report" and halt_words.wants_text(request):
            return Response(200, page(report).encode(), TEXT)
        return _say(report)

    async def list_runs(self, request: Request) -> Response:
        """GET /admin/cancel-alls: newest first, without orders and evidence."""
        reports = reversed(await self._ems.switchboard.runs(None))
        told = [halt_words.run_json(it, short=True) for it in reports]
        return Response(200, msgspec.json.encode(told))

    async def show_run(self, request: Request) -> Response:
        """GET /admin/cancel-alls/{id}."""
        try:
            report = await self._ems.switchboard.run(None, request.path.rstrip("/").split("/")[3])
        except NoSuchRun as error:
            raise WireError(str(error), status=404) from error
        return Response(200, msgspec.json.encode(halt_words.run_json(report)))

    async def release_halt(self, request: Request) -> Response:
        """POST /admin/kill-switch/{id}/release."""
        halt_id = request.path.split("/")[3]
        try:
            asked = halt_words.decode_release(request.body)
            by = asked.by or OPERATOR
            report = await self._ems.switchboard.release(
                None, halt_id, by, asked.reason, even_unproven=asked.even_unproven
            )
            return _say(report)
        except UnreadableHalt as error:
            raise WireError(str(error), status=400) from error
        except NoSuchHalt as error:
            raise WireError(str(error), status=404) from error
        except HaltStays as error:
            raise WireError(str(error), status=409) from error
        except DeskStopped as error:
            raise WireError(f"the desk has stopped: {error}", status=503) from error


def _say(report: HaltReport, status: int = 200) -> Response:
    return Response(status, msgspec.json.encode(halt_words.as_json(report)))
