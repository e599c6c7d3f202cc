"""What a conversation must bear: bursts, faults of ours, and clients that leave in the middle."""

import asyncio
import json
from itertools import count
from typing import Any

import pytest

from openvenue.gateways.coinapi_ems import CoinApiEms
from openvenue.gateways.coinapi_ems.ws import QUOTED_MAX, UNDER_WAY_MAX, EmsSession, read_wishes
from openvenue.gateways.wire import Guarded, Session
from tests.unit.ems.scene import ANN, Scene, until
from tests.unit.gateways.coinapi_ems.test_codec import ORDER
from tests.unit.gateways.door_doubles import request

CANCEL_ALL = b'{"type":"ORDER_CANCEL_ALL_REQUEST","exchange_id":"KRAKENFTS"}'


class Ear:
    """What a client hears."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.closed: list[int] = []

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.closed.append(code)

    def heard(self, kind: str) -> list[Any]:
        messages = [json.loads(frame) for frame in self.frames]
        return [it for it in messages if it["type"] == kind]


def opened(scene: Scene, query: bytes = b"") -> tuple[Session, Ear]:
    """A conversation of Ann's."""
    gateway = CoinApiEms(scene.desk, {"key": ANN})
    opens = gateway.socket("/v1")
    assert opens is not None
    ear = Ear()
    return opens(request("GET", "/v1", query=query, x_coinapi_key="key"), ear), ear


def order(name: str) -> bytes:
    """A new order."""
    asked = {"type": "ORDER_NEW_SINGLE_REQUEST", **ORDER, "client_order_id": name}
    return json.dumps(asked).encode()


async def test_requests_reach_the_venue_in_the_order_in_which_they_came(scene: Scene) -> None:
    """All of them at once; and everything is canceled that came before the button."""
    session, ear = opened(scene)
    for n in range(50):
        session.receive(order(f"{n}"))
    session.receive(CANCEL_ALL)

    await until(lambda: len({it["client_order_id"] for it in ended(ear)}) == 50)
    session.closed()

    received = [it for it in ear.heard("ORDER_EXEC_REPORT_UPDATE") if it["status"] == "RECEIVED"]
    assert [it["client_order_id"] for it in received] == [f"{n}" for n in range(50)]
    assert scene.venue.open == {}


def ended(ear: Ear) -> list[Any]:
    """Orders that are over."""
    updates = ear.heard("ORDER_EXEC_REPORT_UPDATE")
    return [it for it in updates if it["status"] in ("CANCELED", "REJECTED")]


async def test_who_asks_for_too_much_at_once_is_told_so(scene: Scene) -> None:
    """And can go on when something has been answered."""
    session, ear = opened(scene)
    scene.venue.hold["place"] = asyncio.Event()
    for n in range(UNDER_WAY_MAX + 1):
        session.receive(order(f"{n}"))

    (reject,) = ear.heard("MESSAGE_REJECT")
    scene.venue.hold["place"].set()
    await until(lambda: len(scene.venue.open) == UNDER_WAY_MAX)
    await until(lambda: ear.heard("ORDER_EXEC_REPORT_UPDATE")[-1]["status"] == "NEW")
    later = count()

    def has_gone_on() -> bool:
        session.receive(order(f"later {next(later)}"))  # what was told may not be over for a moment
        return len(scene.venue.open) > UNDER_WAY_MAX

    await until(has_gone_on)
    session.closed()

    assert reject["reject_reason"] == "OTHER"
    assert json.loads(reject["rejected_message"])["client_order_id"] == f"{UNDER_WAY_MAX}"


async def test_what_was_asked_for_goes_on_when_its_client_has_left(scene: Scene) -> None:
    """An order that was taken is sent; nothing is told to who is gone."""
    session, ear = opened(scene)
    scene.venue.hold["place"] = asyncio.Event()
    session.receive(order("one"))
    await until(lambda: "place" in scene.venue.calls or bool(ear.heard("ORDER_EXEC_REPORT_UPDATE")))

    session.closed()
    told = len(ear.frames)
    scene.venue.hold["place"].set()
    await scene.order("one", lambda it: it.status == "NEW")

    assert len(ear.frames) == told


async def test_a_long_request_is_not_sent_back(scene: Scene) -> None:
    """A client that sends megabytes is not sent megabytes."""
    session, ear = opened(scene)

    session.receive(b'{"type":"' + b"x" * QUOTED_MAX + b'"}')
    session.receive(b'{"type":"X"}')
    session.closed()

    long, short = ear.heard("MESSAGE_REJECT")
    assert "rejected_message" not in long
    assert short["rejected_message"] == '{"type":"X"}'


async def test_a_fault_of_ours_closes_one_session_and_stops_nothing(scene: Scene) -> None:
    """The desk and other sessions go on."""
    session, ear = opened(scene)
    healthy, other = opened(scene)
    assert isinstance(session, EmsSession)

    def broken(*_: object) -> bytes:
        raise LookupError("a bug")

    session._say(broken)
    await scene.place("one")
    await until(lambda: len(other.heard("ORDER_EXEC_REPORT_UPDATE")) == 4)
    session.closed()
    healthy.closed()

    assert ear.closed == [1011]
    assert other.closed == []
    assert scene.desk.stopped is None


@pytest.mark.parametrize(
    ("query", "wish"),
    [
        (b"", (False, False)),
        (b"apikey=key", (False, False)),
        (b"cancel_on_disconnect=true", (True, False)),
        (b"cancel_on_disconnect=TRUE&acknowledge=1", (True, True)),
        (b"cancel_on_disconnect", (True, False)),
        (b"cancel_on_disconnect=false&acknowledge=0", (False, False)),
    ],
)
def test_wishes_stand_in_the_query(query: bytes, wish: tuple[bool, bool]) -> None:
    """In every common spelling of yes and no."""
    wishes = read_wishes(request("GET", "/v1", query=query))

    assert (wishes.cancel_on_disconnect, wishes.acknowledge) == wish


async def test_the_gateway_is_asked_before_anybody_is_let_in(scene: Scene) -> None:
    """A stranger gets a plain answer, not a socket that closes."""
    gateway = CoinApiEms(scene.desk, {"key": ANN})
    assert isinstance(gateway, Guarded)

    refused = gateway.turned_away(stranger := request("GET", "/"))

    assert refused is not None and refused.status == 401
    assert stranger.note["why"] == "no key"
    assert gateway.turned_away(request("GET", "/", x_coinapi_key="key")) is None
