"""The operator's API: its key, its commands, and its plain noes."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from openvenue.engine.commands import (
    Announce,
    PassTime,
    RetractNotice,
    SetConditions,
    SetIndexPrice,
    SetMarkPrice,
    SetMode,
)
from openvenue.engine.events import Refused
from openvenue.engine.instruments import Dislocation, IndexId, Mode
from openvenue.engine.notices import NoticeKind, Priority
from openvenue.engine.reasons import RejectReason
from openvenue.engine.units import SECOND, Nanos, Symbol
from openvenue.exchange.clock import VirtualClock
from openvenue.faults.fault import BEFORE, Fault, Kind
from openvenue.faults.plan import FaultPlan
from openvenue.gateways.admin import AdminGateway, AdminTools
from openvenue.gateways.limits import DoorLimits
from openvenue.gateways.request_log import RequestLog
from openvenue.gateways.serve import Door
from openvenue.gateways.wire import Response
from tests.unit.gateways.door_doubles import RememberingExchange, connect, request

KEY = "the-admin-key"
PF = Symbol("PF_XBTUSD")


class Desk:
    """An admin gateway over one remembering venue."""

    def __init__(
        self,
        exchange: RememberingExchange | None = None,
        *,
        virtual: bool = False,
        in_memory: bool = False,
    ):
        self.exchange = exchange or RememberingExchange()
        self.clock = VirtualClock(Nanos(0)) if virtual else None
        self.log = RequestLog()
        self.faults = FaultPlan()
        self.was_reset: list[str] = []
        self.was_restarted: list[float] = []
        self.went: list[tuple[str, float]] = []
        self.gateway = AdminGateway(
            KEY,
            AdminTools(
                venues={"futures": self.exchange.as_port()},
                stopped=self.stopped,
                request_log=self.log,
                faults=self.faults,
                clock=self.clock,
                reset=self.reset,
                restart=None if in_memory else self.restart,
                restart_venue=None if in_memory else self.restart_venue,
            ),
        )

    def stopped(self) -> Mapping[str, str | None]:
        return {"futures": self.exchange.stopped}

    async def restart(self, down_seconds: float) -> None:
        self.was_restarted.append(down_seconds)

    def restart_venue(self, venue: str, down_seconds: float) -> bool:
        """It is away from then on."""
        self.went.append((venue, down_seconds))
        return len(self.went) == 1

    async def reset(self, venue: str) -> None:
        self.was_reset.append(venue)

    async def ask(
        self, method: str, path: str, body: bytes = b"", query: bytes = b"", key: str = KEY
    ) -> tuple[int, Any]:
        handler = self.gateway.route(method, path)
        assert handler is not None
        response: Response = await handler(request(method, path, body, query, x_admin_key=key))
        return response.status, msgspec.json.decode(response.body)


@pytest.mark.parametrize(
    ("what", "body", "command"),
    [
        (
            "index-price",
            b'{"index": "XBT:USD", "price": 50000.10}',
            SetIndexPrice(index=IndexId("XBT:USD"), price=Decimal("50000.10")),
        ),
        (
            "index-price",
            b'{"index": "XBT:USD", "price": "0.1"}',
            SetIndexPrice(index=IndexId("XBT:USD"), price=Decimal("0.1")),
        ),
        (
            "mark-price",
            b'{"symbol": "PF_XBTUSD", "price": 1}',
            SetMarkPrice(symbol=PF, price=Decimal(1)),
        ),
        (
            "mark-price",
            b'{"symbol": "PF_XBTUSD", "price": null}',
            SetMarkPrice(symbol=PF, price=None),
        ),
        (
            "announce",
            b'{"kind": "maintenance", "priority": "high", "text": "back soon",'
            b' "effective": "2026-01-01T10:00:00Z", "downtime_minutes": 30}',
            Announce(
                kind=NoticeKind.MAINTENANCE,
                priority=Priority.HIGH,
                text="back soon",
                effective=Nanos(1_767_261_600 * SECOND),
                downtime_minutes=30,
            ),
        ),
        (
            "announce",
            b'{"kind": "bug-fix", "priority": "LOW", "text": "mended"}',
            Announce(kind=NoticeKind.BUG_FIX, priority=Priority.LOW, text="mended"),
        ),
        ("retract-notice", b'{"notice_id": 3}', RetractNotice(notice_id=3)),
        (
            "market-conditions",
            b'{"symbol": "PF_XBTUSD", "dislocation": "above", "margin_multiplier": 2}',
            SetConditions(symbol=PF, dislocation=Dislocation.ABOVE, margin_multiplier=2),
        ),
        ("market-conditions", b'{"symbol": "PF_XBTUSD"}', SetConditions(symbol=PF)),
        (
            "market-mode",
            b'{"symbol": "PF_XBTUSD", "mode": "cancel_only"}',
            SetMode(symbol=PF, mode=Mode.CANCEL_ONLY),
        ),
    ],
)
async def test_the_operators_wishes_become_commands(
    what: str, body: bytes, command: SetIndexPrice | SetMarkPrice | SetMode
) -> None:
    """They are journaled like everybody's, under the name of this gateway."""
    desk = Desk()

    assert await desk.ask("POST", f"/admin/venues/futures/{what}", body) == (
        200,
        {"seq": 1, "events": 0},
    )
    ((asked, envelope),) = desk.exchange.asked
    assert (asked, envelope.gateway) == (command, "admin")


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("index-price", b""),
        ("index-price", b"{"),
        ("index-price", b"\xff"),
        ("index-price", b"[]"),
        ("index-price", b'{"index": "XBT:USD"}'),
        ("index-price", b'{"index": "XBT:USD", "price": 1, "extra": 1}'),
        ("index-price", b'{"index": 5, "price": 1}'),
        ("index-price", b'{"index": "XBT:USD", "price": 0}'),
        ("index-price", b'{"index": "XBT:USD", "price": -1}'),
        ("index-price", b'{"index": "XBT:USD", "price": "NaN"}'),
        ("index-price", b'{"index": "XBT:USD", "price": "Infinity"}'),
        ("index-price", b'{"index": "XBT:USD", "price": 1e999999}'),
        ("index-price", b'{"index": "XBT:USD", "price": 1e-999999}'),
        ("index-price", b'{"index": "XBT:USD", "price": null}'),
        ("mark-price", b'{"symbol": "PF_XBTUSD", "price": "dear"}'),
        ("mark-price", b'{"symbol": "PF_XBTUSD", "price": "sNaN"}'),
        ("market-mode", b'{"symbol": "PF_XBTUSD", "mode": "sideways"}'),
    ],
)
async def test_what_makes_no_sense_is_refused_and_nothing_is_asked(what: str, body: bytes) -> None:
    """The operator mistypes as well."""
    desk = Desk()

    status, answer = await desk.ask("POST", f"/admin/venues/futures/{what}", body)

    assert (status, list(answer)) == (400, ["error"])
    assert desk.exchange.asked == []


@pytest.mark.parametrize(
    ("reason", "status"), [(RejectReason.MARKET_NOT_FOUND, 404), (RejectReason.INVALID, 409)]
)
async def test_the_engines_no_is_passed_on(reason: RejectReason, status: int) -> None:
    """Only the venue knows what it lists."""
    desk = Desk(RememberingExchange(Refused(reason=reason, detail="PF_NONE")))

    body = b'{"symbol": "PF_NONE", "price": 1}'
    answered, answer = await desk.ask("POST", "/admin/venues/futures/mark-price", body)

    assert answered == status
    assert answer["error"].endswith(": PF_NONE")


async def test_an_unknown_venue_is_named_beside_the_known_ones() -> None:
    """The next try should succeed."""
    body = b'{"index": "XBT:USD", "price": 1}'

    status, answer = await Desk().ask("POST", "/admin/venues/moon/index-price", body)

    assert (status, answer["error"]) == (404, "no such venue: 'moon'; venues are futures")


async def test_a_stopped_venue_says_so() -> None:
    """It is not a bug of the gateway."""
    desk = Desk(RememberingExchange(stopped="the disk failed"))

    status, answer = await desk.ask(
        "POST", "/admin/venues/futures/index-price", b'{"index": "XBT:USD", "price": 1}'
    )

    assert (status, answer["error"]) == (503, "the venue has stopped: the disk failed")
    assert (await desk.ask("GET", "/admin/venues"))[1]["venues"] == [
        {"venue": "futures", "now": 1_000, "offset": 5, "stopped": "the disk failed"}
    ]


@pytest.mark.parametrize("key", ["", "wrong", KEY + "x", KEY[:-1]])
async def test_nothing_is_done_without_the_key(key: str) -> None:
    """Being on this machine is not enough."""
    desk = Desk()

    status, answer = await desk.ask("POST", "/admin/reset", query=b"confirm=futures", key=key)

    assert (status, list(answer)) == (401, ["error"])
    assert desk.was_reset == []


async def test_time_moves_when_it_is_virtual() -> None:
    """And what falls due has happened by the answer: the venue was asked to look at the time."""
    desk = Desk(virtual=True)

    status, answer = await desk.ask("POST", "/admin/clock/advance", b'{"seconds": 60.5}')

    assert (status, answer) == (200, {"now": 60_500_000_000})
    assert desk.clock is not None
    assert desk.clock.now() == 60 * SECOND + SECOND // 2
    assert [command for command, _ in desk.exchange.asked] == [PassTime()]
    assert (await desk.ask("GET", "/admin/clock"))[1] == {"virtual": True, "now": 60_500_000_000}


@pytest.mark.parametrize("seconds", [b"-1", b'"NaN"', b"1e99", b"null", b'"soon"'])
async def test_time_does_not_go_where_it_cannot(seconds: bytes) -> None:
    """Backwards, nowhere, or past the end of days."""
    desk = Desk(virtual=True)

    status, _ = await desk.ask("POST", "/admin/clock/advance", b'{"seconds": %b}' % seconds)

    assert status == 400
    assert desk.clock is not None
    assert desk.clock.now() == 0


async def test_real_time_is_nobodys_to_move() -> None:
    """The answer says how to start a server where it is."""
    desk = Desk()

    status, answer = await desk.ask("POST", "/admin/clock/advance", b'{"seconds": 1}')

    assert status == 409
    assert "--clock virtual" in answer["error"]
    assert (await desk.ask("GET", "/admin/clock"))[1] == {"virtual": False, "now": 1_000}


async def test_a_reset_wants_the_venues_name_as_its_confirmation() -> None:
    """Nobody wipes a venue by pressing return."""
    desk = Desk()

    assert (await desk.ask("POST", "/admin/reset"))[0] == 404
    assert desk.was_reset == []
    assert await desk.ask("POST", "/admin/reset", query=b"confirm=futures") == (
        200,
        {"reset": "futures"},
    )
    assert desk.was_reset == ["futures"]


async def test_a_restart_needs_a_journal_to_come_back_to() -> None:
    """And it says for how long it goes."""
    desk, forgetful = Desk(), Desk(in_memory=True)
    body = b'{"down_seconds": 2.5}'

    assert await desk.ask("POST", "/admin/restart", body) == (200, {"down_seconds": 2.5})
    assert desk.was_restarted == [2.5]
    assert (await forgetful.ask("POST", "/admin/restart", body))[0] == 409
    for wrong in (b"{}", b'{"down_seconds": -1}', b'{"down_seconds": 3601}'):
        assert (await desk.ask("POST", "/admin/restart", wrong))[0] == 400
    assert desk.was_restarted == [2.5]


async def test_one_venue_restarts_while_the_others_trade_on() -> None:
    """One that is there, and not twice at once."""
    desk, forgetful = Desk(), Desk(in_memory=True)
    body = b'{"down_seconds": 2.5, "venue": "futures"}'

    assert await desk.ask("POST", "/admin/restart", body) == (
        200,
        {"down_seconds": 2.5, "venue": "futures"},
    )
    assert await desk.ask("POST", "/admin/restart", body) == (409, {"error": "futures is away"})
    unknown = b'{"down_seconds": 0, "venue": "spot"}'
    assert (await desk.ask("POST", "/admin/restart", unknown))[0] == 404
    assert (await forgetful.ask("POST", "/admin/restart", body))[0] == 409
    assert (desk.went[0], desk.was_restarted) == (("futures", 2.5), [])


async def test_faults_are_planned_listed_removed_and_cleared() -> None:
    """The plan is the door's own object: it works from the next request on."""
    desk = Desk()
    body = b"""{"faults": [
        {"kind": "close", "path": "/x", "count": 2, "delay_seconds": 0.5},
        {"kind": "lose_reply", "api": "pacifica", "count": 0}]}"""

    assert await desk.ask("POST", "/admin/faults", body) == (200, {"added": [1, 2]})
    strike = desk.faults.take(BEFORE, "kraken_spot", "", "/x", ("GET",))
    assert strike is not None and strike.delay_seconds == 0.5
    listed = (await desk.ask("GET", "/admin/faults"))[1]["faults"]

    assert listed == [
        {
            "id": 1,
            "stage": "armed",
            "struck": 1,
            "left": 1,
            "fault": {"kind": "close", "path": "/x", "count": 2, "delay_seconds": 0.5},
        },
        {
            "id": 2,
            "stage": "armed",
            "struck": 0,
            "left": None,
            "fault": {"kind": "lose_reply", "api": "pacifica", "count": 0},
        },
    ]
    assert await desk.ask("DELETE", "/admin/faults/1") == (200, {"removed": 1})
    assert (await desk.ask("DELETE", "/admin/faults/1"))[0] == 404
    assert (await desk.ask("DELETE", "/admin/faults/x"))[0] == 404
    assert [row.id for row in desk.faults.planned()] == [2]
    assert await desk.ask("DELETE", "/admin/faults") == (200, {"faults": []})
    assert not desk.faults.is_armed


@pytest.mark.parametrize(
    "fault",
    [
        b'{"kind": "close", "path": "("}',
        b'{"kind": "explode"}',
        b'{"path": "/x"}',
        b'{"kind": "close", "count": -1}',
        b'{"kind": "close", "delay_seconds": -1}',
        b'{"kind": "status", "status": 99}',
        b'{"kind": "close", "paht": "/x"}',
        b'{"kind": "close", "api": "nowhere"}',
    ],
)
async def test_a_plan_with_a_mistake_changes_nothing(fault: bytes) -> None:
    """Otherwise the mistake shows in the middle of a rehearsal."""
    desk = Desk()
    await desk.ask("POST", "/admin/faults", b'{"faults": [{"kind": "close", "path": "/old"}]}')
    both = b'{"kind": "close", "path": "/new"}, ' + fault

    status, _ = await desk.ask("POST", "/admin/faults", b'{"faults": [%b]}' % both)

    assert status == 400
    assert [row.fault.path for row in desk.faults.planned()] == ["/old"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/admin/faults"),
        ("POST", "/admin/faults"),
        ("DELETE", "/admin/faults"),
        ("DELETE", "/admin/faults/1"),
    ],
)
async def test_nobody_without_the_operators_key_touches_a_plan(method: str, path: str) -> None:
    """A fault is something that only who runs the server may do to its clients."""
    desk = Desk()
    desk.faults.add([Fault(kind=Kind.HANG)])

    status, _ = await desk.ask(method, path, b'{"faults": [{"kind": "hang"}]}', key="guess")

    assert status == 401
    assert [row.id for row in desk.faults.planned()] == [1]


async def test_requests_are_listed_newest_first_and_within_bounds() -> None:
    """With who asked, and why it was refused."""
    desk = Desk()
    asked = request("GET", "/derivatives/api/v3/accounts")
    asked.note.update(account="primary", why="signature differs; should have signed: x")
    desk.log.add(asked, "kraken_futures", 200, 0.25)
    desk.log.add(request("GET", "/fine"), "kraken_futures", 200, 0.25)

    _, both = await desk.ask("GET", "/admin/requests")
    _, refused = await desk.ask("GET", "/admin/requests", query=b"limit=5&refused=1")

    assert [row["path"] for row in both["requests"]] == ["/fine", "/derivatives/api/v3/accounts"]
    assert [row["why_refused"] for row in refused["requests"]] == [asked.note["why"]]
    for query in (b"limit=0", b"limit=1001", b"limit=x", b"limit=", b"limit=\xb2"):
        assert (await desk.ask("GET", "/admin/requests", query=query))[0] == 400


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", b"Host: localhost:1\r\n", 200),
        ("10.1.2.3", b"Host: localhost:1\r\n", 403),
        ("127.0.0.1", b"Host: rebound.example\r\n", 403),
        ("127.0.0.1", b"Host: localhost\r\nOrigin: https://evil.example\r\n", 403),
    ],
)
async def test_the_door_lets_only_this_machine_in(peer: str, headers: bytes, status: int) -> None:
    """Even with the key: a page in a browser may have learnt it."""
    desk = Desk()
    connection, paper = connect(Door([desk.gateway], limits=DoorLimits()), peer)

    connection.data_received(
        b"GET /admin/venues HTTP/1.1\r\nX-Admin-Key: %b\r\n%b\r\n" % (KEY.encode(), headers)
    )

    assert paper.text.startswith(b"HTTP/1.1 %d " % status)
    assert b"Content-Type: application/json" in paper.text


async def test_paths_under_admin_that_are_none_are_told_so_in_its_own_shape() -> None:
    """Also to who uses the wrong method."""
    desk = Desk()
    for line, status in ((b"GET /admin/moon", 404), (b"DELETE /admin/reset", 405)):
        connection, paper = connect(Door([desk.gateway]))
        connection.data_received(line + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")

        assert paper.text.startswith(b"HTTP/1.1 %d " % status)
        assert b'{"error":' in paper.text
