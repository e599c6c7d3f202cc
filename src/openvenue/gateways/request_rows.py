"""Rows of the request log: as they are kept, and as they leave."""

from msgspec import Struct

from openvenue.engine.units import Nanos


class Logged(Struct):
    """One request as the operator sees it. Never a query, a body, a signature or a secret."""

    time: Nanos  # machine time of arrival
    peer: str
    method: str
    path: str
    gateway: str
    status: int  # 0: closed without a reply
    milliseconds: float
    note: dict[str, str]  # the request's own: a WebSocket may add to it while it lives


class LoggedView(Struct, omit_defaults=True):
    """A row as it leaves: keys cut to their first characters."""

    time: Nanos
    peer: str
    method: str
    path: str
    gateway: str
    status: int
    milliseconds: float
    account: str = ""
    key: str = ""
    why_refused: str = ""
    more: dict[str, str] = {}  # what else its gateway noted
