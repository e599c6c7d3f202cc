"""Pacifica as its client sees it."""

import json
from decimal import Decimal

import pytest

from openvenue.ems.commands import Standing, Word
from openvenue.ems.connectors.pacifica import PacificaConnector
from openvenue.ems.connectors.pacifica.auth import canonical
from openvenue.ems.connectors.pacifica.words import waits
from openvenue.ems.connectors.port import (
    Gone,
    MassCanceled,
    OrderName,
    Past,
    Silent,
    VenueRefused,
)
from openvenue.ems.orders import Side, Waits
from openvenue.engine.units import Nanos
from tests.unit.ems.connectors.doubles import PaperSocket, PaperWire, account
from tests.unit.ems.scene import TERMS, ToldTime

# A key pair of the numbers 1 to 32: nobody's.
WALLET = "9C6hybhQ6Aycep9jaUnP6uL9ZYvDjUp1aSkFWPUFJtpj"
PRIVATE = "2Ana1pUpv2ZbMVkwF5FXapYeBEjdxDatLn7nvJkhgTSdZd8hbDHTd21as7EAsg7ypityqfsw2pMQKJcVDVcAEsd"
SIGNED = "zgQVMAE2vV58BMLCpdfBuo2rzWpmotGLeLtt74pk3d86ZeqUaXofrX7yB7E11FEym8nY2JDQDE19yU1KKMzm3na"
NAME = OrderName("7", "ours", "BTC", Nanos(0))
UNNAMED = OrderName("", "ours", "BTC", Nanos(0))


class Still(ToldTime):
    """Always the moment of the vector."""

    def wall(self) -> Nanos:
        return Nanos(1_750_000_000_000 * 10**6)


def connector(*answers: object) -> tuple[PacificaConnector, PaperWire]:
    """A client that hears these answers."""
    wire = PaperWire(*answers)
    return PacificaConnector(account("pacifica", WALLET, PRIVATE), wire, Still()), wire


def ok(data: object, **more: object) -> dict[str, object]:
    """A success."""
    return {"success": True, "data": data, "error": None, "code": None, **more}


def no(error: str) -> dict[str, object]:
    """A refusal."""
    return {"success": False, "data": None, "error": error, "code": 400}


def row(order_id: int = 7, **more: object) -> dict[str, object]:
    """An open order."""
    return {
        "order_id": order_id,
        "client_order_id": "ours",
        "symbol": "BTC",
        "side": "ask",
        "price": "40000",
        "initial_amount": "0.5",
        "filled_amount": "0.1",
        "cancelled_amount": "0",
        "stop_price": None,
    } | more


def past(status: str, **more: object) -> dict[str, object]:
    """An order in the history."""
    return {
        "order_id": 7,
        "client_order_id": "ours",
        "amount": "0.5",
        "filled_amount": "0.5",
        "average_filled_price": "40001",
        "order_status": status,
        "reason": None,
        "created_at": 1_750_000_000_000,
    } | more


async def test_a_cancel_all_is_signed_as_it_has_to_be() -> None:
    """Text and signature of a vector that three independent libraries agree on."""
    venue, wire = connector(ok({"cancelled_count": 3}))

    assert await venue.cancel_all() == MassCanceled(count=3)

    header = {"expiry_window": 5000, "timestamp": 1_750_000_000_000}
    data = {"exclude_reduce_only": False, "all_symbols": True}
    assert canonical("cancel_all_orders", header, data) == (
        b'{"data":{"all_symbols":true,"exclude_reduce_only":false},"expiry_window":5000,'
        b'"timestamp":1750000000000,"type":"cancel_all_orders"}'
    )
    assert wire.asked[0].target == "/api/v1/orders/cancel_all"
    assert json.loads(wire.asked[0].body) == {
        "account": WALLET,
        "signature": SIGNED,
        **header,
        **data,
    }


async def test_an_order_is_sent_and_then_asked_for() -> None:
    """Its answer is an id and no more."""
    venue, wire = connector(ok({"order_id": 7}), ok([row()]))

    word = await venue.place("ours", TERMS)

    body = json.loads(wire.asked[0].body)
    for name in ("account", "signature", "timestamp", "expiry_window"):
        del body[name]
    assert body == {
        "symbol": "PF_XBTUSD",
        "price": "40000",
        "amount": "0.5",
        "side": "bid",
        "tif": "GTC",
        "reduce_only": False,
        "client_order_id": "ours",
    }
    assert word == Word(standing=Standing.OPEN, order_id="7", filled=Decimal("0.1"), waits=Waits.NO)


async def test_answers_without_an_envelope_are_read_too() -> None:
    """As earlier versions of the venue gave them."""
    venue, _ = connector({"order_id": 7}, [row()], {"error": "Invalid parameters", "code": 400})

    word = await venue.place("ours", TERMS)

    assert word.order_id == "7"
    with pytest.raises(VenueRefused, match="Invalid parameters"):
        await venue.cancel_all()


async def test_a_waiting_order_is_canceled_on_its_own_path() -> None:
    """The first path does not find it."""
    venue, wire = connector(
        no("Failed to cancel order"), ok(None), ok([]), ok([past("cancelled")], has_more=False)
    )

    word = await venue.cancel(NAME)

    assert isinstance(word, Word) and word.standing is Standing.CANCELED
    assert wire.asked[1].target == "/api/v1/orders/stop/cancel"
    assert json.loads(wire.asked[1].body)["order_id"] == 7


async def test_an_order_that_is_found_on_neither_path_is_gone() -> None:
    """Other refusals are refusals."""
    venue, _ = connector(no("Order not found"), no("Stop order not found"), no("Beta access"))

    assert await venue.cancel(UNNAMED) == Gone()
    with pytest.raises(VenueRefused, match="Beta"):
        await venue.cancel(NAME)


async def test_an_order_that_stood_was_not_refused() -> None:
    """`rejected` is also the last status of what was in the way of the account's own next order."""
    venue, _ = connector(ok([]), ok([past("rejected", reason="self_trade_prevented")]))

    found = await venue.find(UNNAMED)

    assert found is not None and found.standing is Standing.CANCELED


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("filled", Standing.FILLED),
        ("cancelled", Standing.CANCELED),
        ("rejected", Standing.REJECTED),
        ("partially_filled", Standing.OPEN),
    ],
)
async def test_an_ended_order_is_found_in_the_history(status: str, standing: Standing) -> None:
    """Page by page."""
    venue, wire = connector(
        ok([]),
        ok([past("filled", order_id=1, client_order_id=None)], has_more=True, next_cursor="next"),
        ok([past(status)], has_more=False),
    )

    found = await venue.find(UNNAMED)

    assert found is not None and found.standing is standing
    assert found.average == Decimal(40001)
    assert "cursor=next" in wire.asked[2].target and WALLET in wire.asked[2].target


async def test_what_is_in_neither_list_is_not_there() -> None:
    """Only an answer can say so."""
    venue, _ = connector(ok([]), ok([], has_more=False), ok("nonsense"))

    assert await venue.find(UNNAMED) is None
    with pytest.raises(Silent):
        await venue.open_orders()


async def test_money_and_positions_are_read() -> None:
    """Cash, spot assets, and both sides."""
    spot = [{"symbol": "SOL", "amount": "3", "available_to_withdraw": "2"}]
    position = {
        "symbol": "BTC",
        "side": "ask",
        "amount": "0.5",
        "entry_price": "40000.5",
        "isolated": True,
        "liquidation_price": None,
    }
    venue, _ = connector(
        ok({"balance": "100.5", "available_to_spend": "60", "spot_balances": spot}), ok([position])
    )

    cash, sol = await venue.balances()
    (short,) = await venue.positions()

    assert (cash.balance, cash.locked) == (Decimal("100.5"), Decimal("40.5"))
    assert (sol.asset, sol.locked) == ("SOL", Decimal(1))
    assert short.side is Side.SELL and short.is_cross is False
    assert short.common_symbol == "PACIFICA_PERP_BTC_USD"


async def test_a_fresh_list_comes_from_a_new_subscription() -> None:
    """Whose acknowledgement comes first. TWAPs have no such list, and are asked for beside it."""
    venue, wire = connector(ok([]))
    row = {"i": 7, "I": "ours", "s": "BTC", "d": "ask", "p": "40000", "a": "0.5", "f": "0.1"}
    stop = {"i": 8, "I": None, "s": "BTC", "d": "bid", "p": "0", "a": "1", "f": "0", "sp": "9"} | {
        "ot": "stop_market"
    }
    wire.sockets.append(
        PaperSocket(
            [
                {"channel": "subscribe", "data": {"source": "account_orders", "account": WALLET}},
                {"channel": "account_orders", "data": [row | {"ro": True}, stop], "li": 1},
            ]
        )
    )

    first, second = await venue.fresh_open_orders()

    assert wire.paths == ["/ws"]
    assert [it["params"]["source"] for it in wire.sockets[0].said] == [
        "account_order_updates",
        "account_trades",
        "account_twap_order_updates",
        "account_orders",
    ]
    assert {it["params"]["account"] for it in wire.sockets[0].said} == {WALLET}
    assert (first.names, second.names) == (("ours", "7"), ("", "8"))
    assert first.word == Word(
        standing=Standing.OPEN, order_id="7", filled=Decimal("0.1"), waits=Waits.NO
    )
    assert second.word.waits is Waits.YES
    assert (first.terms.side, first.terms.reduce_only) == (Side.SELL, True)
    assert second.terms.price == Decimal(9)


async def test_silence_is_no_empty_list() -> None:
    """The real service says nothing at all to what it does not know."""
    venue, wire = connector()
    wire.sockets.append(PaperSocket([]))
    with pytest.raises(Silent):
        await venue.fresh_open_orders()

    wire.sockets.append(PaperSocket([{"code": 400, "err": "Invalid request", "t": 1}]))
    with pytest.raises(VenueRefused, match="Invalid request"):
        await venue.fresh_open_orders()


async def test_there_is_no_dead_mans_switch() -> None:
    """The desk does what it can instead, and says so."""
    venue, wire = connector()

    with pytest.raises(VenueRefused):
        await venue.arm(60)

    assert venue.capabilities.dead_mans_switch == "emulated"
    assert not wire.asked


@pytest.mark.parametrize(
    ("order_type", "stop_price", "filled", "expected"),
    [
        ("limit", None, "0", Waits.NO),
        ("stop_market", "9", "0", Waits.YES),
        ("take_profit_market", "9", "0", Waits.YES),
        ("stop_limit", "9", "0", Waits.UNTOLD),
        ("stop_limit", "9", "0.1", Waits.NO),
    ],
)
def test_a_list_tells_whether_an_order_waits_as_far_as_it_can(
    order_type: str, stop_price: str | None, filled: str, expected: Waits
) -> None:
    """A stop with a limit looks the same when it has been triggered, until it trades."""
    stop = None if stop_price is None else Decimal(stop_price)

    assert waits(order_type, stop, Decimal(filled)) is expected


def twap(order_id: int = 9, **more: object) -> dict[str, object]:
    """A TWAP that runs."""
    return {
        "order_id": order_id,
        "client_order_id": None,
        "symbol": "BTC",
        "side": "bid",
        "initial_amount": "0.5",
        "filled_amount": "0.1",
        "reduce_only": False,
    } | more


async def test_twaps_are_listed_with_the_orders() -> None:
    """Under a name that no order has, though one counter counts both."""
    venue, wire = connector(ok([row()]), ok([twap(), twap(10, reduce_only=True)]))

    order, first, second = await venue.open_orders()

    assert "twap" in venue.capabilities.lists
    assert [it.target.partition("?")[0] for it in wire.asked] == [
        "/api/v1/orders",
        "/api/v1/orders/twap",
    ]
    assert (order.order_id, first.order_id, second.order_id) == ("7", "twap-9", "twap-10")
    assert (first.terms.quantity, first.word.filled) == (Decimal("0.5"), Decimal("0.1"))
    assert second.terms.reduce_only and first.word.standing is Standing.OPEN


async def test_a_venue_without_twaps_has_none_and_any_other_no_is_no_list() -> None:
    """An empty list proves something; a list that was refused proves nothing."""
    venue, _ = connector(ok([row()]), no("Unsupported operation"))
    assert len(await venue.open_orders()) == 1
    for error in ("Internal server error", "Rate limit exceeded"):
        venue, _ = connector(ok([row()]), no(error))
        with pytest.raises(VenueRefused):
            await venue.open_orders()


async def test_a_twap_is_canceled_on_its_own_path_and_then_looked_for() -> None:
    """A cancel of what does not run is answered as one of what does: the lists decide."""
    done = {"order_id": 9, "filled_amount": "0.1", "order_status": "cancelled"}
    venue, wire = connector(ok(None), ok([]), ok([done]))

    word = await venue.cancel(OrderName("twap-9", "", "BTC", Nanos(0)))

    assert [it.target.partition("?")[0] for it in wire.asked] == [
        "/api/v1/orders/twap/cancel",
        "/api/v1/orders/twap",
        "/api/v1/orders/twap/history",
    ]
    body = json.loads(wire.asked[0].body)
    assert (body["symbol"], body["order_id"]) == ("BTC", 9)
    assert word == Word(
        standing=Standing.CANCELED,
        order_id="twap-9",
        filled=Decimal("0.1"),
        message="cancelled",
    )


async def test_a_twap_that_runs_on_is_told_as_open() -> None:
    """Whatever the cancel was answered."""
    venue, _ = connector(ok(None), ok([twap()]))

    word = await venue.cancel(OrderName("twap-9", "", "BTC", Nanos(0)))

    assert isinstance(word, Word) and word.standing is Standing.OPEN


async def test_what_has_ended_of_late_is_asked_page_by_page() -> None:
    """The newest orders come first, so an old one that ended now may stand on any page."""
    terms = {"symbol": "BTC", "side": "ask", "initial_price": "40000", "filled_amount": "0"}
    venue, wire = connector(
        ok(
            [
                past("open", **terms, updated_at=2_000),
                past("cancelled", order_id=6, **terms, updated_at=999),
            ],
            has_more=True,
            next_cursor="next",
        ),
        ok([past("cancelled", order_id=5, **terms, updated_at=2_000)], has_more=False),
    )

    told = await venue.ended_since(Nanos(10**9))

    assert [it.target.partition("?")[0] for it in wire.asked] == ["/api/v1/orders/history"] * 2
    assert "cursor=next" in wire.asked[1].target
    (only,) = told.ended
    assert told.is_whole
    assert (only.order.order_id, only.time) == ("5", 2 * 10**9)
    assert (only.order.terms.symbol, only.order.terms.side) == ("BTC", Side.SELL)
    assert only.order.word.standing is Standing.CANCELED


async def test_the_past_is_left_alone_when_credits_are_short() -> None:
    """A page costs twelve of them; what is kept for cancels is not touched."""
    venue, wire = connector(*[ok([], has_more=True, next_cursor="next")] * 5)

    assert await venue.ended_since(Nanos(0)) == Past()
    assert len(wire.asked) == 4
    assert await venue.ended_since(Nanos(0)) == Past()
    assert len(wire.asked) == 4
