"""Counters that look like UUIDs."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from openvenue.engine.units import ExecId, OrderId
from openvenue.gateways.kraken_futures.ids import (
    fill_uuid,
    is_uuid,
    order_uuid,
    read_order_uuid,
    trigger_uuid,
)


@given(st.integers(0, 2**62 - 1))
def test_an_order_is_found_by_the_name_that_it_was_given(number: int) -> None:
    """In either case of letters."""
    name = order_uuid(OrderId(number))

    assert UUID(name).version == 4
    assert str(UUID(name)) == name
    assert is_uuid(name)
    assert read_order_uuid(name) == number
    assert read_order_uuid(name.upper()) == number
    assert fill_uuid(ExecId(number)) != name


@given(st.uuids())
def test_names_that_others_made_up_are_nobodys(name: UUID) -> None:
    """Fifty-eight bits of a name are made from the rest."""
    assert read_order_uuid(str(name)) is None


def test_names_look_random_and_do_not_change() -> None:
    """They are in people's logs: another build gives the same ones."""
    names = [order_uuid(OrderId(number)) for number in range(10_000)]

    assert len(set(names)) == len(names)
    assert len({name[:4] for name in names}) > 8_000
    assert names[1] == "37d48055-9686-483b-9503-e2bdaf4d4e79"
    assert fill_uuid(ExecId(1)) == "1e5317dd-afa0-4145-9283-bb0dfe125788"


def test_what_has_not_the_shape_is_none() -> None:
    """Not even what Python would read as one."""
    for text in ("", "1", "{cb4e34f6-4eb3-4d4b-9724-4c3035b99d47}", "x" * 36, " " * 36):
        assert not is_uuid(text)


def test_a_trigger_may_have_a_name_of_its_own_and_both_are_read() -> None:
    """Where what it becomes gets another one."""
    assert trigger_uuid(OrderId(7)) != order_uuid(OrderId(7))
    assert read_order_uuid(trigger_uuid(OrderId(7))) == 7
    assert read_order_uuid(order_uuid(OrderId(7))) == 7
