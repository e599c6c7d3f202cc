"""The last requests, for the operator: who asked what, what came back, and why not."""

from collections import deque
from typing import Final

from openvenue.engine.units import Nanos
from openvenue.gateways.request_rows import Logged, LoggedView
from openvenue.gateways.wire import Request

KEPT: Final = 1_000
_SHOWN: Final = 4  # characters of a key


class RequestLog:
    """The newest requests, a fixed number of them."""

    def __init__(self, kept: int = KEPT) -> None:
        self._rows: deque[Logged] = deque(maxlen=kept)

    def add(self, request: Request, gateway: str, status: int, milliseconds: float) -> None:
        """Keep one line about a finished request."""
        method = "HEAD" if request.is_head else request.method
        self._rows.append(
            Logged(
                request.received,
                request.peer,
                method,
                request.path,
                gateway,
                status,
                milliseconds,
                request.note,
            )
        )

    def add_struck(self, time: Nanos, gateway: str, command: str, note: dict[str, str]) -> None:
        """Keep one line about a command that met a fault on purpose, behind the door."""
        self._rows.append(Logged(time, "", "COMMAND", command, gateway, 200, 0.0, note))

    def newest(self, limit: int = KEPT, *, refused: bool = False) -> list[LoggedView]:
        """The newest rows, newest first; only refused ones if asked."""
        rows: list[LoggedView] = []
        for row in reversed(self._rows):
            if len(rows) >= limit:
                break
            if refused and row.status < 400 and "why" not in row.note:
                continue
            rows.append(_view(row))
        return rows


def _view(row: Logged) -> LoggedView:
    key = row.note.get("key", "")
    return LoggedView(
        row.time,
        row.peer,
        row.method,
        row.path,
        row.gateway,
        row.status,
        round(row.milliseconds, 3),
        row.note.get("account", ""),
        key[:_SHOWN] + "…" if len(key) > _SHOWN else key,
        row.note.get("why", ""),
        {name: text for name, text in row.note.items() if name not in ("account", "key", "why")},
    )
