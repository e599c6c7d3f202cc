"""The desk as its operator sees it: what each account's exchange can do, and how it is reached."""

from typing import Any

import msgspec

from openvenue.ems.accounts import AccountStatus
from openvenue.ems.desk import Ems
from openvenue.gateways.wire import Handler, Request, Response


class DeskRoutes:
    """`/admin/desk`."""

    def __init__(self, ems: Ems) -> None:
        self._ems = ems

    def route(self, method: str, rest: str) -> Handler | None:
        """Who answers; `rest` is the path behind the prefix."""
        return self.accounts if (method, rest) == ("GET", "desk/accounts") else None

    async def accounts(self, request: Request) -> Response:
        """GET /admin/desk/accounts. No exchange is asked."""
        told = [account_json(it) for it in self._ems.accounts.capabilities()]
        return Response(200, msgspec.json.encode(told))


def account_json(it: AccountStatus) -> dict[str, Any]:
    """One account. Nothing of its credentials is known here."""
    able = it.capabilities
    return {
        "owner": it.account.owner,
        "exchange_id": it.account.exchange_id,
        "live": able.is_live,
        "mass_cancel": able.mass_cancel,
        "lists": able.lists,
        "unlistable": able.unlistable,
        "dead_mans_switch": {"can": able.dead_mans_switch, **msgspec.to_builtins(it.switch)},
        "feed": msgspec.to_builtins(it.feed),
    }
