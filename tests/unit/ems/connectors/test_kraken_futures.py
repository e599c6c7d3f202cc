"""Kraken Futures as its client sees it: what is sent, and what its answers mean."""

from base64 import b64decode, b64encode
from decimal import Decimal

import pytest
from msgspec.structs import replace

from openvenue.ems.commands import Standing, Word
from openvenue.ems.connectors.http import time_of
from openvenue.ems.connectors.kraken_futures import KrakenFuturesConnector
from openvenue.ems.connectors.kraken_futures.auth import sign, sign_challenge
from openvenue.ems.connectors.port import Gone, OrderName, Relayed, Silent, VenueRefused
from openvenue.ems.orders import Fill, Side, Terms, TimeInForce, Waits
from openvenue.engine.units import Nanos
from openvenue.gateways.kraken_futures import auth
from tests.unit.ems.connectors.doubles import PaperSocket, PaperWire, account
from tests.unit.ems.scene import TERMS, ToldTime

SECRET = b64encode(bytes(range(64))).decode()
TIME = "2026-01-02T03:04:05.678Z"
NAME = OrderName("X1", "ours", "PF_XBTUSD", Nanos(0))
UNNAMED = OrderName("", "ours", "PF_XBTUSD", Nanos(0))


def connector(*answers: object) -> tuple[KrakenFuturesConnector, PaperWire]:
    """A client that hears these answers."""
    wire = PaperWire(*answers)
    made = KrakenFuturesConnector(account("kraken_futures", "key", SECRET), wire, ToldTime())
    return made, wire


def sent(status: str, *events: dict[str, object]) -> dict[str, object]:
    """An answer to sendorder."""
    told = {"status": status, "order_id": "X1", "receivedTime": TIME, "orderEvents": list(events)}
    return {"result": "success", "sendStatus": told}


def execution(amount: str, price: str) -> dict[str, object]:
    """One part of an order traded."""
    return {"type": "EXECUTION", "amount": float(amount), "price": float(price)}


def book(filled: float = 0.0, **more: object) -> dict[str, object]:
    """An order as order events show it."""
    return {"orderId": "X1", "cliOrdId": "ours", "quantity": 0.5, "filled": filled, **more}


def status(word: str, filled: float = 0.0, error: str | None = None) -> dict[str, object]:
    """An answer to orders/status."""
    entry = {"order": book(filled), "status": word, "updateReason": None, "error": error}
    return {"result": "success", "orders": [entry]}


async def test_an_order_is_sent_and_signed_as_the_venue_reads_it() -> None:
    """The same text under the same secret gives what the venue's own reader expects."""
    venue, wire = connector(sent("placed", {"type": "PLACE", "order": book()}))

    word = await venue.place("ours", TERMS)

    (asked,) = wire.asked
    assert (asked.method, asked.target) == ("POST", "/derivatives/api/v3/sendorder")
    assert asked.form == {
        "orderType": "lmt",
        "symbol": "PF_XBTUSD",
        "side": "buy",
        "size": "0.5",
        "limitPrice": "40000",
        "cliOrdId": "ours",
    }
    nonce = asked.headers["Nonce"]
    text = asked.body + nonce.encode() + b"/api/v3/sendorder"
    assert asked.headers["Authent"].encode() == auth.Signer(bytes(range(64))).sign(text)
    assert word == Word(standing=Standing.OPEN, order_id="X1")


async def test_no_nonce_is_used_twice() -> None:
    """However quickly requests follow one another."""
    venue, wire = connector(*[{"result": "success", "openOrders": []}] * 3)

    for _ in range(3):
        await venue.open_orders()

    nonces = [int(asked.headers["Nonce"]) for asked in wire.asked]
    assert nonces == sorted(set(nonces))


@pytest.mark.parametrize(
    ("events", "standing", "filled"),
    [
        ([{"type": "PLACE", "order": book()}], Standing.OPEN, "0"),
        ([execution("0.2", "40000"), {"type": "PLACE", "order": book(0.2)}], Standing.OPEN, "0.2"),
        ([execution("0.2", "40000"), execution("0.3", "39990")], Standing.FILLED, "0.5"),
        ([execution("0.2", "40000")], Standing.CANCELED, "0.2"),
        ([], Standing.OPEN, "0"),
    ],
)
async def test_order_events_say_what_an_order_did_at_once(
    events: list[dict[str, object]], standing: Standing, filled: str
) -> None:
    """Without a PLACE nothing of it stands in the book."""
    venue, _ = connector(sent("placed", *events))

    word = await venue.place("ours", TERMS)

    assert word.standing is standing
    assert word.filled == Decimal(filled)
    assert sum(fill.quantity for fill in word.fills) == Decimal(filled)


async def test_the_average_is_weighed_by_quantity() -> None:
    """Two fills at two prices."""
    venue, _ = connector(sent("placed", execution("0.2", "40000"), execution("0.3", "39990")))

    word = await venue.place("ours", TERMS)

    assert word.average == Decimal(39994)
    assert word.fills[0] == Fill(time_of(TIME), Decimal(40000), Decimal("0.2"))


@pytest.mark.parametrize("error", ["Server Error", "Unavailable"])
async def test_a_venue_that_cannot_answer_has_not_refused(error: str) -> None:
    """It may have stopped with the order on its disk already."""
    venue, _ = connector({"result": "error", "error": error})

    with pytest.raises(Silent, match=error):
        await venue.place("ours", TERMS)


async def test_a_refusal_is_told_in_the_venues_words() -> None:
    """A status that is not `placed`, or an error: it is not there."""
    for answer, words in [
        (sent("insufficientAvailableFunds"), "insufficientAvailableFunds"),
        ({"result": "error", "error": "apiLimitExceeded"}, "apiLimitExceeded"),
    ]:
        venue, _ = connector(answer)
        with pytest.raises(VenueRefused, match=words):
            await venue.place("ours", TERMS)


async def test_an_answer_that_makes_no_sense_is_no_answer() -> None:
    """Nobody knows what became of the order."""
    answers: list[object] = [{"result": "success"}, [], {"result": "success", "sendStatus": 1}]
    for answer in answers:
        venue, _ = connector(answer)
        with pytest.raises(Silent):
            await venue.place("ours", TERMS)


async def test_a_cancel_tells_what_had_traded() -> None:
    """By the venue's id if it is known, else by the client's."""
    done = {"status": "cancelled", "orderEvents": [{"type": "CANCEL", "order": book(0.2)}]}
    venue, wire = connector(
        {"result": "success", "cancelStatus": done},
        {"result": "success", "cancelStatus": {"status": "notFound"}},
        {"result": "success", "cancelStatus": {"status": "filled"}},
        {"result": "success", "cancelStatus": {"status": "cancelled", "orderEvents": []}},
    )

    word = await venue.cancel(NAME)
    others = [await venue.cancel(UNNAMED) for _ in range(3)]

    assert isinstance(word, Word) and word.filled == Decimal("0.2")
    assert others == [Gone(), Gone(), Relayed()]
    assert wire.asked[0].form == {"order_id": "X1"}
    assert wire.asked[1].form == {"cliOrdId": "ours"}


async def test_a_mass_cancel_tells_of_every_kind_of_order() -> None:
    """Waiting orders have a shape of their own."""
    events = [
        {"type": "CANCEL", "uid": "X1", "order": book(0.1)},
        {"type": "CANCEL", "uid": "X2", "orderTrigger": {"uid": "X2", "clientId": None}},
    ]
    listed = [{"order_id": it} for it in ("X1", "X2", "X3")]
    told = {"status": "cancelled", "cancelledOrders": listed, "orderEvents": events}
    venue, wire = connector({"result": "success", "cancelStatus": told})

    done = await venue.cancel_all()

    assert wire.asked[0].form == {}
    assert [(it.cl_ord_id, it.word.order_id, it.word.filled) for it in done.told] == [
        ("ours", "X1", Decimal("0.1")),
        ("", "X2", Decimal(0)),
    ]
    assert done.count == 3, "of one there is no event"


async def test_a_mass_cancel_tells_terms() -> None:
    """By which orders are known that nobody had heard of."""
    terms = {"symbol": "PF_XBTUSD", "side": "sell", "reduceOnly": True}
    trigger = {"uid": "X2", "clientId": None, "quantity": 2, "triggerPrice": 30000, **terms}
    events = [
        {"type": "CANCEL", "uid": "X1", "order": book(0.1, limitPrice=40000, **terms)},
        {"type": "CANCEL", "uid": "X2", "orderTrigger": trigger},
    ]
    told = {"status": "cancelled", "orderEvents": events}
    venue, _ = connector({"result": "success", "cancelStatus": told})

    one, two = (await venue.cancel_all()).told

    assert one.terms is not None and two.terms is not None
    assert (one.terms.symbol, one.terms.side, one.terms.quantity, one.terms.price) == (
        "PF_XBTUSD",
        Side.SELL,
        Decimal("0.5"),
        Decimal(40_000),
    )
    assert (two.terms.quantity, two.terms.price) == (Decimal(2), Decimal(30_000))
    assert one.terms.reduce_only and one.terms.common_symbol == "KRAKENFTS_PERP_BTC_USD"
    assert two.word.waits is Waits.YES


async def test_open_orders_are_read_whole() -> None:
    """What waits for its price is among them."""
    rows = [
        {
            "order_id": "X1",
            "cliOrdId": "ours",
            "symbol": "PF_XBTUSD",
            "side": "buy",
            "orderType": "lmt",
            "limitPrice": 40000,
            "unfilledSize": 0.3,
            "filledSize": 0.2,
        },
        {
            "order_id": "X2",
            "symbol": "PF_XBTUSD",
            "side": "sell",
            "orderType": "stp",
            "stopPrice": 30000,
            "unfilledSize": 1,
            "filledSize": 0,
        },
    ]
    venue, _ = connector({"result": "success", "openOrders": rows})

    one, two = await venue.open_orders()

    assert one.names == ("ours", "X1") and one.word.filled == Decimal("0.2")
    assert one.terms == TERMS
    assert two.names == ("", "X2") and two.terms.side is Side.SELL
    assert two.terms.price == Decimal(30000)


@pytest.mark.parametrize(
    ("word", "standing"),
    [
        ("ENTERED_BOOK", Standing.OPEN),
        ("TRIGGER_PLACED", Standing.OPEN),
        ("CANCELLED", Standing.CANCELED),
        ("REJECTED", Standing.REJECTED),
    ],
)
async def test_an_order_is_found_by_its_status(word: str, standing: Standing) -> None:
    """One request, where nothing of it traded."""
    venue, wire = connector(status(word, error="MARKET_SUSPENDED"))

    found = await venue.find(UNNAMED)

    assert found is not None and found.standing is standing
    assert found.message == "MARKET_SUSPENDED"
    assert wire.asked[0].form == {"cliOrdIds": "ours"}


async def test_the_fills_of_an_order_are_looked_up_back_to_when_it_was_sent() -> None:
    """Pages, newest first; other orders' fills are left out."""

    def fill(order_id: str, second: int) -> dict[str, object]:
        time = f"2026-01-01T00:00:{second:02d}.000Z"
        return {"order_id": order_id, "size": 0.1, "price": 40000, "fillTime": time}

    pages = [[fill("X1", 9), fill("X9", 8)], [fill("X1", 7), fill("X9", 1)]]
    venue, wire = connector(
        status("ENTERED_BOOK", 0.2), *({"result": "success", "fills": page} for page in pages)
    )
    since = time_of("2026-01-01T00:00:05.000Z")

    found = await venue.find(replace(NAME, since=since))

    assert found is not None and found.filled == Decimal("0.2")
    assert [it.time for it in found.fills] == [
        time_of("2026-01-01T00:00:07.000Z"),
        time_of("2026-01-01T00:00:09.000Z"),
    ]
    assert "lastFillTime=2026-01-01T00%3A00%3A08.000Z" in wire.asked[2].target


async def test_an_order_that_has_been_forgotten_is_known_by_what_it_traded() -> None:
    """Its status is told for seconds only. Without a fill it is not known at all."""
    entry = {"order_id": "X1", "cliOrdId": "ours", "size": 0.5, "price": 1, "fillTime": TIME}
    nothing: dict[str, object] = {"result": "success", "orders": []}
    venue, _ = connector(
        nothing,
        {"result": "success", "fills": [entry]},
        {"result": "success", "fills": []},
        nothing,
        {"result": "success", "fills": []},
    )

    found = await venue.find(UNNAMED)

    assert found is not None and found.filled == Decimal("0.5")
    assert await venue.find(UNNAMED) is None


async def test_wallets_are_summed_by_asset() -> None:
    """Three types of wallet, two of them with dollars."""
    accounts = {
        "cash": {"type": "cashAccount", "balances": {"xbt": 1}},
        "flex": {
            "type": "multiCollateralMarginAccount",
            "currencies": {"USD": {"quantity": 100, "available": 60.5}},
        },
        "fi_xbtusd": {
            "type": "marginAccount",
            "currency": "xbt",
            "balances": {"xbt": 2, "pi_xbtusd": 5},
            "auxiliary": {"af": 1.5},
        },
    }
    venue, _ = connector({"result": "success", "accounts": accounts})

    found = {it.asset: it for it in await venue.balances()}

    assert found["XBT"].balance == 3 and found["XBT"].available == Decimal("2.5")
    assert found["XBT"].common_asset == "BTC"
    assert found["USD"].locked == Decimal("39.5")


def test_what_this_api_cannot_say_is_known_before_it_is_sent() -> None:
    """The desk refuses it with these words."""
    venue, _ = connector()

    def why(time_in_force: TimeInForce, *instructions: str) -> str:
        terms: Terms = replace(TERMS, time_in_force=time_in_force, instructions=instructions)
        return venue.why_unfit(terms)

    assert why(TimeInForce.GTC) == why(TimeInForce.GTC, "MAKER_OR_CANCEL") == ""
    assert why(TimeInForce.FOK) == why(TimeInForce.IOC) == ""
    assert "GOOD_TILL_TIME" in why(TimeInForce.GTD_DESK)
    assert "AUCTION_ONLY" in why(TimeInForce.GTC, "AUCTION_ONLY")
    assert "goes with" in why(TimeInForce.IOC, "MAKER_OR_CANCEL")


def test_the_signature_is_the_venues() -> None:
    """Both ends work it out for themselves."""
    secret = b"s" * 64

    ours = sign(secret, "/api/v3/x", "5", "a=b")

    assert ours.encode() == auth.Signer(secret).sign(b"a=b5/api/v3/x")


def feed_order(**more: object) -> dict[str, object]:
    """An order as the feed shows it."""
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
        "direction": 1,
        "reduce_only": True,
    } | more


async def test_a_fresh_list_comes_from_a_new_subscription() -> None:
    """It is proof by a second way: signed, and read in the feed's own shape."""
    venue, wire = connector()
    wire.sockets.append(
        PaperSocket(
            [
                {"event": "info", "version": 1},
                {"event": "challenge", "message": "226aee50"},
                {"event": "subscribed", "feed": "open_orders"},
                {
                    "feed": "open_orders_snapshot",
                    "account": "a",
                    "orders": [
                        feed_order(),
                        feed_order(order_id="X2", limit_price=0.0, stop_price=35000.0),
                    ],
                },
            ]
        )
    )

    first, second = await venue.fresh_open_orders()

    assert wire.paths == ["/ws/v1"]
    assert wire.sockets[0].said == [
        {"event": "challenge", "api_key": "key"},
        {
            "event": "subscribe",
            "feed": "open_orders",
            "api_key": "key",
            "original_challenge": "226aee50",
            "signed_challenge": sign_challenge(bytes(range(64)), "226aee50"),
        },
    ]
    assert first.names == ("ours", "X1")
    assert first.word == Word(
        standing=Standing.OPEN, order_id="X1", filled=Decimal("0.1"), waits=Waits.NO
    )
    assert second.word.waits is Waits.YES
    assert (first.terms.side, first.terms.quantity) == (Side.SELL, Decimal("0.5"))
    assert first.terms.reduce_only
    assert (first.terms.price, second.terms.price) == (Decimal(40000), Decimal(35000))


@pytest.mark.parametrize("event", ["alert", "error", "subscribed_failed"])
async def test_a_refused_subscription_is_no_empty_list(event: str) -> None:
    """Nothing heard is not nothing there."""
    venue, wire = connector()
    wire.sockets.append(PaperSocket([{"event": event, "message": "Invalid API key"}]))
    with pytest.raises(VenueRefused, match="Invalid API key"):
        await venue.fresh_open_orders()

    wire.sockets.append(PaperSocket([{"event": "challenge", "message": "226aee50"}]))
    with pytest.raises(Silent):
        await venue.fresh_open_orders()


def test_a_challenge_is_signed_as_published() -> None:
    """The vector that the venue itself prints."""
    secret = (
        "7zxMEF5p/Z8l2p2U7Ghv6x14Af+Fx+92tPgUdVQ748FOIrEoT9bgT+bTRfXc5pz8na+hL/QdrCVG7bh9KpT0eMTm"
    )
    signed = (
        "4JEpF3ix66GA2B+ooK128Ift4XQVtc137N9yeg4Kqsn9PI0Kpzbysl9M1IeCEdjg0zl00wkVqcsnG4bmnlMb3A=="
    )

    assert sign_challenge(b64decode(secret), "c100b894-1729-464d-ace1-52dbce11db42") == signed


async def test_an_order_that_may_only_reduce_says_so() -> None:
    """The member is left out otherwise."""
    venue, wire = connector(sent("placed"), sent("placed"))

    await venue.place("ours", replace(TERMS, reduce_only=True))
    await venue.place("ours", TERMS)

    assert wire.asked[0].form["reduceOnly"] == "true"
    assert "reduceOnly" not in wire.asked[1].form


async def test_the_dead_mans_switch_counts_seconds() -> None:
    """Nought disarms it."""
    venue, wire = connector({"result": "success", "status": {}}, {"result": "success"})

    await venue.arm(60)
    await venue.arm(0)

    assert [it.target for it in wire.asked] == ["/derivatives/api/v3/cancelallordersafter"] * 2
    assert [it.form for it in wire.asked] == [{"timeout": "60"}, {"timeout": "0"}]
