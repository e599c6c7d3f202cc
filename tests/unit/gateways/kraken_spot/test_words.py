"""Ids, numbers, times and words: what crosses the wire, and comes back the same."""

import re
from contextlib import suppress
from decimal import Decimal
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from openvenue.engine.reasons import CancelReason, RejectReason
from openvenue.engine.units import SECOND, ExecId, Nanos, OrderId
from openvenue.gateways.kraken_spot import errors
from openvenue.gateways.kraken_spot.frames import (
    ADD_ORDER,
    CHANNELS,
    NONE,
    READ_ADD_ORDER,
    SUBSCRIPTION,
    AddOrder,
    Subscription,
    read,
)
from openvenue.gateways.kraken_spot.ids import (
    deposit_text,
    ledger_text,
    order_text,
    read_order,
    trade_text,
)
from openvenue.gateways.kraken_spot.limits import Counters
from openvenue.gateways.kraken_spot.times import (
    micros,
    read_time,
    rfc1123,
    seconds,
    up_to_second,
    whole_second,
)
from openvenue.gateways.numbers import Places, half_up
from openvenue.gateways.wire import WireError

SHAPE: Final = re.compile("[OTL][A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{6}")


@given(st.integers(1, 2**62 - 1))
def test_an_order_is_found_by_its_name(number: int) -> None:
    """Whatever its number, and after any restart: nothing is remembered for it."""
    name = order_text(OrderId(number))

    assert SHAPE.fullmatch(name) and name.startswith("O")
    assert read_order(name) == number


@given(st.from_regex(SHAPE, fullmatch=True))
def test_a_name_that_was_never_given_out_is_known_as_such(name: str) -> None:
    """Sixteen of its bits are made from the others, so guessing does not get far."""
    number = read_order(name)
    assert number is None or order_text(number) == name


@pytest.mark.parametrize("name", ["", "O", "nonsense", "OAAAAA-BBBBB-CCCCC", "oaaaaa-bbbbb-cccccc"])
def test_what_has_another_shape_names_no_order(name: str) -> None:
    """It is refused without being worked out."""
    assert read_order(name) is None


def test_names_of_one_number_differ_by_what_they_name() -> None:
    """Each side of a trade has a name of its own, and two entries in the ledger."""
    names = [order_text(OrderId(7)), deposit_text(7)]
    names += [trade_text(ExecId(7), is_maker) for is_maker in (True, False)]
    names += [ledger_text(ExecId(7), m, q) for m in (True, False) for q in (True, False)]

    assert len(set(names)) == len(names)
    assert all(SHAPE.fullmatch(name) for name in names)


@given(st.integers(-(10**15), 10**15), st.integers(0, 10))
def test_numbers_have_all_their_places(units: int, places: int) -> None:
    """The text is the number, with its zeros."""
    text = Places(Decimal(1).scaleb(-places), places).text(units)

    assert Decimal(text) == Decimal(units).scaleb(-places)
    assert len(text.partition(".")[2]) == places


def test_places_that_are_not_shown_are_cut_off() -> None:
    """Towards zero: nobody is shown more than they have, nor a larger debt."""
    places = Places(Decimal("0.00001"), 2)

    assert [places.text(it) for it in (1_999, -1_999, 1_000)] == ["0.01", "-0.01", "0.01"]
    assert places.zero == "0.00"
    assert Places(Decimal("0.5"), 1).text(3) == "1.5"
    assert Places(Decimal(10), 0).text(3) == "30"
    assert [half_up(it, 2) for it in (1, 2, 3)] == [1, 1, 2]


def test_every_refusal_and_every_end_has_its_words() -> None:
    """None is left without."""
    assert set(errors.REFUSED) == set(RejectReason)
    assert set(errors.ENDED) == set(CancelReason)
    assert all(re.match("E[A-Z][A-Za-z]+:", word) for word in errors.REFUSED.values())
    assert errors.reason_of(None, None) is None
    assert (
        errors.reason_of(CancelReason.TRIGGER_REFUSED, RejectReason.INSUFFICIENT_FUNDS)
        == "EOrder:Insufficient funds"
    )


def test_times_are_told_in_every_form_and_read_back() -> None:
    """UTC throughout, whatever the machine thinks of the language of months."""
    moment = Nanos(1_762_820_224 * SECOND + 123_456_789)

    assert micros(moment) == "2025-11-11T00:17:04.123456Z"
    assert whole_second(up_to_second(moment)) == "2025-11-11T00:17:05Z"
    assert seconds(moment) == "1762820224.1234"
    assert rfc1123(moment) == "Tue, 11 Nov 25 00:17:04 +0000"
    assert read_time("2025-11-11T00:17:04.123456789Z") == moment
    assert read_time("2025-11-11T01:17:04+01:00") == moment // SECOND * SECOND
    assert [read_time(it) for it in ("", "2025-11-11", "2025-13-11T00:00:00Z")] == [None] * 3


def test_the_shape_of_a_request_and_its_types_name_the_same_members() -> None:
    """What is read and what is explained are written twice, and must agree."""
    assert set(ADD_ORDER) == set(AddOrder.__struct_fields__)
    assert set(SUBSCRIPTION) == set(Subscription.__struct_fields__)
    assert all(set(names) <= set(SUBSCRIPTION) for names in CHANNELS.values())


def test_what_is_not_there_is_one_object() -> None:
    """So that asking for it costs nothing on the way of every order."""
    assert READ_ADD_ORDER.decode(b"{}").limit_price is NONE
    assert READ_ADD_ORDER.decode(b"{}").triggers is None


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_params_of_any_kind_are_read_or_refused_in_words(data: bytes) -> None:
    """Nothing that a client sends is a fault of ours."""
    with suppress(WireError):
        read(Raw(data), READ_ADD_ORDER, ADD_ORDER, "add_order")


def test_a_counter_gives_back_half_a_point_a_second() -> None:
    """Asking in vain counts too, up to a bound."""
    counters = Counters("production")
    now = 0

    assert [counters.allows("key", 1, Nanos(now)) for _ in range(21)] == [True] * 20 + [False]
    assert counters.allows("other", 1, Nanos(now))
    for _ in range(100):
        counters.allows("key", 1, Nanos(now))
    assert not counters.allows("key", 1, Nanos(41 * SECOND))
    assert counters.allows("key", 1, Nanos(44 * SECOND))
    assert all(Counters("off").allows("key", 9, Nanos(0)) for _ in range(50))
