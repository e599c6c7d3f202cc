"""Kraken Spot as its client sees it."""

import asyncio
from base64 import b64decode
from decimal import Decimal

import pytest
from msgspec.structs import replace

from openvenue.ems.commands import Standing
from openvenue.ems.connectors.kraken_spot import KrakenSpotConnector
from openvenue.ems.connectors.kraken_spot.auth import sign
from openvenue.ems.connectors.kraken_spot.replies import Description, OrderInfo
from openvenue.ems.connectors.kraken_spot.words import waits
from openvenue.ems.connectors.port import (
    Gone,
    MassCanceled,
    OrderName,
    Past,
    Relayed,
    Silent,
    VenueRefused,
)
from openvenue.ems.orders import Side, TimeInForce, Waits
from openvenue.engine.units import Nanos
from tests.unit.ems.connectors.doubles import PaperSocket, PaperWire, account
from tests.unit.ems.scene import TERMS, ToldTime

# The published check value of this API's signature, and its secret, which everybody knows.
SECRET = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
BODY = "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"
SIGNATURE = (
    "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="
)
NAME = OrderName("O1", "ours", "BTC/USD", Nanos(90 * 10**9))
UNNAMED = OrderName("", "ours", "BTC/USD", Nanos(90 * 10**9))


def connector(*answers: object) -> tuple[KrakenSpotConnector, PaperWire]:
    """A client that hears these answers."""
    wire = PaperWire(*answers)
    return KrakenSpotConnector(account("kraken_spot", "key", SECRET), wire, ToldTime()), wire


def ok(result: object) -> dict[str, object]:
    """A success."""
    return {"error": [], "result": result}


def no(error: str) -> dict[str, object]:
    """A refusal."""
    return {"error": [error]}


def info(status: str, vol_exec: str = "0.0", cl_ord_id: str = "ours") -> dict[str, object]:
    """An order in REST's shape."""
    return {
        "status": status,
        "cl_ord_id": cl_ord_id,
        "descr": {"pair": "XBTUSD", "type": "sell", "price": "40000.0"},
        "vol": "0.5",
        "vol_exec": vol_exec,
        "price": "40001.5",
        "oflags": "fciq,post",
        "reason": None,
    }


def test_the_signature_is_the_published_one() -> None:
    """The one vector that the venue itself prints."""
    assert sign(b64decode(SECRET), "/0/private/AddOrder", "1616492376594", BODY) == SIGNATURE


async def test_an_order_is_sent_and_then_asked_for() -> None:
    """AddOrder says its id and no more."""
    venue, wire = connector(ok({"txid": ["O1"]}), ok({"O1": info("canceled", "0.2")}))

    word = await venue.place("ours", TERMS)

    form = wire.asked[0].form
    assert wire.asked[0].target == "/0/private/AddOrder"
    assert form.pop("nonce")
    assert form == {
        "pair": "PF_XBTUSD",
        "type": "buy",
        "ordertype": "limit",
        "price": "40000",
        "volume": "0.5",
        "timeinforce": "GTC",
        "cl_ord_id": "ours",
    }
    assert wire.asked[1].form["txid"] == "O1"
    assert word.standing is Standing.CANCELED
    assert (word.filled, word.average) == (Decimal("0.2"), Decimal("40001.5"))


async def test_an_expiry_is_sent_in_whole_seconds() -> None:
    """Rather a moment early than late; it may be for makers only."""
    venue, wire = connector(ok({"txid": ["O1"]}), ok({"O1": info("open")}))
    terms = replace(
        TERMS,
        time_in_force=TimeInForce.GTD_EXCHANGE,
        expires="2030-01-01T10:45:20.9677709Z",
        instructions=("MAKER_OR_CANCEL",),
    )

    assert venue.why_unfit(terms) == ""
    await venue.place("ours", terms)

    form = wire.asked[0].form
    assert (form["timeinforce"], form["expiretm"]) == ("GTD", "1893494720")
    assert form["oflags"] == "post"
    assert "expire_time" in venue.why_unfit(replace(terms, expires="soon"))


async def test_an_order_that_was_taken_is_there_even_if_nobody_can_tell_more() -> None:
    """The next list will."""
    for fault in (Silent("lost"), no("EAPI:Rate limit exceeded")):
        venue, _ = connector(ok({"txid": ["O1"]}), fault)

        word = await venue.place("ours", TERMS)

        assert (word.standing, word.order_id) == (Standing.OPEN, "O1")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("EOrder:Insufficient funds", VenueRefused),
        ("EService:Unavailable", Silent),
        ("EService:Busy", Silent),
        ("EService:Timeout", Silent),
        ("EGeneral:Internal error:1", Silent),
    ],
)
async def test_some_refusals_are_none(error: str, kind: type[Exception]) -> None:
    """When the venue is busy, or has just stopped, it may have taken the order."""
    venue, _ = connector(no(error))

    with pytest.raises(kind, match=error.split(":")[1]):
        await venue.place("ours", TERMS)


async def test_a_cancel_is_told_with_what_had_traded() -> None:
    """Gone, pending, or done."""
    venue, _ = connector(
        ok({"count": 1}),
        ok({"O1": info("canceled", "0.1")}),
        ok({"count": 1, "pending": True}),
        no("EOrder:Unknown order"),
        no("EOrder:Invalid order"),
        no("EGeneral:Permission denied"),
    )

    word = await venue.cancel(NAME)
    others = [await venue.cancel(NAME) for _ in range(3)]

    assert not isinstance(word, Gone | Relayed) and word.filled == Decimal("0.1")
    assert others == [Relayed(), Gone(), Gone()]
    with pytest.raises(VenueRefused):
        await venue.cancel(UNNAMED)


async def test_an_order_without_an_id_is_looked_for_among_open_and_closed_ones() -> None:
    """A minute before it was sent is early enough."""
    venue, wire = connector(
        ok({"open": {}}),
        ok({"closed": {"O7": info("closed", "0.5"), "O8": info("closed", cl_ord_id="theirs")}}),
        ok({"open": {}}),
        ok({"closed": {}}),
    )

    found = await venue.find(UNNAMED)

    assert found is not None
    assert (found.standing, found.order_id) == (Standing.FILLED, "O7")
    assert wire.asked[1].form["start"] == "30"
    assert await venue.find(UNNAMED) is None


async def test_lists_are_read_whole() -> None:
    """Open orders, and balances with what is held."""
    venue, _ = connector(
        ok({"open": {"O1": info("open", "0.2"), "O2": info("pending", cl_ord_id="")}}),
        ok({"XXBT": {"balance": "2.0", "hold_trade": "0.5"}, "SOL": {"balance": "1"}}),
        ok({"count": 2}),
    )

    one, two = await venue.open_orders()
    held = {it.common_asset: it for it in await venue.balances()}

    assert one.names == ("ours", "O1") and two.names == ("", "O2")
    assert one.terms.side is Side.SELL and one.terms.instructions == ("MAKER_OR_CANCEL",)
    assert one.terms.common_symbol == "KRAKEN_SPOT_BTC_USD"
    assert held["BTC"].available == Decimal("1.5") and held["SOL"].locked == 0
    assert await venue.cancel_all() == MassCanceled(count=2)
    assert await venue.positions() == []


async def test_requests_go_one_after_the_other_with_growing_nonces() -> None:
    """A lower nonce that arrives later is refused."""

    class Slow(PaperWire):
        busy = False

        async def ask(self, *args, **more):  # type: ignore[no-untyped-def]
            assert not self.busy
            self.busy = True
            await asyncio.sleep(0)
            self.busy = False
            return await super().ask(*args, **more)

    wire = Slow(*[ok({"open": {}})] * 5)
    venue = KrakenSpotConnector(account("kraken_spot", "key", SECRET), wire, ToldTime())

    await asyncio.gather(*(venue.open_orders() for _ in range(5)))

    nonces = [int(asked.form["nonce"]) for asked in wire.asked]
    assert nonces == sorted(set(nonces))


async def test_orders_are_asked_for_fifty_at_a_time() -> None:
    """In the order of their names, with gaps where the venue knows nothing."""
    names = [OrderName(f"O{n}", "", "BTC/USD", Nanos(0)) for n in range(70)]
    found = {f"O{n}": info("canceled") for n in range(70) if n != 60}
    venue, wire = connector(ok(found), ok(found))

    words = await venue.find_all(names)

    assert [len(asked.form["txid"].split(",")) for asked in wire.asked] == [50, 20]
    assert [word.order_id if word else None for word in words] == [
        None if n == 60 else f"O{n}" for n in range(70)
    ]


async def test_the_last_of_the_venues_patience_is_kept_for_lists_and_cancels() -> None:
    """After some orders their fate is not asked for at once; the next list tells it."""
    answers = [ok({"txid": ["O1"]}), ok({"O1": info("open")})] * 8 + [ok({"txid": ["O2"]})] * 5
    venue, wire = connector(*answers)

    words = [await venue.place("ours", TERMS) for _ in range(13)]

    asked = [it.target.rpartition("/")[2] for it in wire.asked]
    assert asked.count("AddOrder") == 13
    assert asked.count("QueryOrders") == 8
    assert {word.standing for word in words} == {Standing.OPEN}


async def test_a_fresh_list_comes_from_a_new_subscription() -> None:
    """With a token of its own; an acknowledgement is no list yet."""
    venue, wire = connector(ok({"token": "t0ken", "expires": 900}))
    order = {
        "order_id": "O1",
        "symbol": "BTC/USD",
        "order_qty": 0.5,
        "side": "sell",
        "order_type": "limit",
        "cl_ord_id": "ours",
        "limit_price": 40000.0,
        "exec_type": "new",
        "cum_qty": 0.1,
        "avg_price": 40001.5,
        "post_only": True,
        "order_status": "partially_filled",
    }
    stop = {
        "order_id": "O2",
        "symbol": "BTC/USD",
        "order_qty": 0.5,
        "side": "sell",
        "triggers": {"price": 35000.0, "status": "untriggered"},
        "order_status": "new",
    }
    wire.sockets.append(
        PaperSocket(
            [
                {"channel": "status", "type": "update", "data": [{"system": "online"}]},
                {"method": "subscribe", "success": True, "result": {"channel": "executions"}},
                {"channel": "heartbeat"},
                {"channel": "executions", "type": "snapshot", "data": [order, stop], "sequence": 1},
            ]
        )
    )

    first, second = await venue.fresh_open_orders()

    assert wire.paths == ["/v2"]
    assert wire.asked[0].target == "/0/private/GetWebSocketsToken"
    (said,) = wire.sockets[0].said
    assert said["params"] == {
        "channel": "executions",
        "snap_orders": True,
        "snap_trades": False,
        "token": "t0ken",
    }
    assert first.names == ("ours", "O1")
    assert (first.terms.side, first.terms.quantity) == (Side.SELL, Decimal("0.5"))
    assert first.terms.instructions == ("MAKER_OR_CANCEL",)
    assert (first.word.filled, first.word.average) == (Decimal("0.1"), Decimal("40001.5"))
    assert (second.terms.price, second.word.average) == (Decimal(35000), None)
    assert (first.word.waits, second.word.waits) == (Waits.NO, Waits.YES)


async def test_a_refused_subscription_is_no_empty_list() -> None:
    """A token that is not good, for one."""
    venue, wire = connector(ok({"token": "t0ken", "expires": 900}))
    refusal = {"method": "subscribe", "success": False, "error": "ESession:Invalid session"}
    wire.sockets.append(PaperSocket([refusal]))

    with pytest.raises(VenueRefused, match="Invalid session"):
        await venue.fresh_open_orders()


def test_reducing_is_for_margin() -> None:
    """What is sold for cash reduces no position."""
    venue, _ = connector()

    assert venue.why_unfit(replace(TERMS, reduce_only=True))
    assert not venue.why_unfit(TERMS)


async def test_the_dead_mans_switch_counts_seconds() -> None:
    """Nought disarms it; a refusal is told in the venue's words."""
    times = {"currentTime": "2026-01-20T15:49:29Z", "triggerTime": "2026-01-20T15:50:29Z"}
    venue, wire = connector(ok(times), no("EGeneral:Invalid arguments:timeout"))

    await venue.arm(60)
    with pytest.raises(VenueRefused, match="timeout"):
        await venue.arm(0)

    assert [it.target for it in wire.asked] == ["/0/private/CancelAllOrdersAfter"] * 2
    assert [it.form["timeout"] for it in wire.asked] == ["60", "0"]


@pytest.mark.parametrize(
    ("ordertype", "misc", "expected"),
    [
        ("limit", "partial", Waits.NO),
        ("stop-loss", "", Waits.YES),
        ("trailing-stop-limit", "", Waits.YES),
        ("take-profit-limit", "", Waits.YES),
        ("stop-loss-limit", "stopped", Waits.NO),
        ("take-profit-limit", "touched,partial", Waits.NO),
    ],
)
def test_a_list_tells_whether_an_order_waits(ordertype: str, misc: str, expected: Waits) -> None:
    """By its type, and by what has happened to it."""
    descr = Description(pair="BTC/USD", type="buy", ordertype=ordertype)
    order = OrderInfo(status="open", descr=descr, vol=Decimal(1), vol_exec=Decimal(0), misc=misc)

    assert waits(order) is expected


async def test_a_price_that_is_a_distance_is_read_as_where_it_is_now() -> None:
    """Trailing stops are described by how far behind they follow; a list must not fail on that."""
    trailing = info("open") | {
        "descr": {
            "pair": "XBTUSD",
            "type": "sell",
            "ordertype": "trailing-stop",
            "price": "+2.0000%",
        },
        "stopprice": "49000.00000",
    }
    venue, wire = connector(
        ok({"open": {"O1": trailing, "O2": info("open")}}),
        ok({"token": "t0ken", "expires": 900}),
    )
    said = {
        "order_id": "O1",
        "symbol": "BTC/USD",
        "order_qty": 0.5,
        "side": "sell",
        "order_type": "trailing-stop-limit",
        "limit_price": -100.0,
        "limit_price_type": "quote",
        "triggers": {
            "price": 2.0,
            "price_type": "pct",
            "actual_price": 49000.0,
            "status": "untriggered",
        },
        "order_status": "new",
    }
    snapshot = {"channel": "executions", "type": "snapshot", "data": [said], "sequence": 1}
    wire.sockets.append(PaperSocket([{"method": "subscribe", "success": True}, snapshot]))

    one, two = await venue.open_orders()
    (heard,) = await venue.fresh_open_orders()

    assert (one.terms.price, one.word.waits) == (Decimal(49000), Waits.YES)
    assert two.terms.price == Decimal(40000)
    assert (heard.terms.price, heard.word.waits) == (Decimal(49000), Waits.YES)


async def test_what_has_ended_of_late_is_asked_page_by_page() -> None:
    """By the time of the end, the newest first; with the terms."""

    def page(first: int, size: int) -> object:
        rows = {
            f"O{n}": info("canceled", cl_ord_id="") | {"closetm": 1_000.25}
            for n in range(first, first + size)
        }
        return ok({"closed": rows, "count": 51})

    venue, wire = connector(page(0, 50), page(50, 1))

    past = await venue.ended_since(Nanos(1_000 * 10**9))

    asked = [it.form for it in wire.asked]
    assert [(it["start"], it["closetime"], it["ofs"]) for it in asked] == [
        ("999", "close", "0"),
        ("999", "close", "50"),
    ]
    assert past.is_whole and len(past.ended) == 51
    last = past.ended[-1]
    assert (last.order.order_id, last.time) == ("O50", 1_000_250_000_000)
    assert last.order.word.standing is Standing.CANCELED
    assert (last.order.terms.side, last.order.terms.price) == (Side.SELL, Decimal(40_000))


async def test_the_past_is_left_alone_when_questions_are_short() -> None:
    """A page counts for four of them; enough is left to look at what is open."""
    rows = {f"O{n}": info("canceled") | {"closetm": 1_000.25} for n in range(50)}
    venue, wire = connector(*[ok({"closed": rows, "count": 1_000})] * 4)

    first = await venue.ended_since(Nanos(0))
    second = await venue.ended_since(Nanos(0))

    assert len(wire.asked) == 3
    assert (len(first.ended), first.is_whole) == (50, False)
    assert second == Past()
