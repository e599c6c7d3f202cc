"""Numbers, names and times in and out of CoinAPI EMS."""

import json
from contextlib import suppress
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace

from openvenue.ems.orders import Fill, Order, Status, TimeInForce
from openvenue.engine.units import Nanos
from openvenue.gateways.coinapi_ems import DEFAULT, auth, codec
from openvenue.gateways.coinapi_ems.errors import Unauthorized, Unreadable, encode_rejected
from tests.unit.ems.scene import ANN, BOB, FUTURES, ONE, TERMS
from tests.unit.gateways.door_doubles import request

ORDER = {
    "exchange_id": "KRAKENFTS",
    "client_order_id": "one",
    "symbol_id_exchange": "PF_XBTUSD",
    "amount_order": 0.5,
    "price": 40000,
    "side": "BUY",
    "order_type": "LIMIT",
    "time_in_force": "GOOD_TILL_CANCEL",
}
KEYS = {"annskey": ANN, "bobskey": BOB}


def body(**more: object) -> bytes:
    """The body of a new order."""
    return json.dumps({**ORDER, **more}).encode()


def decoded(text: bytes) -> codec.NewOrder:
    """What the gateway makes of it."""
    return codec.decode_order(text)


def test_an_order_is_read_with_its_digits() -> None:
    """No float touches it: one atom of a large quantity stays."""
    text = body().replace(b"40000", b"12345678901234567890.123456789")

    order = decoded(text)

    assert order.terms.price == Decimal("12345678901234567890.123456789")
    assert (order.exchange_id, order.cl_ord_id) == ("KRAKENFTS", ONE)


@pytest.mark.parametrize(
    "more",
    [
        {"amount_order": -1},
        {"amount_order": None},
        {"price": [1]},
        {"price": True},
        {"side": "buy"},
        {"side": None},
        {"order_type": "STOP"},
        {"time_in_force": "GTC"},
        {"exec_inst": "MAKER_OR_CANCEL"},
        {"exec_inst": ["REDUCE_ONLY"]},
        {"client_order_id": " "},
        {"client_order_id": "x" * 257},
        {"symbol_id_exchange": "x" * 257},
        {"symbol_id_exchange": ""},
        {"exchange_id": 5},
    ],
)
def test_what_does_not_fit_is_refused(more: dict[str, object]) -> None:
    """With the member's name in the reason."""
    with pytest.raises(Unreadable, match=next(iter(more))):
        decoded(body(**more))


def test_unknown_members_are_passed_over_and_instructions_are_kept_once() -> None:
    """As the framework behind the real service does."""
    order = decoded(body(time_order="x", exec_inst=["MAKER_OR_CANCEL", "MAKER_OR_CANCEL"]))

    assert order.terms.instructions == ("MAKER_OR_CANCEL",)
    assert order.terms.time_in_force is TimeInForce.GTC


@given(st.binary(max_size=60))
def test_no_bytes_at_all_do_more_than_be_refused(junk: bytes) -> None:
    """Whatever is sent, the answer is a sentence."""
    for decode in (codec.decode_order, codec.decode_cancel, codec.decode_cancel_all):
        with pytest.raises(Unreadable):
            decode(junk)


@given(st.binary(max_size=40))
def test_no_query_does_more_than_be_refused(junk: bytes) -> None:
    """The same for questions."""
    asked = request("GET", "/v1/orders", query=junk)
    with suppress(Unreadable):
        assert codec.decode_filter(asked) != ""
    with pytest.raises(Unauthorized):
        auth.authenticate(asked, KEYS)


def test_the_key_is_taken_from_the_header_then_from_the_query() -> None:
    """And is shown to nobody: the log keeps four characters."""
    both = request("GET", "/", query=b"apikey=bobskey", x_coinapi_key="annskey")
    query = request("GET", "/", query=b"exchange_id=X&apikey=bobskey")

    assert auth.authenticate(both, KEYS) == ANN
    assert auth.authenticate(query, KEYS) == BOB
    assert query.note == {"key": "bobs", "account": "bob"}
    for wrong in (request("GET", "/"), request("GET", "/", x_coinapi_key="ann")):
        with pytest.raises(Unauthorized):
            auth.authenticate(wrong, KEYS)


def test_a_report_tells_fills_and_leaves_out_what_is_not_known() -> None:
    """A null breaks clients; so does a number in quotes."""
    order = Order(
        account=FUTURES,
        cl_ord_id=ONE,
        terms=replace(TERMS, common_symbol=""),
        venue_cl_ord_id="uuid",
        order_id="X1",
        status=Status.PARTIALLY_FILLED,
        filled=Decimal("0.20"),
        average=Decimal("40000.50"),
        fills=(Fill(Nanos(0), Decimal("40000.5"), Decimal("0.2")),),
    )

    told = msgspec.json.encode(codec.encode_report(order, DEFAULT))

    report = json.loads(told)
    assert b"null" not in told
    assert "symbol_id_coinapi" not in report
    assert report["amount_open"] == 0.3 and b'"amount_open":0.3,' in told
    assert report["avg_px"] == 40000.5
    assert report["fills"] == [
        {"time": "1970-01-01T00:00:00.0000000Z", "price": 40000.5, "amount": 0.2}
    ]


def test_a_refused_request_is_quoted_as_it_was_sent() -> None:
    """Digits and order of members stay; the type word comes last."""
    asked = {"exchange_id": Raw(b'"K"'), "price": Raw(b"1.50")}

    assert encode_rejected(asked, "ORDER_X") == '{"exchange_id":"K","price":1.50,"type":"ORDER_X"}'
