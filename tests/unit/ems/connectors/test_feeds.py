"""Private feeds, frame by frame: what each tells of orders, and when it has to begin anew."""

from base64 import b64encode
from contextlib import aclosing
from decimal import Decimal
from typing import Any, Final

import pytest

from openvenue.ems.commands import Standing, Word
from openvenue.ems.connectors.kraken_futures import KrakenFuturesConnector
from openvenue.ems.connectors.kraken_spot import KrakenSpotConnector
from openvenue.ems.connectors.pacifica import PacificaConnector
from openvenue.ems.connectors.port import (
    Connector,
    Heard,
    Silent,
    Snapshot,
    VenueRefused,
)
from openvenue.ems.orders import Fill, Side, Waits
from openvenue.engine.units import Nanos
from tests.unit.ems.connectors.doubles import PaperSocket, PaperWire, account
from tests.unit.ems.connectors.test_pacifica import PRIVATE, WALLET
from tests.unit.ems.scene import ToldTime

SECRET: Final = b64encode(bytes(range(64))).decode()
END: Final = Silent("the feed has ended")


async def heard(venue: Connector) -> tuple[list[Snapshot | Heard], Exception]:
    """All that a feed tells until it ends, and how it ends."""
    told: list[Snapshot | Heard] = []
    try:
        async with aclosing(venue.follow()) as feed:
            async for it in feed:
                told.append(it)
    except (Silent, VenueRefused) as error:
        return told, error
    raise AssertionError("a feed does not end without a reason")


async def futures(*frames: object) -> list[Heard]:
    """What Kraken Futures tells after its list of open orders."""
    wire = PaperWire()
    challenge = {"event": "challenge", "message": "226aee50"}
    empty = {"feed": "open_orders_snapshot", "account": "a", "orders": []}
    wire.sockets.append(PaperSocket([challenge, empty, *frames, END]))
    venue = KrakenFuturesConnector(account("kraken_futures", "key", SECRET), wire, ToldTime())
    (first, *rest), error = await heard(venue)
    assert first == Snapshot(())
    assert error is END
    assert [it.get("feed") for it in wire.sockets[0].said] == [None, "open_orders", "fills"]
    return _news(rest)


def _news(told: list[Any]) -> list[Heard]:
    assert all(isinstance(it, Heard) for it in told)
    return told


def order(**more: object) -> dict[str, object]:
    """An order on the feed of Kraken Futures."""
    return {
        "instrument": "PF_XBTUSD",
        "time": 1,
        "last_update_time": 1,
        "qty": 0.4,
        "filled": 0.1,
        "limit_price": 40000.0,
        "stop_price": 0.0,
        "type": "limit",
        "order_id": "X1",
        "cli_ord_id": "ours",
        "direction": 0,
        "reduce_only": False,
    } | more


def fill(fill_id: str, left: float, **more: object) -> dict[str, object]:
    """A fill on the feed of Kraken Futures."""
    return {
        "instrument": "PF_XBTUSD",
        "time": 1_700_000_000_123,
        "price": 40000.5,
        "seq": 1,
        "buy": True,
        "qty": 0.1,
        "remaining_order_qty": left,
        "order_id": "X1",
        "cli_ord_id": "ours",
        "fill_id": fill_id,
        "fill_type": "maker",
    } | more


async def test_futures_tell_an_order_that_came_changed_and_left() -> None:
    """In full while it stands, by its names when it is gone."""
    came = {"feed": "open_orders", "is_cancel": False, "reason": "new_placed_order_by_user"}
    gone = {"feed": "open_orders", "order_id": "X1", "cli_ord_id": "ours", "is_cancel": True}

    stands, canceled, expired = await futures(
        {"event": "subscribed", "feed": "fills"},
        {"event": "pong"},
        came | {"order": order()},
        gone | {"reason": "cancelled_by_user"},
        gone | {"reason": "contract_expired"},
    )

    assert stands.cl_ord_id == canceled.cl_ord_id == "ours"
    assert stands.word == Word(
        standing=Standing.OPEN, order_id="X1", filled=Decimal("0.1"), waits=Waits.NO
    )
    assert stands.terms is not None
    assert (stands.terms.side, stands.terms.quantity) == (Side.BUY, Decimal("0.5"))
    assert (canceled.word, canceled.terms) == (
        Word(standing=Standing.CANCELED, order_id="X1"),
        None,
    )
    assert expired.word.message == "contract_expired"


@pytest.mark.parametrize(
    ("frame", "word"),
    [
        (
            {"order": order(qty=0.0, filled=0.5), "is_cancel": True, "reason": "full_fill"},
            Word(standing=Standing.FILLED, order_id="X1", filled=Decimal("0.5")),
        ),
        (
            {"order_id": "X1", "is_cancel": True, "reason": "full_fill"},
            Word(standing=Standing.FILLED, order_id="X1", leaves=Decimal(0)),
        ),
        (
            {
                "order_id": "X1",
                "is_cancel": True,
                "reason": "post_order_failed_because_it_would_filled",
            },
            Word(
                standing=Standing.REJECTED,
                order_id="X1",
                message="post_order_failed_because_it_would_filled",
            ),
        ),
    ],
)
async def test_futures_tell_how_an_order_ended(frame: dict[str, object], word: Word) -> None:
    """Both forms of a full fill, and an order that never stood."""
    (told,) = await futures({"feed": "open_orders"} | frame)

    assert told.word == word


async def test_a_trigger_that_fires_has_not_ended() -> None:
    """It goes on as an order of the book, or as fills."""
    gone = {"feed": "open_orders", "order_id": "X1", "is_cancel": True}

    assert await futures(gone | {"reason": "stop_order_triggered"}) == []


async def test_futures_tell_fills_oldest_first() -> None:
    """A snapshot of the past has the newest first; what is left of an order tells how it stands."""
    last, first = fill("F2", 0.0), fill("F1", 0.1)

    one, two, three = await futures(
        {"feed": "fills_snapshot", "account": "a", "fills": [last, first]},
        {"feed": "fills", "username": "a", "fills": [fill("F3", 0.3, order_id="X2")]},
    )

    time = Nanos(1_700_000_000_123_000_000)
    assert one.word == Word(
        standing=Standing.OPEN,
        order_id="X1",
        leaves=Decimal("0.1"),
        fills=(Fill(time, Decimal("40000.5"), Decimal("0.1"), "F1"),),
    )
    assert (two.word.standing, two.word.fills[0].exec_id) == (Standing.FILLED, "F2")
    assert three.word.order_id == "X2"


async def test_a_duplicate_subscription_is_no_refusal() -> None:
    """An alert says so, and the snapshot comes all the same."""
    again = {"event": "alert", "message": "Already subscribed to feed, re-requesting"}
    with_order = {"feed": "open_orders", "is_cancel": False, "reason": "edited_by_user"}

    (told,) = await futures(again, with_order | {"order": order()})

    assert told.cl_ord_id == "ours"


async def spot(*frames: object) -> tuple[list[Heard], Exception]:
    """What Kraken Spot tells after a snapshot with number 1."""
    wire = PaperWire({"error": [], "result": {"token": "t0ken"}})
    snapshot = {"channel": "executions", "type": "snapshot", "data": [], "sequence": 1}
    wire.sockets.append(PaperSocket([snapshot, *frames, END]))
    venue = KrakenSpotConnector(account("kraken_spot", "key", SECRET), wire, ToldTime())
    (first, *rest), error = await heard(venue)
    assert first == Snapshot(())
    return _news(rest), error


def executions(sequence: int, *data: object) -> dict[str, object]:
    """A frame of Kraken Spot."""
    return {"channel": "executions", "type": "update", "data": data, "sequence": sequence}


async def test_spot_tells_the_life_of_an_order() -> None:
    """In full at first, and then only what has changed."""
    named = {"order_id": "O1", "cl_ord_id": "ours", "timestamp": "2026-01-22T06:06:19.833306Z"}
    full = {"symbol": "BTC/USD", "side": "buy", "order_qty": 0.5, "limit_price": 40000.0}
    trade = {"exec_id": "T1", "last_qty": 0.2, "last_price": 39999.5, "cum_qty": 0.2}

    told, error = await spot(
        executions(2, named | full | {"exec_type": "pending_new"}),
        executions(3, named | {"exec_type": "new"}),
        {"channel": "heartbeat"},
        executions(4, named | trade | {"exec_type": "trade", "avg_price": 39999.5}),
        executions(5, named | {"exec_type": "canceled", "cum_qty": 0.2, "reason": "why"}),
        executions(6, named | {"exec_type": "filled", "cum_qty": 0.5, "avg_price": 39999.5}),
        executions(7, named | {"exec_type": "expired"}),
    )

    assert error is END
    assert [it.word.standing for it in told] == [
        *[Standing.OPEN] * 3,
        Standing.CANCELED,
        Standing.FILLED,
        Standing.CANCELED,
    ]
    assert told[0].terms is not None and told[0].terms.quantity == Decimal("0.5")
    assert all(it.terms is None for it in told[1:])
    assert told[2].word.filled == Decimal("0.2")
    assert told[2].word.fills == (
        Fill(Nanos(1_769_061_979_833_306_000), Decimal("39999.5"), Decimal("0.2"), "T1"),
    )
    assert told[3].word.message == "why"


async def test_a_gap_ends_the_feed_and_a_repetition_does_not() -> None:
    """What was missed is made good by the snapshot of the next one."""
    one = {"order_id": "O1", "exec_type": "new"}

    told, error = await spot(executions(2, one), executions(2, one), executions(4, one))

    assert len(told) == 1
    assert "from 2 to 4" in str(error)


async def pacifica(*frames: object, li: int = 5) -> tuple[list[Heard], PaperSocket]:
    """What Pacifica tells with a list of open orders in the middle, and no TWAP running."""
    wire = PaperWire({"success": True, "data": []})
    listed = {"channel": "account_orders", "data": [], "li": li}
    place = frames.index(None) if None in frames else 0
    rest = [it for it in frames if it is not None]
    socket = PaperSocket([*rest[:place], listed, *rest[place:], END])
    wire.sockets.append(socket)
    venue = PacificaConnector(account("pacifica", WALLET, PRIVATE), wire, ToldTime())
    (first, *told), error = await heard(venue)
    assert first == Snapshot(())
    assert error is END
    return _news(told), socket


def update(li: int, status: str, event: str = "make", **more: object) -> dict[str, object]:
    """An update on the socket of Pacifica."""
    row = {"i": 7, "I": "ours", "s": "BTC", "d": "bid", "p": "0", "ip": "40000", "a": "0.5"}
    told = {"f": "0", "oe": event, "os": status, "r": False, "sp": None, "li": li}
    return {"channel": "account_order_updates", "data": [row | told | more]}


async def test_pacifica_tells_what_is_newer_than_its_list() -> None:
    """Updates are asked for first, and those that the list knows are left out."""
    told, socket = await pacifica(
        update(4, "open"),
        update(6, "partially_filled", "fulfill_limit", f="0.2", p="39999"),
        None,
        {"channel": "account_orders", "data": [], "li": 7},
        update(8, "cancelled", "cancel", f="0.2", p="39999"),
    )

    assert [it.word.standing for it in told] == [Standing.OPEN, Standing.CANCELED]
    assert (told[0].word.filled, told[0].word.average) == (Decimal("0.2"), Decimal(39999))
    assert told[0].terms is not None and told[0].terms.price == Decimal(40_000)
    assert told[1].word.message == "cancel"
    assert socket.said[-1] == {
        "method": "unsubscribe",
        "params": {"source": "account_orders", "account": WALLET},
    }


async def test_pacifica_tells_of_twaps() -> None:
    """Under names of their own, whoever runs them."""
    row = {"i": 9, "s": "BTC", "d": "bid", "ta": "0.5", "fa": "0.1", "r": True}
    frames = [
        {"channel": "account_twap_order_updates", "data": [row | {"os": status}]}
        for status in ("in_execution", "completed", "expired", "cancelled")
    ]

    told, _ = await pacifica(None, *frames)

    assert [it.word.standing for it in told] == [
        Standing.OPEN,
        Standing.FILLED,
        Standing.CANCELED,
        Standing.CANCELED,
    ]
    assert {(it.cl_ord_id, it.word.order_id) for it in told} == {("", "twap-9")}
    assert told[0].terms is not None and told[0].terms.quantity == Decimal("0.5")
    assert told[0].terms.reduce_only and told[2].word.message == "expired"


async def test_pacifica_tells_trades_beside_updates() -> None:
    """A fill has its price there; an order that stood and met its own account was canceled."""
    trade = {"h": 80, "i": 7, "I": "ours", "s": "BTC", "p": "39999", "a": "0.2", "t": 1_000}

    traded, stopped = (
        await pacifica(
            None,
            {"channel": "account_trades", "data": [trade]},
            update(9, "rejected", "self_trade_prevented"),
        )
    )[0]

    assert traded.word == Word(
        standing=Standing.OPEN,
        order_id="7",
        fills=(Fill(Nanos(10**9), Decimal(39999), Decimal("0.2"), "80"),),
    )
    assert stopped.word.standing is Standing.CANCELED


async def test_pacifica_without_places_in_history_leaves_nothing_out() -> None:
    """Older servers do not number what happens."""
    told, _ = await pacifica(update(0, "open"), None, li=0)

    assert len(told) == 1
