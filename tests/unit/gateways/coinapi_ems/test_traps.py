"""What breaks the published clients of this API, and is therefore never sent.

Each test is one of the traps that the page lists ("Traps of the published clients").
"""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from openvenue.ems.connectors.port import Balance, Position
from openvenue.ems.order_log import Change
from openvenue.ems.orders import ExchangeId, Fill, Order, Side, Status, Terms, TimeInForce
from openvenue.engine.units import Nanos
from openvenue.gateways.coinapi_ems import DEFAULT, CoinApiEms, auth, codec
from openvenue.gateways.coinapi_ems.errors import Reason, Unauthorized
from openvenue.gateways.coinapi_ems.order_log import encode_change
from openvenue.gateways.wire import JSON, Response
from tests.conformance import coinapi_ems_contract as contract
from tests.unit.ems.scene import ANN, FUTURES, ONE, Scene
from tests.unit.gateways.door_doubles import request

numbers = st.decimals(min_value=0, max_value=10**12, places=8)
positive = st.decimals(min_value=Decimal("1e-8"), max_value=10**12, places=8)
optional = st.none() | numbers
times = st.integers(min_value=0, max_value=4 * 10**18).map(Nanos)
words = st.sampled_from(
    ["", "PF_XBTUSD", "3456456754", "{broken", '{"result":"error"}', "no “funds”"]
)
instructions = st.sampled_from(["MAKER_OR_CANCEL", "AUCTION_ONLY", "INDICATION_OF_INTEREST"])
terms = st.builds(
    Terms,
    symbol=words,
    common_symbol=words,
    side=st.sampled_from(Side),
    quantity=positive,
    price=positive,
    time_in_force=st.sampled_from(TimeInForce),
    expires=st.sampled_from(["", "2020-01-01T10:45:20.1677709Z"]),
    instructions=st.lists(instructions, unique=True).map(tuple),
)
orders = st.builds(
    Order,
    account=st.just(FUTURES),
    cl_ord_id=st.text(min_size=1),
    terms=terms,
    venue_cl_ord_id=words,
    order_id=words,
    status=st.sampled_from(Status),
    filled=numbers,
    average=optional,
    fills=st.lists(st.builds(Fill, times, numbers, numbers), max_size=3).map(tuple),
    history=st.lists(st.tuples(st.sampled_from(Status), times), max_size=4).map(tuple),
    message=words,
)
balances = st.builds(
    Balance,
    asset=words,
    common_asset=words,
    balance=numbers,
    available=numbers,
    locked=numbers,
)
positions = st.builds(
    Position,
    symbol=words,
    common_symbol=words,
    side=st.sampled_from(["BUY", "SELL"]),
    quantity=positive,
    average_price=numbers,
    unrealized=optional,
    leverage=optional,
    is_cross=st.none() | st.booleans(),
    liquidation_price=optional,
    raw=st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=2),
)


def fits(schema: dict[str, Any], answer: object) -> Any:
    """The answer as a client reads it, if it fits its model. Raises: ValidationError."""
    told = json.loads(msgspec.json.encode(answer))
    Draft202012Validator(schema).validate(told)
    return told


@given(orders, times)
def test_no_report_has_a_null_or_a_member_or_word_that_the_model_lacks(
    order: Order, time: Nanos
) -> None:
    """One generated client refuses a null, another an unknown member, both an unknown word."""
    fits(contract.REPORT, codec.encode_report(order, DEFAULT))
    fits(contract.HISTORY, encode_change(Change(time, order)))


@given(st.lists(balances, max_size=3), st.lists(positions, max_size=3))
def test_nor_has_what_is_told_of_money_and_positions(
    held: list[Balance], open_ones: list[Position]
) -> None:
    """An exchange that does not answer has no `data`, which is not the same as a null."""
    name, down = ExchangeId("KRAKEN"), ExchangeId("KRAKENFTS")
    told = fits(
        contract.items(contract.BALANCE),
        codec.encode_balances([(name, held), (down, None)], DEFAULT),
    )
    fits(
        contract.items(contract.POSITION),
        codec.encode_positions([(name, open_ones), (down, None)]),
    )

    assert "data" in told[0] and "data" not in told[1]


def test_an_exchange_order_id_of_digits_is_a_string_all_the_same() -> None:
    """Some pages show a bare number; the model says string."""
    order = Order(
        account=FUTURES,
        cl_ord_id=ONE,
        terms=Terms(
            symbol="BTC",
            common_symbol="",
            side=Side.BUY,
            quantity=Decimal(1),
            price=Decimal(1),
            time_in_force=TimeInForce.GTC,
        ),
        venue_cl_ord_id="uuid",
        order_id="3456456754",
        status=Status.NEW,
    )

    assert b'"exchange_order_id":"3456456754"' in msgspec.json.encode(
        codec.encode_report(order, DEFAULT)
    )


def test_time_order_is_left_out_unless_a_client_needs_it() -> None:
    """The contract requires it and does not describe it: one client insists, another throws."""
    order = Order(
        account=FUTURES,
        cl_ord_id=ONE,
        terms=Terms(
            symbol="BTC",
            common_symbol="",
            side=Side.BUY,
            quantity=Decimal(1),
            price=Decimal(1),
            time_in_force=TimeInForce.GTC,
        ),
        venue_cl_ord_id="uuid",
        status=Status.RECEIVED,
        history=((Status.RECEIVED, Nanos(0)),),
    )
    wanted = replace(DEFAULT, with_time_order=True)

    without = json.loads(msgspec.json.encode(codec.encode_report(order, DEFAULT)))
    told = json.loads(msgspec.json.encode(codec.encode_report(order, wanted)))

    assert "time_order" not in without
    assert told["time_order"] == told["status_history"]
    assert told["status_history"] == [["RECEIVED", "1970-01-01T00:00:00.0000000Z"]]


def test_every_word_that_can_be_said_is_in_the_contract() -> None:
    """And the other way round: no status, time in force or reason is left without one."""
    assert set(contract.STATUS["enum"]) == {it.value for it in Status}
    assert set(contract.TIME_IN_FORCE["enum"]) == {it.value for it in TimeInForce}
    assert set(contract.REASON["enum"]) == {it.value for it in Reason}


async def answer(
    gateway: CoinApiEms, method: str, path: str, body: bytes = b"", **headers: str
) -> Response:
    """What a client without a key hears."""
    handler = gateway.route(method, path)
    assert handler is not None
    return await handler(
        request(
            method,
            path,
            body,
            b"",
            "::1",
            accept="application/json, appliction/json",
            **headers,
        )
    )


async def test_content_types_are_letter_by_letter_and_errors_are_one_string(scene: Scene) -> None:
    """`; charset=utf-8`, `application/problem+json` and an object of errors raise in a client."""
    gateway = CoinApiEms(scene.desk, {"key": ANN})
    asked = [
        await answer(gateway, "GET", "/v1/orders", x_coinapi_key="key"),
        await answer(gateway, "POST", "/v1/orders", b"{}", x_coinapi_key="key"),
        await answer(gateway, "GET", "/v1/orders/status/none", x_coinapi_key="key"),
        await answer(
            gateway, "POST", "/v1/orders/cancel/all", b'{"exchange_id":"X"}', x_coinapi_key="key"
        ),
    ]

    assert [it.status for it in asked] == [200, 400, 404, 490]
    assert {it.content_type for it in asked} == {JSON}
    assert isinstance(json.loads(asked[1].body)["errors"], str)


async def test_a_client_without_any_setting_for_a_key_can_be_let_in(scene: Scene) -> None:
    """The gateway's contract declares no key; a self-hosted installation asks for none."""
    closed = CoinApiEms(scene.desk, {"key": ANN})
    opened = CoinApiEms(scene.desk, {"key": ANN}, keyless=ANN)

    assert (await answer(closed, "GET", "/v1/orders", host="localhost")).status == 401
    assert (await answer(opened, "GET", "/v1/orders", host="localhost:80")).status == 200


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("10.0.0.7", {"host": "localhost"}),
        ("127.0.0.1", {"host": "evil.example"}),
        ("127.0.0.1", {"host": "localhost", "origin": "https://evil.example"}),
        ("127.0.0.1", {"host": "localhost", "x_coinapi_key": "wrong"}),
    ],
)
def test_but_no_other_machine_and_no_page_in_a_browser(peer: str, headers: dict[str, str]) -> None:
    """And a wrong key is wrong."""
    with pytest.raises(Unauthorized):
        auth.authenticate(
            request("GET", "/v1/orders", b"", b"", peer, **headers), {"key": ANN}, ANN
        )
